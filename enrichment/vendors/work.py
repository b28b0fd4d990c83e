"""Asks vendors about visits that nothing here could identify, within budgets, one request at a time.

Every address that is sent leaves a row, written before the request. A vendor that says stop is not
asked again until its time; its visits wait meanwhile, for a week at most.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from enrichment.models import Identification, VendorAccount, VendorAnswer, VendorRequest
from enrichment.providers.address import Address
from enrichment.vendors import REGISTRIES, VENDORS, make_vendor
from enrichment.vendors.base import Answer, AuthError, Found, NotFound, Quota, Retry
from enrichment.vendors.book import (
    FOUND,
    GIVE_UP_AFTER,
    KEEP_FOUND,
    KEEP_NOT_FOUND,
    NOT_FOUND,
    QUEUED,
    VendorBook,
    answer_network,
    open_book,
    parse,
    prefix_of,
)
from tracker.db import Database, work_lock
from tracker.models import Visit
from tracker.settings import Settings

BATCH = 200
REQUESTS_A_STEP = 10
MOST_TRIES = 8
LONGEST_PAUSE = timedelta(hours=1)
AUTH_PAUSE = timedelta(days=1)
KEEP_REQUESTS = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit that waits for a vendor."""

    visit_id: int
    visitor_id: int
    site_id: int
    address: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of whom: `request_id` is its row in the log."""

    request_id: int
    vendor: str
    values: dict[str, object]
    address: Address


Pick = Callable[[Sequence[str]], Sequence[str]]


def ask_waiting(database: Database, settings: Settings, now: datetime) -> int:
    """Asks vendors about a few waiting visits and lets answered ones be identified anew; how many of both."""
    return _work(database, settings, now, _vendors_of)


def ask_registries(database: Database, settings: Settings, now: datetime) -> int:
    """The same for the registries, which are asked when no vendor owes an answer any more."""
    return _work(database, settings, now, _registries_of)


def _vendors_of(owing: Sequence[str]) -> Sequence[str]:
    return [kind for kind in owing if kind not in REGISTRIES]


def _registries_of(owing: Sequence[str]) -> Sequence[str]:
    return owing if REGISTRIES.issuperset(owing) else ()


def _work(database: Database, settings: Settings, now: datetime, pick: Pick) -> int:
    with database.read() as session:
        waiting = _find_waiting(session)
        if not waiting:
            return 0
        book = open_book(session, [one.address for one in waiting], now)
    asked = _ask_some(database, settings, waiting, book, now, pick)
    with database.read() as session:
        book = open_book(session, [one.address for one in waiting], now)
    done = [one for one in waiting if _is_done(one, book, now)]
    if done:
        _release(database, done, book, now)
    return asked + len(done)


def delete_old_requests(database: Database, now: datetime) -> int:
    """Deletes the log past its time, and answers that are no longer fresh. Returns 0: never more at once."""
    with database.write() as session:
        session.execute(delete(VendorRequest).where(VendorRequest.sent_at < now - KEEP_REQUESTS))
        session.execute(delete(VendorAnswer).where(VendorAnswer.expires_at < now - GIVE_UP_AFTER))
    return 0


def _find_waiting(session: Session) -> list[Waiting]:
    """The newest first: they may still be on the site."""
    rows = session.execute(
        select(Visit.id, Visit.visitor_id, Visit.site_id, Visit.address, Visit.ended_at)
        .join(Identification, Identification.visit_id == Visit.id)
        .where(Identification.waits_for_vendor)
        .order_by(Identification.visit_id.desc())
        .limit(BATCH)
    )
    return [Waiting(*row) for row in rows]


def _is_done(one: Waiting, book: VendorBook, now: datetime) -> bool:
    return not book.waits(one.address, one.site_id) or one.ended_at < now - GIVE_UP_AFTER


def _ask_some(
    database: Database,
    settings: Settings,
    waiting: Sequence[Waiting],
    book: VendorBook,
    now: datetime,
    pick: Pick,
) -> int:
    asked: set[str] = set()
    for one in waiting:
        if one.address in asked or len(asked) >= REQUESTS_A_STEP:
            continue
        question = _claim(database, one, pick(book.owing(one.address, one.site_id, queued=False)), now)
        if question is not None:
            asked.add(one.address)
            _ask(database, settings, question, now)
    return len(asked)


def _claim(database: Database, one: Waiting, vendors: Sequence[str], now: datetime) -> Question | None:
    """The first of the vendors that may be asked now, with its row in the log; None when none may."""
    address = parse(one.address)
    if address is None or not vendors:
        return None
    with database.write() as session:
        account = _first_ready(session, vendors, now)
        if account is None:
            return None
        row = VendorRequest(
            vendor=account.kind,
            address=str(address),
            site_id=one.site_id,
            visit_id=one.visit_id,
            sent_at=now,
        )
        session.add(row)
        session.flush()
        return Question(row.id, account.kind, dict(account.settings), address)


def _first_ready(session: Session, vendors: Iterable[str], now: datetime) -> VendorAccount | None:
    accounts = (session.get(VendorAccount, kind) for kind in vendors)
    return next((one for one in accounts if one is not None and _is_ready(session, one, now)), None)


def _is_ready(session: Session, account: VendorAccount, now: datetime) -> bool:
    if not account.enabled or (account.stopped_until is not None and account.stopped_until > now):
        return False
    return count_today(session, account.kind, now) < account.daily_budget


def count_today(session: Session, vendor: str, now: datetime) -> int:
    """Requests since midnight, UTC."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    asked = select(func.count()).where(VendorRequest.vendor == vendor, VendorRequest.sent_at >= midnight)
    return session.scalar(asked) or 0


def _ask(database: Database, settings: Settings, question: Question, now: datetime) -> None:
    """The request itself stands between two transactions: nothing is locked while a far end thinks."""
    started = time.monotonic()
    answer = make_vendor(question.vendor, question.values, settings).lookup(question.address)
    took = int((time.monotonic() - started) * 1000)
    with database.write() as session:
        account = session.get(VendorAccount, question.vendor)
        row = session.get(VendorRequest, question.request_id)
        if account is None or row is None:
            return
        row.milliseconds = took
        row.outcome, row.detail = _outcome(answer)
        row.cost = account.price if isinstance(answer, Found) and answer.is_company else Decimal(0)
        _note(account, answer, now)
        _keep(session, question, answer, now)


def _outcome(answer: Answer) -> tuple[str, str]:
    if isinstance(answer, Found):
        return FOUND, (answer.organisation or answer.domain or str(answer.kind))[:300]
    if isinstance(answer, NotFound):
        return NOT_FOUND, ""
    word = "retry" if isinstance(answer, Retry) else "quota" if isinstance(answer, Quota) else "refused"
    return word, answer.reason[:300]


def _note(account: VendorAccount, answer: Answer, now: datetime) -> None:
    """How the vendor fares: an answer closes the circuit breaker, anything else opens it for a time."""
    if isinstance(answer, Found | NotFound) or (isinstance(answer, Retry) and answer.queued):
        account.failures, account.stopped_until, account.answered_at = 0, None, now
        return
    account.failures += 1
    account.failed_at, account.last_error = now, answer.reason[:300]
    account.stopped_until = pause_until(answer, account.failures, now)


def close_breaker(account: VendorAccount) -> None:
    """Lets a vendor be asked again at once: its settings are new, or an admin wants it."""
    account.failures, account.stopped_until, account.last_error = 0, None, ""


def pause_until(answer: Retry | Quota | AuthError, failures: int, now: datetime) -> datetime:
    """When to ask again: longer after each failure in a row; a used-up quota ends with the day."""
    if isinstance(answer, AuthError):
        return now + AUTH_PAUSE
    after = answer.after
    if after is None:
        return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    grown = timedelta(seconds=after * (1 << min(failures - 1, 10)))
    return now + max(timedelta(seconds=after), min(grown, LONGEST_PAUSE))


def _keep(session: Session, question: Question, answer: Answer, now: datetime) -> None:
    """Keeps what can be used again, in place of what the vendor said before of the same network."""
    if isinstance(answer, Quota | AuthError) or (isinstance(answer, Retry) and not answer.queued):
        return
    found = answer if isinstance(answer, Found) else None
    network = answer_network(found, question.address)
    row = session.scalar(
        select(VendorAnswer).where(VendorAnswer.vendor == question.vendor, VendorAnswer.network == network)
    )
    row = row or VendorAnswer(vendor=question.vendor, network=network, prefix=prefix_of(network), tries=0)
    row.asked_at = now
    row.found = msgspec.to_builtins(found) if found else {}
    if isinstance(answer, Retry):
        _keep_queued(row, answer, now)
    else:
        row.outcome, row.tries = FOUND if found else NOT_FOUND, 0
        row.expires_at = now + (KEEP_FOUND if found else KEEP_NOT_FOUND)
    session.add(row)


def _keep_queued(row: VendorAnswer, answer: Retry, now: datetime) -> None:
    """Asked again after the vendor's time, until it has put us off so often that it will not find out."""
    row.tries += 1
    if row.tries >= MOST_TRIES:
        row.outcome, row.expires_at = NOT_FOUND, now + KEEP_NOT_FOUND
    else:
        row.outcome, row.expires_at = QUEUED, now + timedelta(seconds=answer.after)


def _release(database: Database, done: Sequence[Waiting], book: VendorBook, now: datetime) -> None:
    """Ends the waiting; visits that a vendor said something of are identified anew."""
    with database.write() as session:
        work_lock(session)
        done = _still_waiting(session, done)
        ids = [one.visit_id for one in done]
        waiting = update(Identification).where(Identification.visit_id.in_(ids))
        session.execute(waiting.values(waits_for_vendor=False))
        said = [one for one in done if book.evidence(one.address) or book.registries(one.address)]
        again = [one.visit_id for one in said]
        session.execute(update(Visit).where(Visit.id.in_(again)).values(identified_at=None))


def _still_waiting(session: Session, done: Sequence[Waiting]) -> list[Waiting]:
    """Vendors and registries are asked by two jobs, and only one of them ends a visit's waiting."""
    ids = select(Identification.visit_id).where(
        Identification.visit_id.in_([one.visit_id for one in done]), Identification.waits_for_vendor
    )
    waiting = set(session.scalars(ids))
    return [one for one in done if one.visit_id in waiting]


def known_vendors(session: Session) -> list[VendorAccount]:
    """Accounts of vendors this program knows, in the order of the table."""
    order = list(VENDORS)
    rows = [row for row in session.scalars(select(VendorAccount)) if row.kind in VENDORS]
    return sorted(rows, key=lambda row: order.index(row.kind))
