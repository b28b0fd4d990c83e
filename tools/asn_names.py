"""Names of AS holders out of what registries and routing tables make of them."""

from __future__ import annotations

import re


def clean_name(name: str, handle: str) -> str:
    """The name without the handle that some registries put in front of it ("SAP_SCI SAP SE")."""
    before, dash, after = name.partition(" - ")
    if dash and (before == after or (" " not in before and before == before.upper())):
        return after
    first, _, rest = name.partition(" ")
    if not rest or letters(first) != letters(handle):
        return name
    is_odd = "_" in first or first.islower() or first.upper().endswith(("-AS", "-ASN"))
    is_repeated = letters(rest)[:3] == letters(first)[:3] and first != rest.partition(" ")[0]
    return rest.removeprefix("- ") if is_odd or is_repeated else name


def short_handle(name: str, handle: str) -> str:
    """The handle if it tells more than the name does, else empty; most of them only repeat it."""
    core = letters(handle).removesuffix("as").removesuffix("asn")
    return "" if not core or letters(name).find(core) >= 0 else handle


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
