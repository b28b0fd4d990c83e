"""ipdata (https://docs.ipdata.co). Its key stands in the address; that is never logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.vendors.base import (
    SURE,
    Answer,
    AuthError,
    HttpVendor,
    Quota,
    dig,
    make_found,
    read_kind,
    text_at,
)
from tracker.outbound import Reply

_FLAGS = (
    ("is_tor", Kind.TOR),
    ("is_vpn", Kind.VPN),
    ("is_proxy", Kind.VPN),
    ("is_datacenter", Kind.HOSTING),
)


class Ipdata(HttpVendor):
    kind = "ipdata"
    label = "ipdata"
    url = "https://api.ipdata.co/{ip}"
    key_help = "An API key; the free plan answers 1,500 times a day."

    def headers(self) -> dict[str, str]:
        return {}

    def place(self, address: Address) -> str:
        return f"{super().place(address)}?api-key={quote(self.key, safe='')}"

    def understand(self, reply: Reply) -> Answer:
        """A 403 stands for a wrong key and for a quota that is used up; its sentence tells which."""
        answer = super().understand(reply)
        if isinstance(answer, AuthError) and reply.status == 403 and "quota" in answer.reason.casefold():
            return Quota(answer.reason)
        return answer

    def read(self, data: Mapping[str, Any]) -> Answer:
        company, asn = dig(data, "company"), dig(data, "asn")
        flagged = next((kind for flag, kind in _FLAGS if dig(data, "threat", flag) is True), None)
        kind = flagged or read_kind(text_at(company, "type") or text_at(asn, "type"))
        return make_found(
            kind,
            text_at(company, "name") or text_at(asn, "name"),
            text_at(company, "domain") or text_at(asn, "domain"),
            SURE,
            network=text_at(company, "network") or text_at(asn, "route"),
            country=text_at(data, "country_code", most=2),
        )
