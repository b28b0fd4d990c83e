"""`doorbell worker`: the process that turns hits into visits, identifications and alerts."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import threading

import click

from alerts.scheduler import Worker, make_tools
from commands.common import open_database
from commands.logs import log_to_stderr
from commands.parent import die_with_parent
from tracker.settings import Settings, read_settings

logger = logging.getLogger(__name__)


@click.command()
def worker() -> None:
    """Does the work behind the web processes: visits, identification, rules, sending."""
    log_to_stderr()
    die_with_parent()
    settings = read_settings()
    with (settings.data_dir / "worker.lock").open("a") as lock:
        wait_for_turn(lock.fileno(), settings)
        sys.exit(work(settings))


def wait_for_turn(lock: int, settings: Settings) -> None:
    """Two workers on one data directory would read the same inbox, so the second stands by."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        logger.warning("another worker runs on data_dir=%s; waiting for it to end", settings.data_dir)
        fcntl.flock(lock, fcntl.LOCK_EX)


def work(settings: Settings) -> int:
    """Works until told to stop; 1 when a part of the worker has died and a new process is needed."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    process = Worker(make_tools(settings, open_database(settings)))
    process.start()
    logger.info("worker started pid=%s", os.getpid())
    while not stop.wait(1):
        if not process.is_well():
            logger.error("the clock or a job has died; ending so that a new worker can start")
            return 1
    process.stop()
    return 0
