"""Names of AS holders out of what registries and routing tables make of them."""

from __future__ import annotations

import re

# What stands in the routing data where a registry gave no name.
NO_NAME = "IDDQD"
# Alone these are no name: "manitu GmbH" is not a handle and a name, but a name.
_FORMS = frozenset(
    "ab ag as aps bv ca corp da fzco gmbh inc kg limited llc ltd ltda nv oy sa sas sl spa srl sro".split()
)


def clean_name(name: str, handle: str) -> str:
    """The name without the handle that some registries put in front of it ("SAP_SCI SAP SE")."""
    before, dash, after = name.partition(" - ")
    if dash and after == NO_NAME:
        return before
    if dash and (before == after or (" " not in before and before == before.upper())):
        return name if letters(after) in _FORMS else after
    first, _, rest = name.partition(" ")
    if not rest or letters(first) != letters(handle) or letters(rest) in _FORMS:
        return name
    is_word = first.islower() and first.isalpha() and rest[0].islower()
    is_odd = "_" in first or first.islower() or first.upper().endswith(("-AS", "-ASN"))
    is_repeated = letters(rest)[:3] == letters(first)[:3] and first != rest.partition(" ")[0]
    return rest.removeprefix("- ") if (is_odd and not is_word) or is_repeated else name


def short_handle(name: str, handle: str) -> str:
    """The handle if it tells more than the name does, else empty; most of them only repeat it."""
    core = letters(handle).removesuffix("as").removesuffix("asn")
    return "" if not core or letters(name).find(core) >= 0 else handle


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())
