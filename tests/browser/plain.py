"""A Chromium that nobody drives: under DevTools there is no prerendering, and every tab counts as seen."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from tests.browser.recorder import Answer, Received, Server
from tests.chromium import CHROMIUM_FLAGS


class HeldServer(Server):
    """Pages that ask for /go go on when the test lets them; the answer is the link to follow."""

    def __init__(self) -> None:
        super().__init__()
        self.go = Event()
        self.link = "/next"

    def answer(self, request: Received) -> Answer:
        if request.path == "/go":
            self.go.wait(30)
            return Answer(200, body=self.link.encode())
        return super().answer(request)

    def asked(self, path: str) -> int:
        return [request.path for request in self.received].count(path)


@contextmanager
def plain_chromium(program: Path, address: str, profile: Path) -> Iterator[None]:
    """A browser that opens `address`, with an empty profile; pages may open tabs."""
    process = subprocess.Popen(
        [
            program,
            "--headless",
            *CHROMIUM_FLAGS,
            "--disable-popup-blocking",
            f"--user-data-dir={profile}",
            address,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
