"""Identification of visits: the chain's answer becomes a row with its evidence, and a company if named.

A contact proved by a signed identify call says more than any address, so it wins over the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from enrichment.chain import Identified, identify_address, weigh
from enrichment.companies import find_company_by_name, find_or_make_company
from enrichment.first_party import FirstParty, open_first_party
from enrichment.fresh import decide_again, find_nameless
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.learned import Learned, open_learned
from enrichment.models import Company, Identification, TargetListEntry
from enrichment.names import Names, note_waiting, open_names
from enrichment.profile import note_vendor
from enrichment.providers import with_overrides
from enrichment.providers.base import Provider
from enrichment.providers.overrides import load_overrides
from enrichment.vendors.book import GIVE_UP_AFTER, VendorBook, open_book, with_vendors
from tracker.db import Database, work_lock
from tracker.models import Visit

BATCH = 500
# Below this an answer is kept as evidence only.
LEAST_CONFIDENCE = 0.5
NAME_LIMIT = 200
# How far back visits run again when the data was swapped.
RUN_AGAIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class WaitingVisit:
    """What identification needs to know of a visit."""

    id: int
    visitor_id: int
    address: str
    started_at: datetime
    ended_at: datetime
    site_id: int
    quiet: bool


_HAS_WAITING = select(Visit.id).where(Visit.identified_at.is_(None)).limit(1)


def identify_waiting(database: Database, providers: Sequence[Provider], now: datetime) -> int:
    """Identifies up to a batch of waiting visits, oldest first; how many."""
    with database.read() as session:
        if session.execute(_HAS_WAITING).first() is None:
            return 0
    with database.write() as session:
        work_lock(session)
        visits = _waiting_visits(session)
        asked = with_overrides(providers, load_overrides(session))
        proofs = open_first_party(session, [visit.visitor_id for visit in visits])
        addresses = [visit.address for visit in visits]
        book, learned = open_book(session, addresses, now), open_learned(session, addresses, now)
        names = open_names(session, addresses)
        unknown = _replace_identifications(
            session, visits, _Batch(session, asked, proofs, book, learned, names, now)
        )
        note_waiting(session, names, unknown, now)
        return len(visits)


def identify_unknown_anew(database: Database, now: datetime) -> int:
    """Lets recent visits that nobody was found for run again, after the data changed; how many."""
    nobody = select(Identification.visit_id).where(
        Identification.company_id.is_(None), Identification.kind.in_((Kind.ISP, Kind.UNKNOWN))
    )
    with database.write() as session:
        done = session.execute(
            update(Visit)
            .where(Visit.ended_at > now - RUN_AGAIN, Visit.id.in_(nobody))
            .values(identified_at=None)
        )
        return int(done.rowcount)  # type: ignore[attr-defined]


def _waiting_visits(session: Session) -> list[WaitingVisit]:
    columns = (Visit.id, Visit.visitor_id, Visit.address, Visit.started_at, Visit.ended_at)
    more = (Visit.site_id, Visit.quiet)
    waiting = select(*columns, *more).where(Visit.identified_at.is_(None)).order_by(Visit.id).limit(BATCH)
    return [WaitingVisit(*row) for row in session.execute(waiting)]


class _Batch:
    """The answers of one batch; many visits share an address, and many addresses a company."""

    def __init__(
        self,
        session: Session,
        providers: Sequence[Provider],
        proofs: Mapping[int, FirstParty],
        book: VendorBook,
        learned: Learned,
        names: Names,
        now: datetime,
    ) -> None:
        self.now = now
        self.proofs = proofs
        self.book = book
        self.learned = learned
        self.names = names
        self.identify: Callable[[str], Identified] = cache(
            lambda address: self._with_books(_identify(address, providers))
        )
        self.company_of: Callable[[CompanyFacts], Company] = cache(
            lambda facts: _company(session, facts, now)
        )
        # Once for all visits of an address; those that no vendor was asked about cost one look into a map.
        self.note_profile: Callable[[Company, str], None] = cache(
            lambda company, address: _note_profile(session, book, company, address)
        )

    def _with_books(self, answer: Identified) -> Identified:
        """The same answer with what its address has taught us and what vendors have said of it."""
        learned = self.learned.evidence(answer.address, answer.evidence, self.now)
        strong = (*learned, *self.book.evidence(answer.address))
        weak = (*self.names.evidence(answer.address), *self.book.registries(answer.address))
        if not strong and not weak:
            return answer
        return weigh(answer.address, with_vendors(answer.evidence, strong, weak))

    def answer(self, visit: WaitingVisit) -> Identified:
        by_address = self.identify(visit.address)
        known = self.proofs.get(visit.visitor_id)
        return weigh(visit.address, known.beside(by_address.evidence)) if known else by_address

    def company(self, answer: Identified) -> Company | None:
        facts = _company_facts(answer)
        return self.company_of(facts) if facts else None


def _note_profile(session: Session, book: VendorBook, company: Company, address: str) -> None:
    for said in book.profiles(address, company.domain, company.name):
        if said.found is not None:
            note_vendor(session, company, said.found.profile, said.vendor, said.asked_at)


def _identify(address: str, providers: Iterable[Provider]) -> Identified:
    try:
        return identify_address(address, providers)
    except ValueError:
        # A visit whose address was shortened or forgotten says nothing, which is an answer too.
        return Identified(address, Kind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a company row is found by or made from."""

    name: str
    domain: str
    candidates: tuple[str, ...]
    kind: Kind
    country: str


def _company_facts(answer: Identified) -> CompanyFacts | None:
    """None when the answer names no organisation, or not surely enough."""
    if answer.kind not in ORGANISATIONS or answer.confidence < LEAST_CONFIDENCE:
        return None
    return CompanyFacts(answer.company, answer.domain, answer.candidates, answer.kind, answer.country)


def _company(session: Session, facts: CompanyFacts, now: datetime) -> Company:
    return find_or_make_company(
        session,
        domain=_known_domain(session, facts),
        name=facts.name,
        kind=facts.kind,
        country=facts.country,
        source="identification",
        now=now,
    )


def _known_domain(session: Session, facts: CompanyFacts) -> str | None:
    """The asserted domain, or the one other domain of it that somebody here has already named.

    A guessed domain is never written by itself: it only counts when a company or a target list has it, and
    a company of exactly that name comes first.
    """
    if not facts.domain and find_company_by_name(session, facts.name, country=facts.country):
        return None
    domains = [facts.domain, *facts.candidates] if facts.domain else list(facts.candidates)
    known = _domains_of_companies(session, domains, facts.country) or _domains_on_lists(session, domains)
    if facts.domain:
        return facts.domain if facts.domain in known or not known else min(known, key=domains.index)
    return known.pop() if len(known) == 1 else None


def _domains_of_companies(session: Session, domains: Sequence[str], country: str) -> set[str]:
    rows = session.execute(select(Company.domain, Company.country).where(Company.domain.in_(domains)))
    return {domain for domain, home in rows if domain and (not home or not country or home == country)}


def _domains_on_lists(session: Session, domains: Sequence[str]) -> set[str]:
    return set(session.scalars(select(TargetListEntry.domain).where(TargetListEntry.domain.in_(domains))))


def _replace_identifications(session: Session, visits: Sequence[WaitingVisit], batch: _Batch) -> set[str]:
    """One row per visit, in place of the one from an earlier time; addresses whose name could tell more."""
    ids = [visit.id for visit in visits]
    unknown, named = set(), []
    nameless = find_nameless(session, ids)
    session.execute(delete(Identification).where(Identification.visit_id.in_(ids)))
    for visit in visits:
        answer = batch.answer(visit)
        company = batch.company(answer)
        if company is not None:
            _note_seen(company, visit)
            batch.note_profile(company, visit.address)
            if visit.id in nameless and not visit.quiet:
                named.append(visit.id)
        row = _row(visit, answer, company, batch.now)
        if _is_worth_asking(visit, row, batch.now):
            unknown.add(visit.address)
        row.waits_for_vendor = _waits_for_vendor(visit, row, batch)
        session.add(row)
    session.flush()
    session.execute(update(Visit).where(Visit.id.in_(ids)).values(identified_at=batch.now))
    decide_again(session, named, batch.now)
    return unknown


def _waits_for_vendor(visit: WaitingVisit, row: Identification, batch: _Batch) -> bool:
    return _is_worth_asking(visit, row, batch.now) and batch.book.waits(visit.address, visit.site_id)


def _is_worth_asking(visit: WaitingVisit, row: Identification, now: datetime) -> bool:
    """Only addresses of people on ordinary lines are worth a question; old and replayed visits are not."""
    if row.company_id is not None or row.kind not in (Kind.ISP, Kind.UNKNOWN):
        return False
    return not visit.quiet and visit.ended_at >= now - GIVE_UP_AFTER


def _note_seen(company: Company, visit: WaitingVisit) -> None:
    company.first_seen_at = min(company.first_seen_at or visit.started_at, visit.started_at)
    company.last_seen_at = max(company.last_seen_at or visit.ended_at, visit.ended_at)


def _row(visit: WaitingVisit, answer: Identified, company: Company | None, now: datetime) -> Identification:
    return Identification(
        visit_id=visit.id,
        company_id=company.id if company else None,
        kind=answer.kind,
        organisation=answer.organisation[:NAME_LIMIT],
        confidence=answer.confidence,
        country=answer.country,
        network=answer.network,
        evidence=answer.evidence_json(),
        identified_at=now,
    )


__all__ = ["Identified", "identify_address", "identify_unknown_anew", "identify_waiting"]
