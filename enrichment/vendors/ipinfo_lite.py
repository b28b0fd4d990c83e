"""IPinfo Lite: the holder of the AS and its domain (https://ipinfo.io/developers/lite-api).

It knows networks, not their customers, so the holder's name passes our own classifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enrichment.classify import classify_name
from enrichment.vendors.base import FUZZY, Answer, HttpVendor, NotFound, make_found, text_at


class IpinfoLite(HttpVendor):
    kind = "ipinfo_lite"
    label = "IPinfo Lite"
    url = "https://api.ipinfo.io/lite/{ip}"
    key_help = "The access token of your IPinfo account."

    def read(self, data: Mapping[str, Any]) -> Answer:
        name, country = text_at(data, "as_name"), text_at(data, "country_code", most=2)
        if not name:
            return NotFound()
        judged = classify_name(name, "", country)
        weight = min(judged.weight, FUZZY)
        return make_found(judged.kind, name, text_at(data, "as_domain"), weight, country=country)
