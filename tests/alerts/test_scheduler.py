"""The worker's jobs: rung at once, each on its own, and honest about what they did."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest

from alerts import scheduler
from alerts.scheduler import FULL_BATCH, JOBS, Job, Runner, Step, Tools, Worker, record_tick
from tests.conftest import wait_until
from tracker.db import Database
from tracker.inbox import wake
from tracker.models import JobTick
from tracker.settings import Settings


@pytest.fixture
def tools(settings: Settings, database: Database) -> Tools:
    return Tools(settings, database, ())


class Counted:
    """A step that counts its calls and does `amounts` of work, then nothing."""

    def __init__(self, *amounts: int, error: Exception | None = None) -> None:
        self.amounts = list(amounts)
        self.error = error
        self.calls = 0
        self.called = threading.Event()

    def __call__(self, tools: Tools, now: datetime) -> int:
        self.calls += 1
        self.called.set()
        if self.error:
            raise self.error
        return self.amounts.pop(0) if self.amounts else 0


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Job]]:
    """The table of jobs for the test; every ring is by hand or by a datagram."""
    table: list[Job] = []
    monkeypatch.setattr(scheduler, "JOBS", table)
    yield table


def tick(database: Database, name: str) -> JobTick | None:
    with database.read() as session:
        return session.get(JobTick, name)


def test_the_way_of_a_page_view_is_one_job_and_sending_another() -> None:
    steps = {job.name: [step.name for step in job.steps] for job in JOBS}
    assert steps["page views"] == ["hits", "contacts", "identification", "decisions"]
    assert steps["sending"] == ["deliveries"]
    assert next(job for job in JOBS if job.name == "page views").rings == "sending"


def test_a_step_that_fails_does_not_stop_the_others_and_says_why(tools: Tools) -> None:
    good = Counted(1)
    job = Job("a job", 1, (Step("bad", Counted(error=ValueError("no luck"))), Step("good", good)))
    Runner(job, tools, lambda: None).work()
    assert good.calls == 1
    bad = tick(tools.database, "bad")
    assert bad is not None
    assert (bad.error, bad.failed_at is not None) == ("ValueError: no luck", True)
    assert tick(tools.database, "good") is not None


def test_a_full_batch_asks_for_more_at_once(tools: Tools) -> None:
    step = Counted(FULL_BATCH, FULL_BATCH, 3)
    Runner(Job("a job", 1, (Step("step", step),)), tools, lambda: None).work()
    assert step.calls == 3


def test_work_done_rings_the_next_job_and_idleness_does_not(tools: Tools) -> None:
    rings: list[int] = []
    runner = Runner(Job("a job", 1, (Step("step", Counted(1)),)), tools, lambda: rings.append(1))
    runner.work()
    runner.work()
    assert rings == [1]


def test_a_good_tick_clears_the_error_of_the_last(tools: Tools, now: datetime) -> None:
    record_tick(tools.database, "step", now, "broken")
    record_tick(tools.database, "step", now, "")
    row = tick(tools.database, "step")
    assert row is not None
    assert (row.error, row.failed_at, row.ticked_at) == ("", now, now)


def test_a_datagram_rings_the_first_job(tools: Tools, jobs: list[Job]) -> None:
    step = Counted()
    jobs.append(Job("page views", 3600, (Step("hits", step),)))
    worker = Worker(tools)
    worker.start()
    try:
        wait_until(lambda: step.calls == 1, what="the first round")
        wait_until(tools.settings.wake_path.exists, what="the socket")
        step.called.clear()
        wake(tools.settings.wake_path)
        assert step.called.wait(30)
    finally:
        worker.stop()


def test_the_clock_rings_by_itself(tools: Tools, jobs: list[Job]) -> None:
    step = Counted()
    jobs.append(Job("page views", 0.05, (Step("hits", step),)))
    worker = Worker(tools)
    worker.start()
    try:
        wait_until(lambda: step.calls > 3, what="rounds by the clock")
        assert worker.is_well()
    finally:
        worker.stop()


def test_a_worker_whose_clock_has_died_is_not_well(tools: Tools, jobs: list[Job]) -> None:
    jobs.append(Job("page views", 3600, (Step("hits", Counted()),)))
    worker = Worker(tools)
    worker.start()
    try:
        worker.clock.shutdown(wait=False)
        worker.clock_ticked -= 60
        assert not worker.is_well()
    finally:
        worker.clock.start()
        worker.stop()


def test_a_worker_with_a_dead_job_is_not_well(tools: Tools, jobs: list[Job]) -> None:
    jobs.append(Job("page views", 3600, (Step("hits", Counted()),)))
    worker = Worker(tools)
    worker.start()
    runner = worker.runners["page views"]
    runner.stop()
    runner.join(30)
    assert not worker.is_well()
    worker.stop()


def test_the_wake_socket_is_a_datagram_socket_that_takes_over_a_left_one(
    tools: Tools, jobs: list[Job]
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(str(tools.settings.wake_path))
    step = Counted()
    jobs.append(Job("page views", 3600, (Step("hits", step),)))
    worker = Worker(tools)
    worker.start()
    try:
        wait_until(lambda: step.calls == 1, what="the first round")

        def woken() -> bool:
            wake(tools.settings.wake_path)
            return step.calls > 1

        wait_until(woken, what="a ring through the new socket")
    finally:
        worker.stop()
