"""Sends what waits: one thread per channel that has something due, so that a slow far end delays no other.

Several processes may do this at once; `claims.py` sees to it that each delivery has one sender.
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import update
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, DeliveryError, channel_class, make_channel
from alerts.claims import Claimed, claim, due_channels, locked_channel
from alerts.deliveries import GIVE_UP_AFTER
from alerts.models import Channel, Delivery, DeliveryState, DeliveryTry
from alerts.pacing import KEEPS_ORDER_UNTIL, back_off
from alerts.places import find_target
from alerts.redirect import give_up, redirect_waiting
from alerts.story import read_story
from alerts.trial import send_test
from tracker.db import Database
from tracker.settings import Settings

__all__ = [
    "Outbox",
    "Sender",
    "resume_channel",
    "retry_delivery",
    "send_test",
    "send_waiting",
    "stop_sending",
]

logger = logging.getLogger(__name__)

# A thread waits this long by itself for its channel's rate; longer waits are the scheduler's.
LONGEST_NAP = 1.0


def send_waiting(database: Database, settings: Settings, now: datetime, *, until_done: bool = False) -> int:
    """Starts sending on every channel that has something due; how many tries ended since the last call.

    Returns at once, unless `until_done`. An error that is not a far end's is raised at the next call.
    """
    return _outbox_of(database).send_due(Sender(database, settings, now), until_done=until_done)


def stop_sending(database: Database, timeout: float = 15.0) -> None:
    """Lets what is under way end, for `timeout` seconds, and starts nothing more in this process."""
    if outbox := _outboxes.get(database):
        outbox.stop(timeout)


class Sender:
    """What a thread works with; its clock goes on from `now`, since sending takes longer than a moment."""

    def __init__(self, database: Database, settings: Settings, now: datetime) -> None:
        self.database = database
        self.settings = settings
        self._now = now
        self._started = time.monotonic()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._started)

    def due(self) -> set[int | None]:
        with self.database.read() as session:
            return due_channels(session, self._now)

    def redirect_orphans(self) -> None:
        """What waits for channels that were deleted takes another way."""
        with self.database.write() as session:
            redirect_waiting(session, None, self._now)

    def claim(self, channel_id: int) -> Claimed | datetime | None:
        with self.database.write() as session:
            return claim(session, channel_id, self.now())

    def send(self, claimed: Claimed) -> None:
        error, note = self._send(claimed)
        with self.database.write() as session:
            record(session, claimed, error, note, self.now())

    def _send(self, claimed: Claimed) -> tuple[DeliveryError | None, str]:
        try:
            channel = make_channel(claimed.kind, claimed.values, self.settings)
            message = channel.write(read_story(claimed.story), claimed.recipient)
            return None, channel.send(claimed.target, message)
        except DeliveryError as error:
            return error, ""
        except (msgspec.ValidationError, KeyError, ValueError) as error:
            # What cannot be written will not be written by trying again; the fallback may do better.
            text = f"the message could not be written ({type(error).__name__})"
            return DeliveryError(text, permanent=True), ""


class Outbox:
    """The senders of one process: at most one thread per channel."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[int, threading.Thread] = {}
        self._asked: set[int] = set()  # channels that were asked for again while their thread was busy
        self._errors: list[Exception] = []
        self._ended = 0
        self._stopping = threading.Event()

    def send_due(self, sender: Sender, *, until_done: bool = False) -> int:
        self._raise_error()
        due = sender.due()
        if None in due:
            sender.redirect_orphans()
        for channel_id in due:
            if channel_id is not None:
                self._start(channel_id, sender)
        if until_done:
            self._join(None)
            self._raise_error()
        return self._count_ended()

    def stop(self, timeout: float) -> None:
        self._stopping.set()
        self._join(timeout)

    def _start(self, channel_id: int, sender: Sender) -> None:
        with self._lock:
            if self._stopping.is_set():
                return
            if channel_id in self._threads:
                self._asked.add(channel_id)
                return
            # Daemons: a process that must end does not wait for a far end; the lease covers what it left.
            thread = threading.Thread(
                target=self._work, args=(channel_id, sender), name=f"sender {channel_id}", daemon=True
            )
            self._threads[channel_id] = thread
            thread.start()

    def _work(self, channel_id: int, sender: Sender) -> None:
        """Sends on one channel until nothing may be sent now."""
        try:
            while not self._is_done(channel_id, sent=self._send_next(channel_id, sender)):
                pass
        except Exception as error:
            # The loop of a thread: nobody above it would hear. The next round raises it for the health page.
            logger.exception("channel=%s sending failed", channel_id)
            with self._lock:
                self._errors.append(error)
                self._threads.pop(channel_id, None)

    def _is_done(self, channel_id: int, *, sent: bool) -> bool:
        """Whether the thread may end; if so it is taken off the list at the same moment."""
        with self._lock:
            asked = channel_id in self._asked
            self._asked.discard(channel_id)
            if (sent or asked) and not self._stopping.is_set():
                return False
            self._threads.pop(channel_id, None)
            return True

    def _send_next(self, channel_id: int, sender: Sender) -> bool:
        claimed = sender.claim(channel_id)
        if isinstance(claimed, datetime):
            self._stopping.wait(min(max((claimed - sender.now()).total_seconds(), 0.0), LONGEST_NAP))
            return True
        if claimed is None:
            return False
        sender.send(claimed)
        with self._lock:
            self._ended += 1
        return True

    def _join(self, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))

    def _count_ended(self) -> int:
        with self._lock:
            ended, self._ended = self._ended, 0
        return ended

    def _raise_error(self) -> None:
        with self._lock:
            errors, self._errors = self._errors, []
        if errors:
            raise errors[0]


# One outbox a process and database: the job that calls `send_waiting` keeps nothing itself.
_outboxes: weakref.WeakKeyDictionary[Database, Outbox] = weakref.WeakKeyDictionary()
_outboxes_lock = threading.Lock()


def _outbox_of(database: Database) -> Outbox:
    with _outboxes_lock:
        return _outboxes.setdefault(database, Outbox())


def record(session: Session, claimed: Claimed, error: DeliveryError | None, note: str, now: datetime) -> None:
    """Writes down how a try ended. A sender that came back after its lease only completes its own try."""
    # The channel's row first, as in `claim`: two senders that lock in another order would block each other.
    channel = session.scalar(locked_channel(claimed.channel_id))
    attempt = session.get(DeliveryTry, claimed.try_id)
    delivery = session.get(Delivery, claimed.delivery_id)
    if attempt is None or delivery is None:
        return  # the alert was deleted meanwhile
    attempt.ended_at = now
    attempt.error = (str(error) if error else note)[:500]
    attempt.outcome = _outcome(error)
    if not _is_ours(session, claimed):
        return
    delivery.leased_until, delivery.leased_by = None, ""
    if error is None:
        _delivered(delivery, channel, now)
    else:
        _failed(session, delivery, channel, error, claimed, now)


def _is_ours(session: Session, claimed: Claimed) -> bool:
    changed = session.execute(
        update(Delivery)
        .where(Delivery.id == claimed.delivery_id, Delivery.state == DeliveryState.SENDING)
        .where(Delivery.leased_until == claimed.leased_until)
        .values(leased_until=None)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount == 1)  # type: ignore[attr-defined]


def _outcome(error: DeliveryError | None) -> str:
    if error is None:
        return "delivered"
    if error.permanent:
        return "failed"
    return "unknown" if error.ambiguous else "retry"


def _delivered(delivery: Delivery, channel: Channel | None, now: datetime) -> None:
    delivery.state = DeliveryState.DELIVERED
    delivery.delivered_at = now
    delivery.last_error = ""
    if channel:
        channel.delivered_at = now
        channel.last_error = ""
        channel.next_send_at = None


def _failed(
    session: Session,
    delivery: Delivery,
    channel: Channel | None,
    error: DeliveryError,
    claimed: Claimed,
    now: datetime,
) -> None:
    delivery.last_error = str(error)[:500]
    if channel:
        channel.failed_at = now
        channel.last_error = str(error)[:500]
    if error.permanent:
        if channel and error.scope == "channel":
            # Paused first, so that the fallback does not choose it again.
            channel.paused_at, channel.paused_reason = now, str(error)[:500]
        give_up(session, delivery, DeliveryState.FAILED, str(error), now)
        if channel and channel.paused_at:
            redirect_waiting(session, channel.id, now)
    elif error.ambiguous and not _resends(claimed.kind):
        delivery.possible_repeat = True
        give_up(session, delivery, DeliveryState.UNKNOWN, str(error), now)
    else:
        _wait(delivery, channel, error, claimed.tries, now)


def _wait(
    delivery: Delivery, channel: Channel | None, error: DeliveryError, tries: int, now: datetime
) -> None:
    """Another try later. The channel waits too, at first: what failed for one fails for the next."""
    delivery.state = DeliveryState.WAITING
    delivery.possible_repeat = delivery.possible_repeat or error.ambiguous
    if error.retry_after is not None:
        delivery.next_try_at = now + timedelta(seconds=error.retry_after)
        if channel:
            channel.next_send_at = delivery.next_try_at
        return
    delivery.next_try_at = now + back_off(tries)
    if channel and tries < KEEPS_ORDER_UNTIL:
        channel.next_send_at = delivery.next_try_at


def _resends(kind: str) -> bool:
    return kind in CHANNELS and channel_class(kind).resends


def resume_channel(channel: Channel) -> None:
    """Lets a paused channel send again, at once."""
    channel.paused_at = None
    channel.paused_reason = ""
    channel.next_send_at = None
    channel.paced_until = None


def retry_delivery(session: Session, delivery_id: int, now: datetime) -> bool:
    """Puts a failed or unknown delivery back into the outbox for a day; False if it is neither.

    It goes to the target that its channel or person has now: the old one may be what was mended.
    """
    # Locked and read anew, so that a second press does not take it back from its sender.
    delivery = session.get(Delivery, delivery_id, with_for_update={"key_share": True})
    if delivery is None or delivery.channel_id is None:
        return False
    if delivery.state not in (DeliveryState.FAILED, DeliveryState.UNKNOWN):
        return False
    delivery.possible_repeat = delivery.possible_repeat or delivery.state == DeliveryState.UNKNOWN
    delivery.target = find_target(session, delivery) or delivery.target
    delivery.state = DeliveryState.WAITING
    delivery.next_try_at = now
    delivery.give_up_at = now + GIVE_UP_AFTER
    delivery.tries = 0
    return True
