"""The worker process: which jobs there are, what wakes them, and how one failing job leaves the rest alone.

APScheduler is only a clock here. Each job has a thread of its own that works when the clock or a new
hit rings, and asks the database what is waiting; nothing is computed from fire times, so a missed
tick costs nothing.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apscheduler.schedulers.background import BackgroundScheduler

from alerts.engine import decide_waiting
from alerts.outbox import send_waiting, stop_sending
from enrichment.contacts import link_waiting
from enrichment.datasets import note_data
from enrichment.identify import identify_unknown_anew, identify_waiting
from enrichment.providers import make_providers, refresh_providers
from enrichment.providers.base import Provider
from enrichment.refresh import RefreshError, refresh_maxmind
from enrichment.refresh_routes import refresh_routes
from enrichment.reverse_dns import NameAsker, delete_old_names
from enrichment.vendors.work import ask_registries, ask_waiting, delete_old_requests
from tracker.db import Database, utc_now
from tracker.ingest import ingest_waiting
from tracker.models import JobTick
from tracker.retention import delete_old
from tracker.settings import Settings

logger = logging.getLogger(__name__)

# Often enough for the health page, seldom enough not to be work of its own.
TICK_EVERY = timedelta(seconds=2)
GATHER_SECONDS = 0.03
# The smallest batch of any step; who did less has seen all that waited.
FULL_BATCH = 200


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps work with; made once per worker process."""

    settings: Settings
    database: Database
    providers: tuple[Provider, ...]
    names: NameAsker = field(default_factory=lambda: NameAsker("off"))


def make_tools(settings: Settings, database: Database) -> Tools:
    providers = make_providers(settings, database)
    return Tools(settings, database, providers, NameAsker(settings.dns_resolver))


def take_hits(tools: Tools, now: datetime) -> int:
    return ingest_waiting(tools.database, tools.settings.inbox_dir, now)


def link_contacts(tools: Tools, now: datetime) -> int:
    return link_waiting(tools.database, now)


def identify(tools: Tools, now: datetime) -> int:
    return identify_waiting(tools.database, tools.providers, now)


def decide(tools: Tools, now: datetime) -> int:
    return decide_waiting(tools.database, tools.settings, now)


def deliver(tools: Tools, now: datetime) -> int:
    return send_waiting(tools.database, tools.settings, now)


def ask_vendors(tools: Tools, now: datetime) -> int:
    return ask_waiting(tools.database, tools.settings, now)


def ask_rdap(tools: Tools, now: datetime) -> int:
    return ask_registries(tools.database, tools.settings, now)


def ask_names(tools: Tools, now: datetime) -> int:
    return tools.names.ask_waiting(tools.database, now)


def fetch_data(tools: Tools, now: datetime) -> int:
    """Both sources, also when one of them fails. Returns 0: once is enough."""
    faults = []
    for refresh in (refresh_maxmind, refresh_routes):
        try:
            refresh(tools.settings, now)
        except RefreshError as error:
            faults.append(str(error))
    if faults:
        raise RefreshError("; ".join(faults))
    return 0


def swap_data(tools: Tools, now: datetime) -> int:
    """Visits that nobody was found for run again when the data changed. Returns 0: once is enough."""
    swapped = refresh_providers(tools.providers)
    # Files may have come, and the program with its own data may be newer, while no worker ran.
    if note_data(tools.settings.data_dir) or swapped:
        identify_unknown_anew(tools.database, now)
    return 0


def clean_up(tools: Tools, now: datetime) -> int:
    delete_old_requests(tools.database, now)
    delete_old_names(tools.database, now)
    return delete_old(tools.database, now)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing a job does. It returns how much it did; more than nothing means: ask again."""

    name: str
    work: Callable[[Tools, datetime], int]


@dataclass(frozen=True, slots=True)
class Job:
    """Steps that run in order in one thread, at least every `seconds`, and at once when rung."""

    name: str
    seconds: float
    steps: tuple[Step, ...]
    rings: str = ""  # the job to ring when this one has done something


# Sending waits for far ends, so it has a thread of its own and never holds up the way of a page view.
JOBS: tuple[Job, ...] = (
    Job(
        "page views",
        1,
        (
            Step("hits", take_hits),
            Step("contacts", link_contacts),
            Step("identification", identify),
            Step("decisions", decide),
        ),
        rings="sending",
    ),
    Job("sending", 1, (Step("deliveries", deliver),)),
    # Vendors are far ends too; a visit they know is identified anew by the first job.
    Job("vendors", 2, (Step("vendors", ask_vendors),), rings="page views"),
    Job("registries", 5, (Step("registries", ask_rdap),), rings="page views"),
    Job("names", 2, (Step("names", ask_names),), rings="page views"),
    Job("data", 30, (Step("data", swap_data),)),
    Job("fetching", 600, (Step("fetching", fetch_data),)),
    Job("cleaning", 3600, (Step("cleaning", clean_up),)),
)


class Runner(threading.Thread):
    """The thread of one job."""

    def __init__(self, job: Job, tools: Tools, ring_next: Callable[[], None]) -> None:
        super().__init__(name=f"job {job.name}", daemon=True)
        self.job = job
        self.tools = tools
        self.ring_next = ring_next
        self.rung = threading.Event()
        self.stopping = threading.Event()
        self.ticked: dict[str, datetime] = {}

    def ring(self) -> None:
        self.rung.set()

    def stop(self) -> None:
        self.stopping.set()
        self.rung.set()

    def run(self) -> None:
        while not self.stopping.is_set():
            self.rung.wait()
            # Cleared before the work: a ring during it means one more round, never a lost one.
            self.rung.clear()
            if not self.stopping.is_set():
                self.work()

    def work(self) -> None:
        """A round of all steps, and another as long as one of them was given a full batch."""
        most = FULL_BATCH
        while most >= FULL_BATCH and not self.stopping.is_set():
            most = max([self.take_step(step) for step in self.job.steps])
            if most:
                self.ring_next()
                # Under load the next round finds a batch instead of a single hit, at a fraction of the cost.
                self.stopping.wait(GATHER_SECONDS)

    def take_step(self, step: Step) -> int:
        """One step; an error is logged and shown, and the next ring tries again."""
        try:
            done = step.work(self.tools, utc_now())
        except Exception as error:
            logger.exception("step=%s failed", step.name)
            self.tick(step, utc_now(), f"{type(error).__name__}: {error}"[:2000])
            return 0
        self.tick(step, utc_now(), "")
        return done

    def tick(self, step: Step, now: datetime, error: str) -> None:
        """Writes down that the step did its work, or why not; seldom while all is well."""
        if not error and now - self.ticked.get(step.name, now - 2 * TICK_EVERY) < TICK_EVERY:
            return
        try:
            record_tick(self.tools.database, step.name, now, error)
        except Exception:
            logger.exception("step=%s cannot record its tick", step.name)
        self.ticked[step.name] = now


def record_tick(database: Database, name: str, now: datetime, error: str) -> None:
    with database.write() as session:
        row = session.get(JobTick, name) or JobTick(job=name, ticked_at=now, error="")
        row.worker = f"{socket.gethostname()}:{os.getpid()}"
        if error:
            row.failed_at, row.error = now, error
        else:
            row.ticked_at, row.error = now, ""
        session.add(row)


@dataclass
class Worker:
    """All jobs, their clock and the socket that rings them."""

    tools: Tools
    runners: dict[str, Runner] = field(default_factory=dict)
    clock: BackgroundScheduler = field(
        default_factory=lambda: BackgroundScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
    )
    clock_ticked: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        for job in JOBS:
            self.runners[job.name] = Runner(job, self.tools, self._ring_after(job))
        for runner in self.runners.values():
            runner.start()
            runner.ring()
            self.clock.add_job(runner.ring, "interval", seconds=runner.job.seconds, name=runner.job.name)
        self.clock.add_job(self._note_clock, "interval", seconds=1, name="clock")
        self.clock.start()
        threading.Thread(target=self._listen, name="wake", daemon=True).start()

    def stop(self, timeout: float = 10) -> None:
        """Lets each job finish what it has begun; `timeout` is in seconds for all together."""
        self.clock.shutdown(wait=False)
        for runner in self.runners.values():
            runner.stop()
        deadline = time.monotonic() + timeout
        for runner in self.runners.values():
            runner.join(max(0.0, deadline - time.monotonic()))
        stop_sending(self.tools.database, max(0.1, deadline - time.monotonic()))

    def is_well(self) -> bool:
        """False when the clock or a job's thread has died, which only a new process mends."""
        clock_is_late = time.monotonic() - self.clock_ticked > 10
        return not clock_is_late and all(runner.is_alive() for runner in self.runners.values())

    def _ring_after(self, job: Job) -> Callable[[], None]:
        return lambda: self.runners[job.rings].ring() if job.rings else None

    def _note_clock(self) -> None:
        self.clock_ticked = time.monotonic()

    def _listen(self) -> None:
        """Rings the first job at each datagram from a collector."""
        path = self.tools.settings.wake_path
        path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(path))
            while True:
                listener.recv(16)
                self.runners[JOBS[0].name].ring()


def work_off(tools: Tools) -> Iterator[int]:
    """Rounds of the page view's steps until nothing waits, without threads or sending; yields after each."""
    while done := sum(step.work(tools, utc_now()) for step in JOBS[0].steps):
        yield done
