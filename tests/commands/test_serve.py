"""`doorbell serve` and `doorbell demo` as processes: they start, mend themselves and stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import wait_until
from tests.stand import ROOT, Stand, free_port, page_view

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    stand = Stand(tmp_path)
    stand.start()
    yield stand
    stand.stop()


def test_a_start_is_healthy_and_prints_the_link_of_the_first_admin(stand: Stand) -> None:
    assert stand.status("/healthz") == 200
    log = (stand.data_dir / "serve.log").read_text()
    assert re.search(rf"{stand.url}/setup/[\w-]{{20,}}", log)


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_part_that_dies_is_started_again(stand: Stand, command: str) -> None:
    [victim] = part(stand, command)
    victim.send_signal(signal.SIGKILL)
    wait_until(lambda: set(part(stand, command)) - {victim}, seconds=30, what="a new process")
    wait_until(lambda: stand.status("/healthz") == 200, seconds=60, what="health")


def test_nothing_outlives_a_supervisor_that_is_killed(stand: Stand) -> None:
    tree = stand.tree()
    assert len(tree) >= 4
    stand.kill(tree[:1])
    wait_until(lambda: not any(map(is_running, tree)), seconds=30, what="the end of all processes")


def test_a_stop_ends_all_processes_in_order(stand: Stand) -> None:
    tree = stand.tree()
    process = stand.process
    assert process is not None
    process.terminate()
    assert process.wait(30) == 0
    assert not any(map(is_running, tree))


def test_hits_are_taken_while_no_worker_runs_and_worked_off_later(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.start()
    stand.configure("sites:\n  - {key: acme-web, name: Acme, hosts: [www.acme.test]}\n")
    stand.stop()
    web = subprocess.Popen(
        [sys.executable, "-m", "commands.main", "web", "--port", str(stand.port)],
        cwd=ROOT,
        env=stand.environment(),
    )
    try:
        wait_until(lambda: stand.send("81.224.10.17", page_view("h-1", "/")) == 202, seconds=60)
        assert stand.books()["waiting"] == 1
        wait_until(lambda: stand.status("/healthz") == 503, seconds=60, what="the word that no worker runs")
    finally:
        web.terminate()
        web.wait(30)
    stand.start()
    wait_until(lambda: stand.books()["page_views"] == 1, seconds=30, what="the page view")
    stand.stop()


def test_the_demo_rings_for_all_four_scenarios(tmp_path: Path) -> None:
    log = tmp_path / "demo.log"
    command = [sys.executable, "-m", "commands.main", "demo", "--port", str(free_port())]
    with log.open("w") as output:
        demo = subprocess.Popen(
            [*command, "--data-dir", str(tmp_path / "demo")],
            cwd=ROOT,
            stdout=output,
            stderr=output,
            env={**os.environ, "DOORBELL_DATA_DIR": ""},
        )
    try:
        wait_until(lambda: log.read_text().count("alert to=") >= 4, seconds=200, what="four alerts")
    finally:
        demo.terminate()
        demo.wait(30)
    for words in ("is reading Pricing", "(ideal customer)", "(lost deal) is back", "don't own"):
        assert words in log.read_text()


def part(stand: Stand, command: str) -> list[psutil.Process]:
    """The living child of the supervisor that runs this command; granian's own children look like it."""
    assert stand.process is not None
    children = psutil.Process(stand.process.pid).children()
    return [child for child in children if is_running(child) and child.cmdline()[3:4] == [command]]


def is_running(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
