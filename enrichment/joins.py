"""What a server says of a visitor beside who it is: that it was another one before, and its company.

Only what was said with a secret key counts; the collector signs it, and anybody else's word changes nothing.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from enrichment.domain_names import is_free_mail, registered_domain
from enrichment.models import Proof, VisitorCompany, VisitorContact
from enrichment.text import clean_text
from tracker.models import Action, Site, Visit, Visitor
from tracker.signature import sign_call

NAME_LIMIT = 200


def join_earlier(session: Session, action: Action) -> None:
    """Joins the visitors of the earlier id with the one of the alias; a join is for good."""
    keys = _said(session, action, "previous", "previous_user")
    if keys is None:
        return
    visitor = _visitor_of(session, action)
    here = (Visitor.site_id == action.site_id, Visitor.key.in_(keys), Visitor.id != visitor.id)
    # Whom it was joined with first keeps it: a browser that two people use must not make them one.
    earlier = select(Visitor).where(*here, Visitor.joined_into_id.is_(None)).order_by(Visitor.id)
    for other in session.scalars(earlier).all():
        if not _are_different(session, visitor.id, other.id):
            _join(session, other, visitor)


def note_company(session: Session, action: Action) -> None:
    """Keeps which company the server says the visitor belongs to; their visits are identified anew."""
    said = _said(session, action, "name", "domain")
    if said is None:
        return
    name, domain = clean_text(said[0])[:NAME_LIMIT], registered_domain(said[1]) or ""
    domain = "" if is_free_mail(domain) else domain
    visitor = _visitor_of(session, action)
    session.execute(delete(VisitorCompany).where(VisitorCompany.visitor_id == visitor.id))
    if name or domain:
        row = VisitorCompany(visitor_id=visitor.id, name=name, domain=domain, said_at=action.received_at)
        session.add(row)
    _identify_anew(session, visitor.id)


def _said(session: Session, action: Action, *names: str) -> Sequence[str] | None:
    """The properties of these names if the action's signature is right."""
    values = [str(action.props.get(name) or "") for name in names]
    secret = session.scalars(select(Site.secret).where(Site.id == action.site_id)).one()
    right = sign_call(secret, action.name, *values)
    given = str(action.props.get("sig") or "")
    return values if hmac.compare_digest(given.encode("utf-8", "replace"), right.encode()) else None


def _visitor_of(session: Session, action: Action) -> Visitor:
    own = select(Visitor).join(Visit, Visit.visitor_id == Visitor.id).where(Visit.id == action.visit_id)
    return session.scalars(own).one()


def _are_different(session: Session, *visitor_ids: int) -> bool:
    """Whether the visitors were proved to be different people."""
    people = [
        set(
            session.scalars(
                select(VisitorContact.email).where(
                    VisitorContact.visitor_id == id, VisitorContact.proof == Proof.PROVED
                )
            )
        )
        for id in visitor_ids
    ]
    return all(people) and not set.intersection(*people)


def _join(session: Session, other: Visitor, into: Visitor) -> None:
    pointed = or_(Visitor.id == other.id, Visitor.joined_into_id == other.id)
    session.execute(update(Visitor).where(pointed).values(joined_into_id=into.id))
    into.first_seen_at = min(into.first_seen_at, other.first_seen_at)
    into.last_seen_at = max(into.last_seen_at, other.last_seen_at)
    _move_links(session, other.id, into.id)
    _move_company(session, other.id, into.id)
    session.execute(update(Visit).where(Visit.visitor_id == other.id).values(visitor_id=into.id))
    _identify_anew(session, into.id)


def _move_links(session: Session, other: int, into: int) -> None:
    """The people of both; of two links to one address the better proved stays."""
    mine = select(VisitorContact).where(VisitorContact.visitor_id == into)
    links = {link.email: link for link in session.scalars(mine)}
    for link in session.scalars(select(VisitorContact).where(VisitorContact.visitor_id == other)).all():
        own = links.get(link.email)
        if own is None:
            link.visitor_id = into
            continue
        if link.proof == Proof.PROVED and own.proof != Proof.PROVED:
            own.proof, own.contact_id, own.linked_at = link.proof, link.contact_id, link.linked_at
        session.delete(link)


def _move_company(session: Session, other: int, into: int) -> None:
    said = session.get(VisitorCompany, other)
    if said is not None and session.get(VisitorCompany, into) is None:
        said.visitor_id = into


def _identify_anew(session: Session, visitor_id: int) -> None:
    session.flush()
    session.execute(update(Visit).where(Visit.visitor_id == visitor_id).values(identified_at=None))
