"""How evidence adds up: agreement raises a confidence, conflict and crowds lower it.

Pure. The decisive row is the first, in the order of the chain, that knows what the address is. Of the others

* one for it, on data of its own, raises: two of a and b make 1 - (1 - a)(1 - b), at most 0.97;
* one against it, on data of its own, lowers: the result is multiplied by 1 - w/3 for a row of weight w;
* one that says the address is shared lowers by its own doubt d: multiplied by 1 - d.

An admin's word and a visitor's own proof are not lowered: they speak of more than the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from enrichment.classify import organisation_key
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.providers.base import Evidence

# However many sources agree, an address is never proof of who sits there.
AGREEMENT_CAP = 0.97
CONFLICT_SHARE = 1 / 3
CERTAIN_BASES = frozenset({"admin", "first party"})


class Stance(StrEnum):
    """What a row means for the answer."""

    FOR = "for"
    AGAINST = "against"
    NEITHER = ""


def find_decisive(evidence: Sequence[Evidence]) -> Evidence | None:
    """The first row that knows what the address is."""
    for row in evidence:
        if row.kind is not Kind.UNKNOWN:
            return row
    return None


def find_stance(decisive: Evidence | None, row: Evidence) -> Stance:
    """Whether a row speaks for the decisive one's answer, against it, or of something else."""
    if row is decisive:
        return Stance.FOR
    if row.doubt:
        return Stance.AGAINST
    if decisive is None or row.kind is Kind.UNKNOWN:
        return Stance.NEITHER
    if agree(decisive, row):
        return Stance.FOR
    return Stance.AGAINST if _contradicts(decisive, row) else Stance.NEITHER


def agree(one: Evidence, other: Evidence) -> bool:
    """Whether two rows mean the same: the same kind, and for organisations the same one."""
    if one.kind is not other.kind:
        return False
    if one.kind not in ORGANISATIONS:
        return True
    if one.domains and other.domains and set(one.domains) & set(other.domains):
        return True
    return organisation_key(one.organisation) == organisation_key(other.organisation)


def _contradicts(decisive: Evidence, row: Evidence) -> bool:
    """A customer on a provider's network is no contradiction, and neither is an employee at home."""
    if decisive.kind in ORGANISATIONS:
        return row.kind in ORGANISATIONS and decisive.basis not in CERTAIN_BASES
    return True


def combine(decisive: Evidence, evidence: Sequence[Evidence]) -> float:
    """The confidence in the decisive row, given all rows."""
    if len(evidence) == 1:
        return decisive.weight
    bases = {decisive.basis}
    left, fall = 1.0 - decisive.weight, 1.0
    for row in evidence:
        stance = find_stance(decisive, row)
        # Two views of the same data neither confirm nor contradict each other.
        if stance is Stance.NEITHER or row.basis in bases:
            continue
        bases.add(row.basis)
        if stance is Stance.FOR:
            left *= 1.0 - row.weight
        else:
            fall *= 1.0 - (row.doubt or row.weight * CONFLICT_SHARE)
    risen = decisive.weight if left == 1.0 - decisive.weight else min(1.0 - left, AGREEMENT_CAP)
    risen = max(decisive.weight, risen)
    return risen if decisive.basis in CERTAIN_BASES or decisive.kind not in ORGANISATIONS else risen * fall
