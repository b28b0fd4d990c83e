"""The visits from all networks of one AS, as far as their evidence tells who announces a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrichment.models import Identification
from tracker.models import Visit


def read_asn(evidence: Iterable[Mapping[str, Any]]) -> int:
    """The AS number that the evidence of a visit names; 0 when it names none."""
    return next((int(row["asn"]) for row in evidence if row.get("asn")), 0)


def find_networks(session: Session, asn: int) -> frozenset[str]:
    """The networks of the AS that visits came from, by the first and the latest visit of each."""
    latest = select(func.max(Identification.visit_id)).group_by(Identification.network)
    first = select(func.min(Identification.visit_id)).group_by(Identification.network)
    rows = session.execute(
        select(Identification.network, Identification.evidence).where(
            Identification.visit_id.in_(latest.union(first)), Identification.network != ""
        )
    )
    return frozenset(network for network, evidence in rows if read_asn(evidence) == asn)


def find_visits_of(session: Session, asn: int) -> list[int]:
    """The visits from networks of the AS; not those whose address was forgotten, which are final."""
    wanted = find_networks(session, asn)
    if not wanted:
        return []
    rows = session.execute(
        select(Identification.visit_id, Identification.network)
        .join(Visit, Visit.id == Identification.visit_id)
        .where(Identification.network != "", Visit.address != "")
    )
    # One pass over them all: an AS may have more networks than fit into one question.
    return [visit_id for visit_id, network in rows if network in wanted]
