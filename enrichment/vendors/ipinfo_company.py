"""IPinfo Company: who uses a range of addresses (https://ipinfo.io/developers/data-types)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enrichment.vendors.base import SURE, Answer, HttpVendor, make_found, read_kind, text_at


class IpinfoCompany(HttpVendor):
    kind = "ipinfo_company"
    label = "IPinfo Company"
    url = "https://ipinfo.io/{ip}/company"
    key_help = "The access token of your IPinfo account."

    def read(self, data: Mapping[str, Any]) -> Answer:
        kind = read_kind(text_at(data, "type"))
        return make_found(kind, text_at(data, "name"), text_at(data, "domain"), SURE)
