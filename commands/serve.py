"""`doorbell serve`: everything on one machine, with one command."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field

import click

from commands.common import open_database
from commands.logs import log_to_stderr
from commands.parent import PARENT
from tracker.db import utc_now
from tracker.settings import read_settings
from web.accounts import make_first_admin_link

logger = logging.getLogger(__name__)

# A child that dies at once is not started again in a tight loop.
RESTART_AFTER = 0.5
STOP_WITHIN = 15.0


@dataclass
class Child:
    """One process of ours, started again whenever it ends."""

    arguments: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = field(default=0.0)

    def keep_running(self) -> None:
        if self.process and self.process.poll() is None:
            return
        if self.process:
            logger.error("doorbell %s ended with code %s", self.arguments[0], self.process.returncode)
        if time.monotonic() - self.started >= RESTART_AFTER:
            self.start()

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "commands.main", *self.arguments],
            env={**os.environ, PARENT: str(os.getpid())},
        )

    def stop(self) -> None:
        if self.process:
            self.process.terminate()

    def wait(self, until: float) -> None:
        if not self.process:
            return
        try:
            self.process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
def serve(host: str, port: int, workers: int) -> None:
    """Brings the database up to date and runs web processes and worker together."""
    log_to_stderr()
    # Links are right out of the box also on another port; behind a proxy the admin says the address.
    if "DOORBELL_BASE_URL_FILE" not in os.environ:
        os.environ.setdefault("DOORBELL_BASE_URL", f"http://{host}:{port}")
    greet(host, port)
    run([Child(["web", "--host", host, "--port", str(port), "--workers", str(workers)]), Child(["worker"])])


def greet(host: str, port: int) -> None:
    """Migrates, and prints the one-time link as long as nobody can sign in."""
    settings = read_settings()
    database = open_database(settings)
    link = make_first_admin_link(database, settings, utc_now())
    database.close()
    click.echo(f"Doorbell on http://{host}:{port}")
    if link:
        click.echo(f"Create the first admin here (works once, for 24 hours): {link}")


def run(children: list[Child]) -> None:
    """Keeps the children running until the supervisor is told to stop."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        for child in children:
            child.keep_running()
        stop.wait(0.2)
    for child in children:
        child.stop()
    until = time.monotonic() + STOP_WITHIN
    for child in children:
        child.wait(until)
