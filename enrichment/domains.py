"""The domain of a company that no source asserts: offered, confirmed by a person, remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enrichment.candidates import candidate_domains
from enrichment.companies import find_company
from enrichment.corrections import CONFIRMED_DOMAIN, Verdict, Wanted, correct
from enrichment.domain_names import is_free_mail, registered_domain
from enrichment.kinds import Kind
from enrichment.models import Company, TargetListEntry
from tracker.db import work_lock

# Sources that know whose the network itself is; another company's line may be in the rows of all others.
OWN_NETWORK = frozenset({"reviewed networks", "routing table"})


class DomainTaken(ValueError):
    """The domain is another company's; the two may be one."""

    def __init__(self, other: Company) -> None:
        super().__init__(f"{other.domain} is the domain of {other.name}")
        self.other = other


def offer_domains(
    session: Session, company: Company, evidence: Iterable[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Domains it could have, those that somebody here already named first; none when it has one."""
    if company.domain:
        return ()
    handle = next((str(row["handle"]) for row in evidence if row.get("handle")), "")
    offers = candidate_domains(company.name, company.country, handle)
    known = set(session.scalars(select(Company.domain).where(Company.domain.in_(offers))))
    known |= set(session.scalars(select(TargetListEntry.domain).where(TargetListEntry.domain.in_(offers))))
    return tuple(sorted(offers, key=lambda domain: domain not in known))


def confirm_domain(
    session: Session,
    company: Company,
    domain: str,
    evidence: Iterable[Mapping[str, Any]],
    now: datetime,
    by: str,
) -> str:
    """Gives the company its domain, and its network's correction where it has one of its own; the domain.

    Raises DomainTaken when another company has it, and ValueError when it is nobody's own.
    """
    found = registered_domain(domain)
    if found is None or is_free_mail(found):
        raise ValueError("write a domain of the company's own, such as scania.com")
    # Before anything is written that the worker may write, too: it must not wait for us while we wait for it.
    work_lock(session)
    other = find_company(session, found)
    if other is not None and other.id != company.id:
        raise DomainTaken(other)
    # One that was merged into it may hold the domain.
    merged = update(Company).where(Company.merged_into_id == company.id, Company.domain == found)
    session.execute(merged.values(domain=None))
    company.domain = found
    session.flush()
    network = find_own_network(evidence)
    if network and company.kind == Kind.COMPANY:
        correct(session, Wanted(network, Verdict.COMPANY, company.name, found, CONFIRMED_DOMAIN), now, by)
    return found


def find_own_network(evidence: Iterable[Mapping[str, Any]]) -> str:
    """The network that the evidence calls the company's own; empty when it came over somebody else's."""
    return next(
        (
            str(row.get("network") or "")
            for row in evidence
            if row.get("source") in OWN_NETWORK and row.get("kind") == Kind.COMPANY
        ),
        "",
    )
