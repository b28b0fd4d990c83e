"""What stands behind the visit's address."""

from __future__ import annotations

from alerts import words
from alerts.conditions.base import Check, Condition, Part, any_of, labels, phrases
from alerts.facts import Facts
from alerts.values import ChoicesKind
from enrichment.kinds import Kind as AddressKind

KIND_KEYS = tuple(kind.value for kind in AddressKind)
_kinds = labels(words.KINDS)


def _kind(facts: Facts, value: tuple[str, ...]) -> Check:
    kind = facts.visit.kind
    known = _kinds([kind], "en")[0] if kind in words.KINDS else kind
    if kind in value:
        return Check(True, f"the address is of the kind {known}")
    return Check(False, f"the address is of the kind {known}, the rule asks for {any_of(value, _kinds)}")


KIND = Condition(
    key="kind",
    label={"en": "Kind of address", "sv": "Slag av adress"},
    help="What stands behind the visit's address.",
    kind=ChoicesKind("a kind of address", KIND_KEYS),
    choices=KIND_KEYS,
    part=Part.SUBJECT,
    test=_kind,
    show=_kinds,
    phrases=phrases(
        ("at an address of the kind {}", "its address is of the kind {}"),
        ("på en adress av slaget {}", "dess adress är av slaget {}"),
    ),
)
