"""What a registry's answer about a network (RFC 9083, "ip network") says of who uses it.

Each registry writes the customer's name elsewhere. Names of persons are never read: a free text counts
only when it reads as an organisation, a contact card only when it says that it is an organisation's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from enrichment.classify import classify_name
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.providers.address import Address
from enrichment.text import clean_text
from enrichment.vendors.base import Answer, NotFound, dig, make_found, text_at

WEIGHT = 0.6
# "Allocated" is what a provider got to hand on; only what is assigned is used by who holds it.
_ASSIGNED = re.compile(r"\b(re)?assign(ed|ment)\b|\blegacy\b", re.IGNORECASE)
_HANDLE = re.compile(r"^[A-Z0-9]+(-[A-Z0-9]+)+$")
_PRIVATE = re.compile(r"\bprivate (customer|residence|address|person)\b|\bredacted\b", re.IGNORECASE)
# RIPE's assignments out of a provider's space that are wider than this are the provider's own.
_WIDEST_ASSIGNED_PA = 21


def read_network(data: Mapping[str, Any], address: Address) -> Answer:
    """Who uses the network; NotFound where the answer names no organisation, or only a provider's block."""
    network = find_network(data, address)
    if network is None or not _is_assigned(data, network):
        return NotFound()
    country = text_at(data, "country", most=2).upper()
    name = _find_name(data, country)
    if not name:
        return NotFound()
    kind = classify_name(name, "", country).kind
    kind = kind if kind in ORGANISATIONS else Kind.COMPANY
    return make_found(kind, name, "", WEIGHT, network=str(network), country=country)


def find_network(
    data: Mapping[str, Any], address: Address
) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The network around the address that the answer is about."""
    try:
        first = ipaddress.ip_address(text_at(data, "startAddress").partition("/")[0])
        last = ipaddress.ip_address(text_at(data, "endAddress").partition("/")[0])
        # Some ranges are no single network: the part around the address is the one that counts.
        parts = ipaddress.summarize_address_range(first, last)
        return next((part for part in parts if address in part), None)
    except (ValueError, TypeError):
        return None


def _is_assigned(data: Mapping[str, Any], network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    word = text_at(data, "type")
    if not _ASSIGNED.search(word):
        return False
    return "PA" not in word.split() or network.prefixlen > _WIDEST_ASSIGNED_PA


def _find_name(data: Mapping[str, Any], country: str) -> str:
    """The customer's name, from where the responsible registry writes it; empty when it is nobody's."""
    registry = text_at(data, "port43")
    cards = _organisation_cards(data)
    if "arin" in registry and "afrinic" not in registry:
        # Without a parent the block is the holder's own, and the table of routes knows it already.
        return next(cards, "") if text_at(data, "parentHandle") else ""
    if "lacnic" in registry or "registro.br" in registry:
        return next(cards, "") or _as_organisation(text_at(data, "name"), country)
    described = (_as_organisation(line, country) for line in _descriptions(data))
    return next((line for line in described if line), "")


def _descriptions(data: Mapping[str, Any]) -> Iterator[str]:
    """The first lines of remarks that describe the network: who has it, before where they are."""
    for remark in _list(data.get("remarks")):
        title = text_at(remark, "title").casefold()
        if title in ("", "description"):
            lines = [line for line in _list(dig(remark, "description")) if isinstance(line, str)]
            yield from (clean_text(line)[:200] for line in lines[:2])


def _as_organisation(line: str, country: str) -> str:
    """The line where it reads as an organisation's name; a person's name, an address, a handle do not."""
    if not line or _HANDLE.match(line) or _PRIVATE.search(line):
        return ""
    return line if classify_name(line, "", country).kind in ORGANISATIONS else ""


def _organisation_cards(data: Mapping[str, Any]) -> Iterator[str]:
    """Names on the cards of registrants that are organisations."""
    for entity in _list(data.get("entities")):
        if "registrant" not in _list(dig(entity, "roles")):
            continue
        card = _card(entity)
        name = card.get("fn", "")
        if card.get("kind") == "org" and name and not _HANDLE.match(name) and not _PRIVATE.search(name):
            yield name


def _card(entity: Any) -> dict[str, str]:
    """The texts of a contact card (RFC 7095) by their names."""
    card = dig(entity, "vcardArray")
    rows = card[1] if isinstance(card, list) and len(card) > 1 else []
    return {
        row[0]: clean_text(row[3])[:200]
        for row in _list(rows)
        if isinstance(row, list) and len(row) > 3 and isinstance(row[0], str) and isinstance(row[3], str)
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
