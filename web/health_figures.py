"""Is work really being done? Figures from the database and the inbox, and a verdict on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from alerts.models import Channel, Delivery, DeliveryState
from tracker.db import Database
from tracker.inbox import waiting_records
from tracker.ledger import get_positions
from tracker.models import JobTick, PageView

# Jobs without which nobody is told, and how long one may be silent.
VITAL_JOBS = ("hits", "deliveries")
LATEST_TICK = timedelta(seconds=10)
LONGEST_WAIT = timedelta(seconds=60)

JOB_WORDS = {
    "hits": "Handling page views",
    "contacts": "Linking contacts",
    "identification": "Identifying companies",
    "decisions": "Deciding rules",
    "deliveries": "Sending alerts",
    "names": "Asking for the names of addresses",
    "data": "Looking for new address data",
    "fetching": "Fetching address data",
    "vendors": "Asking vendors",
    "registries": "Asking the registries",
    "cleaning": "Deleting old rows",
}
START_WORKER = "doorbell worker"
SEE_LEDGER = "doorbell ledger"


@dataclass(frozen=True, slots=True)
class Tick:
    """When a job last did its work, and its error since."""

    job: str
    ticked_at: datetime
    error: str = ""
    worker: str = ""

    @property
    def name(self) -> str:
        return JOB_WORDS.get(self.job, self.job)


@dataclass(frozen=True, slots=True)
class PausedChannel:
    id: int
    name: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known at one moment."""

    ticks: Mapping[str, Tick] = field(default_factory=dict)
    waiting_hits: int = 0
    oldest_hit: datetime | None = None
    due_deliveries: int = 0
    oldest_delivery: datetime | None = None
    paused: Sequence[PausedChannel] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not well: which, in words, and the command or page that helps."""

    code: str
    text: str
    help: str = ""


def decide_problems(figures: Figures, now: datetime) -> list[Problem]:
    """Why page views are not handled or alerts not sent; empty when both are."""
    found = [_late_job(figures.ticks.get(job), job, now) for job in VITAL_JOBS]
    found.append(_late_hit(figures.oldest_hit, now))
    found.append(_late_delivery(figures.oldest_delivery, now))
    return [problem for problem in found if problem]


def _late_job(tick: Tick | None, job: str, now: datetime) -> Problem | None:
    name = JOB_WORDS[job]
    if tick is None:
        return Problem(f"job_{job}", f"{name}: never done. The worker has not run yet.", START_WORKER)
    if now - tick.ticked_at <= LATEST_TICK:
        return None
    seconds = int((now - tick.ticked_at).total_seconds())
    why = f" Its error: {tick.error}" if tick.error else " Is the worker running?"
    return Problem(f"job_{job}", f"{name}: not done for {seconds} s.{why}", START_WORKER)


def _late_hit(oldest: datetime | None, now: datetime) -> Problem | None:
    if oldest is None or now - oldest <= LONGEST_WAIT:
        return None
    seconds = int((now - oldest).total_seconds())
    return Problem("waiting_hit", f"The oldest page view has waited {seconds} s. None is lost.", SEE_LEDGER)


def _late_delivery(oldest: datetime | None, now: datetime) -> Problem | None:
    if oldest is None or now - oldest <= LONGEST_WAIT:
        return None
    seconds = int((now - oldest).total_seconds())
    return Problem("due_delivery", f"An alert should have been sent {seconds} s ago.", START_WORKER)


def get_figures(database: Database, inbox_dir: Path, now: datetime) -> Figures:
    with database.read() as session:
        positions = get_positions(session)
        ticks = {row.job: _as_tick(row) for row in session.scalars(select(JobTick))}
        undecided = _undecided(session)
        due, oldest_delivery = _due_deliveries(session, now)
        paused = _paused_channels(session)
    inbox = waiting_records(inbox_dir, positions)
    moments = [moment for moment in (inbox.oldest, undecided[1]) if moment]
    return Figures(
        ticks=ticks,
        waiting_hits=inbox.hits + undecided[0],
        oldest_hit=min(moments, default=None),
        due_deliveries=due,
        oldest_delivery=oldest_delivery,
        paused=paused,
    )


def _as_tick(row: JobTick) -> Tick:
    return Tick(row.job, row.ticked_at, row.error, row.worker)


def _undecided(session: Session) -> tuple[int, datetime | None]:
    """Page views that wait for identification or rules: how many, and since when the oldest does."""
    waiting = select(func.count(), func.min(PageView.saved_at)).where(PageView.decided_at.is_(None))
    row = session.execute(waiting).one()
    return row[0], row[1]


def _due_deliveries(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """Deliveries whose time has come, but for those of channels that are paused or asked us to wait."""
    since = func.coalesce(Delivery.leased_until, Delivery.next_try_at)
    held = select(Channel.id).where(or_(Channel.paused_at.is_not(None), Channel.next_send_at > now))
    found = session.execute(
        select(func.count(), func.min(since)).where(
            Delivery.state.in_((DeliveryState.WAITING, DeliveryState.SENDING)),
            since <= now,
            Delivery.next_try_at <= now,
            or_(Delivery.channel_id.is_(None), Delivery.channel_id.not_in(held)),
        )
    ).one()
    return found[0], found[1]


def _paused_channels(session: Session) -> list[PausedChannel]:
    paused = select(Channel).where(Channel.paused_at.is_not(None)).order_by(Channel.paused_at)
    return [
        PausedChannel(row.id, row.name, row.paused_reason, row.paused_at)
        for row in session.scalars(paused)
        if row.paused_at
    ]


def as_json(figures: Figures, problems: Sequence[Problem], now: datetime) -> dict[str, Any]:
    """The body of `/healthz`."""
    return {
        "well": not problems,
        "problems": [problem.code for problem in problems],
        "jobs": {job: _age(tick.ticked_at, now) for job, tick in sorted(figures.ticks.items())},
        "waiting_hits": figures.waiting_hits,
        "oldest_waiting_hit_seconds": _age(figures.oldest_hit, now),
        "due_deliveries": figures.due_deliveries,
        "oldest_due_delivery_seconds": _age(figures.oldest_delivery, now),
        "paused_channels": len(figures.paused),
    }


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else round((now - moment).total_seconds(), 1)
