"""What visitors and the website's own servers have said of who a visitor is, beside the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.combine import agree, find_decisive
from enrichment.contacts import company_domain, normal_email
from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.models import Company, Contact, Proof, VisitorCompany, VisitorContact
from enrichment.providers.base import Evidence
from tracker.models import Action, Visit

PROVED_WEIGHT = 0.95
# A server says what its user typed: a domain is seldom mistaken, a name may be anybody's.
SAID_DOMAIN_WEIGHT = 0.8
SAID_NAME_WEIGHT = 0.7
# Anybody may type any address into a form.
TYPED_WEIGHT = 0.6


@dataclass(frozen=True, slots=True)
class FirstParty:
    """The rows on one visitor: what is sure enough to stand first, and what was only typed."""

    sure: tuple[Evidence, ...] = ()
    typed: Evidence | None = None

    def beside(self, by_address: Sequence[Evidence]) -> tuple[Evidence, ...]:
        """All rows in their order. What was typed names somebody only where nothing else does.

        It supports a name it agrees with, and is left out where it does not: large companies have many
        domains, and a typed one is no proof against what is known of a network.
        """
        rows = (*self.sure, *by_address)
        decisive = find_decisive(rows)
        if self.typed is None or (decisive is not None and decisive.kind in NEVER_NAMED):
            return rows
        if decisive is not None and decisive.kind in ORGANISATIONS:
            return (*rows, self.typed) if agree(decisive, self.typed) else rows
        # An admin's word that nobody is to be named stays the first.
        first = tuple(row for row in rows if row.basis == "admin")
        return (*first, self.typed, *(row for row in rows if row.basis != "admin"))


def open_first_party(session: Session, visitor_ids: Sequence[int]) -> dict[int, FirstParty]:
    """By visitor, those of whom something is known."""
    proofs, said = _proofs(session, visitor_ids), _said(session, visitor_ids)
    typed = _typed(session, [id for id in visitor_ids if id not in proofs])
    known = proofs.keys() | said.keys() | typed.keys()
    both = {id: (proofs.get(id), said.get(id)) for id in known}
    return {id: FirstParty(tuple(row for row in both[id] if row), typed.get(id)) for id in known}


def _said(session: Session, visitor_ids: Sequence[int]) -> dict[int, Evidence]:
    """By visitor: the company that a server with a secret key said they belong to."""
    rows = session.scalars(select(VisitorCompany).where(VisitorCompany.visitor_id.in_(visitor_ids)))
    return {row.visitor_id: _said_evidence(row.name, row.domain, row.said_at) for row in rows}


def _said_evidence(name: str, domain: str, at: datetime) -> Evidence:
    return Evidence(
        source="group call",
        basis="claim",
        kind=Kind.COMPANY,
        weight=SAID_DOMAIN_WEIGHT if domain else SAID_NAME_WEIGHT,
        why=f"one of your servers said that the visitor belongs to {name or domain}",
        data_date=at.date().isoformat(),
        organisation=name,
        domains=(domain,) if domain else (),
    )


def _proofs(session: Session, visitor_ids: Sequence[int]) -> dict[int, Evidence]:
    """By visitor: the company of the contact they were last proved to be."""
    rows = session.execute(
        select(VisitorContact.visitor_id, Company.name, Company.domain, Company.kind, Company.country)
        .add_columns(VisitorContact.linked_at)
        .join(Contact, Contact.id == VisitorContact.contact_id)
        .join(Company, Company.id == Contact.company_id)
        .where(VisitorContact.visitor_id.in_(visitor_ids), VisitorContact.proof == Proof.PROVED)
        .order_by(VisitorContact.linked_at, VisitorContact.id)
    )
    return {row[0]: _proof(*row[1:]) for row in rows}


def _proof(name: str, domain: str | None, kind: str, country: str, at: datetime) -> Evidence:
    return Evidence(
        source="proved contact",
        basis="first party",
        kind=Kind(kind) if kind in set(ORGANISATIONS) else Kind.COMPANY,
        weight=PROVED_WEIGHT,
        why=f"the visitor was proved to be a contact at {domain or name}",
        data_date=at.date().isoformat(),
        organisation=name,
        domains=(domain,) if domain else (),
        country=country,
    )


def _typed(session: Session, visitor_ids: Sequence[int]) -> dict[int, Evidence]:
    """By visitor: the company of the e-mail address they last wrote in a form."""
    rows = session.execute(
        select(Visit.visitor_id, Action.props, Action.seen_at)
        .join(Visit, Visit.id == Action.visit_id)
        .where(Visit.visitor_id.in_(visitor_ids), Action.name == "form")
        .order_by(Action.id)
    )
    typed = {id: (domain, at) for id, props, at in rows if (domain := _domain_of(props))}
    named = select(Company.domain, Company.name).where(Company.domain.in_({one[0] for one in typed.values()}))
    names = {domain: name for domain, name in session.execute(named)}  # noqa: C416 - rows are no pairs to mypy
    return {id: _typed_evidence(domain, names.get(domain, ""), at) for id, (domain, at) in typed.items()}


def _domain_of(props: Mapping[str, Any]) -> str:
    form = props.get("form")
    email = form.get("email") if isinstance(form, dict) else None
    return company_domain(email) or "" if isinstance(email, str) and normal_email(email) else ""


def _typed_evidence(domain: str, name: str, at: datetime) -> Evidence:
    return Evidence(
        source="form e-mail",
        basis="typed",
        kind=Kind.COMPANY,
        weight=TYPED_WEIGHT,
        why=f"the visitor wrote an e-mail address at {domain} in a form",
        data_date=at.date().isoformat(),
        organisation=name or domain,
        domains=(domain,),
    )
