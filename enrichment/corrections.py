"""The correction book: a seller's word on a network, which holds for past and future visits alike.

A correction becomes an override, so that the next visit follows it, and lets the past visits of its
network be identified anew. Taking it back puts in place again what it replaced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from enrichment.as_reach import find_visits_of
from enrichment.kinds import Kind
from enrichment.models import Contact, Correction, NetworkOverride, Proof, VisitorContact
from enrichment.providers.address import Address, parse_address
from enrichment.providers.overrides import OverrideError, parse_network
from tracker.db import work_lock
from tracker.models import Site, Visit
from tracker.settings import Network

CHUNK = 500


class Verdict(StrEnum):
    """What a network turned out to be."""

    COMPANY = "company"
    PROVIDER = "provider"
    US = "us"


# What the override of each verdict says. Our own people are nobody to sell to, so they are never named.
KINDS = {Verdict.COMPANY: Kind.COMPANY, Verdict.PROVIDER: Kind.ISP, Verdict.US: Kind.RESERVED}
REASONS = {
    Verdict.COMPANY: "a seller corrected the company",
    Verdict.PROVIDER: "a seller says it is a provider",
    Verdict.US: "a seller says it is our own staff",
}


# How the notes of corrections begin by which a seller said that a name was right.
CONFIRMED = "a seller says that it is right"
CONFIRMED_DOMAIN = "a seller confirmed the domain"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A correction to be made. `organisation` and `domain` count for the verdict company only."""

    network: str
    verdict: Verdict
    organisation: str = ""
    domain: str = ""
    note: str = ""
    signer: str = ""


def parse_cidr(text: str) -> Network:
    """The network of a correction. Raises OverrideError, also for AS numbers."""
    found = parse_network(text)
    if isinstance(found, int):
        raise OverrideError(f"{text!r} is an AS number, and no network such as 192.0.2.0/24")
    return found


def parse_reach(text: str) -> Network | int:
    """What a correction reaches: a network, or all networks of an AS by its number. Raises OverrideError."""
    found = parse_network(text)
    if isinstance(found, int) and not 0 < found < 1 << 32:
        raise OverrideError(f"{text!r} is no AS number; write one such as AS3301")
    return found


def write_reach(reach: Network | int) -> str:
    """As `Correction.network` keeps it."""
    return f"AS{reach}" if isinstance(reach, int) else str(reach)


def correct(session: Session, wanted: Wanted, now: datetime, made_by: str) -> Correction:
    """Makes the correction; the worker identifies the network's past visits anew within a second or two.

    Raises OverrideError when the network cannot be read, and ValueError when a company has no name.
    """
    reach = parse_reach(wanted.network)
    network = write_reach(reach)
    if wanted.verdict is Verdict.US and isinstance(reach, int):
        raise OverrideError("our own staff have networks; an AS number is too wide")
    if wanted.verdict is Verdict.COMPANY and not (wanted.organisation or wanted.domain):
        raise ValueError("the correction names no company; write its name")
    # A worker in the middle of identifying would not see it, and then say that it had.
    work_lock(session)
    row = Correction(
        network=network,
        verdict=wanted.verdict,
        organisation=wanted.organisation if wanted.verdict is Verdict.COMPANY else "",
        domain=wanted.domain if wanted.verdict is Verdict.COMPANY else "",
        note=wanted.note,
        replaced=_take_override(session, network),
        site_ids=_add_staff(session, network) if wanted.verdict is Verdict.US else [],
        signer=wanted.signer,
        made_by=made_by,
        made_at=now,
    )
    session.add_all([row, _override_of(row)])
    _supersede(session, row)
    session.flush()
    identify_anew(session, network)
    return row


def undo(session: Session, row: Correction, now: datetime, undone_by: str) -> bool:
    """Takes a correction back; False when that was done before."""
    if row.undone_at is not None:
        return False
    work_lock(session)
    row.undone_at, row.undone_by = now, undone_by
    _take_override(session, row.network)
    if row.replaced:
        session.add(NetworkOverride(network=row.network, created_at=now, **row.replaced))
    _remove_staff(session, row)
    session.flush()
    identify_anew(session, row.network)
    return True


def active_corrections(session: Session) -> Sequence[Correction]:
    """Those that hold, the newest first."""
    return session.scalars(
        select(Correction).where(Correction.undone_at.is_(None)).order_by(Correction.id.desc())
    ).all()


def find_correction(rows: Iterable[Correction], address: str, asn: int = 0) -> Correction | None:
    """The one of these that decides about an address: the longest network's, else that of its AS."""
    try:
        wanted = parse_address(address)
    except ValueError:
        return None
    reached = [(_prefix_over(parse_reach(row.network), wanted, asn), row) for row in rows]
    covering = [one for one in reached if one[0] >= 0]
    return max(covering, key=lambda one: one[0])[1] if covering else None


def _prefix_over(reach: Network | int, address: Address, asn: int) -> int:
    """The length of the network over the address, -1 where it does not reach it; an AS is wider than all."""
    if isinstance(reach, int):
        return 0 if reach == asn else -1
    return reach.prefixlen + 1 if address in reach else -1


def find_visits(session: Session, network: str) -> tuple[int, ...]:
    """The past visits that a correction of the network changes.

    Visits of someone who was proved to be a contact of a company follow that proof, so they are left out.
    """
    reach = parse_reach(network)
    if isinstance(reach, int):
        return tuple(_without_proved(session, Visit.id, find_visits_of(session, reach)))
    return tuple(_without_proved(session, Visit.address, _addresses_inside(session, reach)))


def _without_proved(session: Session, column: Any, values: Sequence[Any]) -> list[int]:
    found: list[int] = []
    for start in range(0, len(values), CHUNK):
        here = column.in_(values[start : start + CHUNK])
        found += session.scalars(select(Visit.id).where(here, Visit.visitor_id.not_in(_proved())))
    return found


def identify_anew(session: Session, network: str) -> int:
    """Lets the network's past visits be identified again; how many."""
    visits = find_visits(session, network)
    for start in range(0, len(visits), CHUNK):
        chunk = visits[start : start + CHUNK]
        session.execute(update(Visit).where(Visit.id.in_(chunk)).values(identified_at=None))
    return len(visits)


def _proved() -> Any:
    return (
        select(VisitorContact.visitor_id)
        .join(Contact, Contact.id == VisitorContact.contact_id)
        .where(VisitorContact.proof == Proof.PROVED, Contact.company_id.is_not(None))
    )


def _addresses_inside(session: Session, network: Network) -> list[str]:
    candidates = session.scalars(select(Visit.address).where(_may_be_inside(network)).distinct())
    return [text for text in candidates if _is_inside(text, network)]


def _may_be_inside(network: Network) -> ColumnElement[bool]:
    """What the database can say of texts; the rest is decided address by address."""
    in_ipv6 = Visit.address.like("%:%")
    if network.version == 6:
        return in_ipv6
    octets = str(network.network_address).split(".")[: network.prefixlen // 8]
    start = ".".join(octets)
    bare = Visit.address == start if len(octets) == 4 else Visit.address.like(f"{start}.%")
    # An IPv4 address may stand inside an IPv6 one.
    return or_(bare if octets else Visit.address.like("%.%"), in_ipv6)


def _is_inside(text: str, network: Network) -> bool:
    try:
        return parse_address(text) in network
    except ValueError:
        return False


def _take_override(session: Session, network: str) -> dict[str, Any]:
    """Removes the override of exactly this network; what it said."""
    found = session.scalar(select(NetworkOverride).where(NetworkOverride.network == network))
    if found is None:
        return {}
    session.delete(found)
    session.flush()
    return {
        "kind": found.kind,
        "organisation": found.organisation,
        "domain": found.domain,
        "reason": found.reason,
        "created_by": found.created_by,
    }


def _override_of(row: Correction) -> NetworkOverride:
    verdict = Verdict(row.verdict)
    return NetworkOverride(
        network=row.network,
        kind=KINDS[verdict],
        organisation=row.organisation,
        domain=row.domain,
        reason=row.note or REASONS[verdict],
        created_by=row.made_by,
        created_at=row.made_at,
    )


def _supersede(session: Session, row: Correction) -> None:
    """An older correction of the same network holds no more; the new one knows what to put back."""
    for older in session.scalars(
        select(Correction).where(Correction.network == row.network, Correction.undone_at.is_(None))
    ):
        if older is not row:
            older.undone_at, older.undone_by = row.made_at, row.made_by
            _remove_staff(session, older, keep=row.site_ids)


def _add_staff(session: Session, network: str) -> list[int]:
    """Counts the network as staff on every site where it is not yet; those sites."""
    added = []
    for site in session.scalars(select(Site).order_by(Site.id)):
        if network not in site.staff_networks:
            site.staff_networks = [*site.staff_networks, network]
            added.append(site.id)
    return added


def _remove_staff(session: Session, row: Correction, keep: Sequence[int] = ()) -> None:
    for site in session.scalars(select(Site).where(Site.id.in_(row.site_ids))):
        if site.id not in keep:
            site.staff_networks = [text for text in site.staff_networks if text != row.network]
