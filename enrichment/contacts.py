"""Contacts, and the visitors who say or prove that they are one of them."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enrichment.companies import find_or_make_company
from enrichment.domain_names import is_free_mail, registered_domain
from enrichment.joins import join_earlier, note_company
from enrichment.models import Contact, Identification, Proof, VisitorContact
from enrichment.text import clean_text
from tracker.db import Database, work_lock
from tracker.models import Action, Site, Visit
from tracker.signature import sign_email

BATCH = 200
# Far ends' clocks run ahead of ours now and then.
CLOCK_TOLERANCE = timedelta(minutes=5)
SIGNATURE_LIFE = timedelta(hours=24)
# Properties of a proved identify call that may fill an empty field of the contact, and its length.
FILLED_FIELDS = (("name", 200), ("role", 200), ("phone", 40))


@dataclass(frozen=True, slots=True)
class IdentifyCall:
    """One identify call as it waits, with the secret its signature is checked under."""

    visitor_id: int
    secret: str
    received_at: datetime
    props: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an identify call names, and how sure that is."""

    email: str
    proof: Proof
    reason: str


def normal_email(text: str) -> str | None:
    """The address in lower case as it is stored; None when it is not an e-mail address."""
    try:
        found = validate_email(clean_text(text), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.normalized.lower() if len(found.normalized) <= 320 else None


def decide_person(call: IdentifyCall) -> Person | None:
    """Whom the call names; None when it gives no e-mail address."""
    text = call.props.get("email")
    email = normal_email(text) if isinstance(text, str) else None
    if email is None:
        return None
    reason = _why_unproved(call, str(text))
    return Person(email, Proof.CLAIMED if reason else Proof.PROVED, reason)


def _why_unproved(call: IdentifyCall, email: str) -> str:
    """Why the signature proves nothing; empty when it proves the e-mail address."""
    signature, ts = call.props.get("sig"), _whole_number(call.props.get("ts"))
    if not isinstance(signature, str) or not signature:
        return "the call is not signed"
    if ts is None:
        return "the call has no time"
    age = call.received_at - datetime.fromtimestamp(ts, UTC)
    if not -CLOCK_TOLERANCE <= age <= SIGNATURE_LIFE:
        return "the signature is not from the last 24 hours"
    right = sign_email(call.secret, email, call.props["ts"])
    if not hmac.compare_digest(signature.lower().encode("utf-8", "replace"), right.encode()):
        return "the signature is wrong"
    return ""


def _whole_number(value: object) -> int | None:
    """Seconds since 1970 from a number or digits, within what a date can hold."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 11:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**11:
        return None
    return value


def find_contact(session: Session, email: str) -> Contact | None:
    return session.scalar(select(Contact).where(Contact.email == email))


def find_or_make_contact(session: Session, email: str, *, source: str, now: datetime) -> Contact:
    """The contact of a normal e-mail address; a new one takes over the claims made to it so far."""
    found = find_contact(session, email)
    if found is not None:
        return found
    contact = Contact(email=email, source=source, created_at=now)
    try:
        with session.begin_nested():
            session.add(contact)
    except IntegrityError:
        # Another process made it at the same moment.
        return session.scalars(select(Contact).where(Contact.email == email)).one()
    take_over_claims(session, contact)
    return contact


def take_over_claims(session: Session, contact: Contact) -> None:
    """Links those to the contact who claimed its address before anybody knew it."""
    session.execute(
        update(VisitorContact)
        .where(VisitorContact.email == contact.email, VisitorContact.contact_id.is_(None))
        .values(contact_id=contact.id)
    )


def follow_contact(session: Session, contact: Contact) -> None:
    """Lets the visits of everyone proved to be the contact be identified anew."""
    proved = select(VisitorContact.visitor_id).where(
        VisitorContact.contact_id == contact.id, VisitorContact.proof == Proof.PROVED
    )
    for visitor_id in session.scalars(proved).all():
        _identify_anew(session, visitor_id)


def link_waiting(database: Database, now: datetime) -> int:
    """Links visitors to the people and companies their waiting actions name; how many were handled."""
    done = 0
    while handled := _link_batch(database, now):
        done += handled
    return done


def _link_batch(database: Database, now: datetime) -> int:
    with database.read() as session:
        if session.execute(_HAS_WAITING).first() is None:
            return 0
    with database.write() as session:
        work_lock(session)
        actions = session.scalars(_WAITING).all()
        for action in actions:
            HANDLERS[action.name](session, action, now)
            action.handled_at = now
        return len(actions)


def _link(session: Session, action: Action, now: datetime) -> None:
    visitor_id, secret = session.execute(
        select(Visit.visitor_id, Site.secret)
        .join(Site, Site.id == Visit.site_id)
        .where(Visit.id == action.visit_id)
    ).one()
    call = IdentifyCall(visitor_id, secret, action.received_at, _person_props(action))
    person = decide_person(call)
    if person is None:
        return
    if person.proof is Proof.PROVED:
        _link_proved(session, call, person, now)
    else:
        _link_claimed(session, call, person)
        if action.name == "form" and company_domain(person.email):
            _identify_nameless(session, visitor_id)


HANDLERS: Mapping[str, Callable[[Session, Action, datetime], None]] = {
    "identify": _link,
    "form": _link,
    "alias": lambda session, action, now: join_earlier(session, action),
    "group": lambda session, action, now: note_company(session, action),
}
# Built once: putting a statement together costs more than the database takes to answer it.
_IS_WAITING = (Action.name.in_(HANDLERS), Action.handled_at.is_(None))
_HAS_WAITING = select(Action.id).where(*_IS_WAITING).limit(1)
_WAITING = select(Action).where(*_IS_WAITING).order_by(Action.id).limit(BATCH)


def _person_props(action: Action) -> Mapping[str, Any]:
    """What the action says of a person. Anybody may type any address into a form, so that proves nothing."""
    if action.name == "identify":
        return action.props
    form = action.props.get("form")
    return {"email": form.get("email")} if isinstance(form, dict) else {}


def _link_claimed(session: Session, call: IdentifyCall, person: Person) -> None:
    known = find_contact(session, person.email)
    link = _find_link(session, call.visitor_id, person.email)
    if link is None:
        _add_link(session, call, person, known.id if known else None)


def _link_proved(session: Session, call: IdentifyCall, person: Person, now: datetime) -> None:
    contact = find_or_make_contact(session, person.email, source="identify call", now=now)
    _fill(session, contact, call.props, now)
    link = _find_link(session, call.visitor_id, person.email)
    if link is None:
        _add_link(session, call, person, contact.id)
    elif link.proof != Proof.PROVED:
        link.proof, link.contact_id, link.linked_at = Proof.PROVED, contact.id, call.received_at
    else:
        return
    session.flush()
    _identify_anew(session, call.visitor_id)


def _identify_anew(session: Session, visitor_id: int) -> None:
    session.execute(update(Visit).where(Visit.visitor_id == visitor_id).values(identified_at=None))


def _identify_nameless(session: Session, visitor_id: int) -> None:
    """An address in a form may name visits that nobody was found for."""
    nobody = select(Identification.visit_id).where(Identification.company_id.is_(None))
    session.execute(
        update(Visit).where(Visit.visitor_id == visitor_id, Visit.id.in_(nobody)).values(identified_at=None)
    )


def _find_link(session: Session, visitor_id: int, email: str) -> VisitorContact | None:
    return session.scalar(
        select(VisitorContact).where(VisitorContact.visitor_id == visitor_id, VisitorContact.email == email)
    )


def _add_link(session: Session, call: IdentifyCall, person: Person, contact_id: int | None) -> None:
    session.add(
        VisitorContact(
            visitor_id=call.visitor_id,
            email=person.email,
            contact_id=contact_id,
            proof=person.proof,
            linked_at=call.received_at,
        )
    )
    session.flush()


def _fill(session: Session, contact: Contact, props: Mapping[str, Any], now: datetime) -> None:
    """Fills the contact's empty fields; what an import or a person wrote stays."""
    for field, limit in FILLED_FIELDS:
        value = props.get(field)
        if isinstance(value, str) and not getattr(contact, field):
            setattr(contact, field, clean_text(value)[:limit])
    domain = company_domain(contact.email)
    if contact.company_id is None and domain:
        company = find_or_make_company(
            session, domain=domain, name="", kind="company", country="", source="identify call", now=now
        )
        session.flush()
        contact.company_id = company.id


def company_domain(email: str) -> str | None:
    """The registered domain of an address at a company; None at a free mail provider."""
    domain = registered_domain(email)
    return None if domain is None or is_free_mail(domain) else domain
