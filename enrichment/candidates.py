"""Domains that an organisation of a name could have. Good for matching known companies, never asserted."""

from __future__ import annotations

import re
from functools import lru_cache

from enrichment.classify import organisation_key

LIMIT = 8
_COUNTRY_ENDINGS = {
    "AU": "com.au",
    "BR": "com.br",
    "GB": "co.uk",
    "JP": "co.jp",
    "KR": "co.kr",
    "MX": "com.mx",
    "NZ": "co.nz",
    "TR": "com.tr",
    "ZA": "co.za",
}
_HANDLE_ENDS = re.compile(r"^(as|asn|[a-z]{2})[-_]|[-_](as|asn|net)\d*$")
_NOT_LETTERS = re.compile(r"[^a-z0-9-]+")


@lru_cache(maxsize=10_000)
def candidate_domains(name: str, country: str = "", handle: str = "") -> tuple[str, ...]:
    """Up to eight domains from the words of the name, its country and its network's handle, likely first."""
    words = organisation_key(name).split()
    if not words:
        return ()
    local = _COUNTRY_ENDINGS.get(country, country.lower())
    stems = _stems(words, handle)
    domains = [f"{stem}.{ending}" for stem in stems for ending in ("com", local) if ending]
    return tuple(dict.fromkeys(domains))[:LIMIT]


def _stems(words: list[str], handle: str) -> list[str]:
    """ "alfa laval" gives alfalaval, alfa-laval, alfa and al; the handle often holds a brand."""
    stems = ["".join(words), words[0], _handle_stem(handle), "-".join(words)]
    if len(words) > 1:
        stems.append("".join(word[0] for word in words))
    return [stem for stem in dict.fromkeys(stems) if len(stem) > 1]


def _handle_stem(handle: str) -> str:
    stem = _HANDLE_ENDS.sub("", _HANDLE_ENDS.sub("", handle.lower()))
    return _NOT_LETTERS.sub("", stem).strip("-")
