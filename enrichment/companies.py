"""Companies: finding the row of one by its domain or name, or making it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enrichment.company_names import NAME_LIMIT, name_key
from enrichment.domain_names import registered_domain
from enrichment.models import Company
from enrichment.text import clean_text


def find_company(session: Session, domain: str) -> Company | None:
    """The company of a domain; of one that was merged, the company it is now."""
    return current_company(session, session.scalar(select(Company).where(Company.domain == domain)))


def current_company(session: Session, company: Company | None) -> Company | None:
    """The company that a merged one is now; any other is itself."""
    if company is None or company.merged_into_id is None:
        return company
    return session.get(Company, company.merged_into_id)


def find_company_by_name(session: Session, name: str, *, country: str = "") -> Company | None:
    """The one company of that name; None when there is none or more than one in the running.

    A company known to be in another country is somebody else.
    """
    found = {
        now.id: now
        for company in _namesakes(session, name)
        if _may_be_in(company, country) and (now := current_company(session, company))
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _namesakes(session: Session, name: str) -> Sequence[Company]:
    key = name_key(name)
    if not key:
        return ()
    return session.scalars(select(Company).where(Company.name_key == key).limit(20)).all()


def _may_be_in(company: Company, country: str) -> bool:
    return not company.country or not country or company.country == country.upper()


def find_or_make_company(
    session: Session,
    *,
    domain: str | None,
    name: str,
    kind: str,
    country: str,
    source: str,
    now: datetime,
) -> Company:
    """The company of the domain, else the only one of that name, else a new row.

    What is known about a found company stays; only empty fields are filled. `source` says what made
    a new row: import, identification, identify call.
    """
    domain = registered_domain(domain) if domain else None
    name = clean_text(name)[:NAME_LIMIT] or domain or ""
    if not name:
        raise ValueError("a company needs a name or a domain; neither was given")
    if domain and (found := find_company(session, domain)):
        # The domain may be that of one merged into it, so it is not given to it as well.
        _fill(found, domain=None, name=name, country=country)
        return found
    if found := _same_by_name(session, name, domain, country, source):
        _fill(found, domain=domain, name=name, country=country)
        return found
    company = Company(
        domain=domain,
        name=name,
        name_key=name_key(name),
        kind=kind or "company",
        source=source,
        created_at=now,
    )
    company.country = country.upper()[:2]
    return _insert(session, company)


def _same_by_name(
    session: Session, name: str, domain: str | None, country: str, source: str
) -> Company | None:
    """Identification may trust a name alone; a file that gives another domain means another company."""
    found = find_company_by_name(session, name, country=country)
    if found is None or not domain or not found.domain or source == "identification":
        return found
    return None


def _fill(company: Company, *, domain: str | None, name: str, country: str) -> None:
    company.domain = company.domain or domain
    company.country = company.country or country.upper()[:2]
    # A company first met as a bare domain carries the domain as its name until a real one is known.
    if company.name == company.domain and name != company.domain:
        company.name, company.name_key = name, name_key(name)


def _insert(session: Session, company: Company) -> Company:
    """Another process may make the same company at the same moment; then its row is the one."""
    try:
        with session.begin_nested():
            session.add(company)
    except IntegrityError:
        found = find_company(session, company.domain or "")
        if found is None:
            raise
        return found
    return company
