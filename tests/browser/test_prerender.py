"""Prerendered pages. Playwright switches prerendering off, so a plain Chromium is driven by its own page."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.browser.recorder import Answer, Received, Recorder, Server
from tests.chromium import CHROMIUM_FLAGS
from tests.conftest import wait_until

RULES = (
    '<script type="speculationrules">'
    '{"prerender":[{"source":"list","urls":["/next"],"eagerness":"immediate"}]}</script>'
)
# The one link that the answer names is followed.
CLICK = (
    "<script>fetch('/go').then(answer => answer.text())"
    ".then(path => document.querySelector(`[href='${path}']`).click())</script>"
)
LINKS = '<a href="/next">Next</a><a href="/other">Other</a>'
# Said by the prerendered page itself, well after it would have reported its view.
WAITED = "<script>setTimeout(() => document.prerendering && fetch('/waited'), 300)</script>"


class HeldServer(Server):
    """Answers /go only when the test lets it, with the link to follow."""

    def __init__(self) -> None:
        super().__init__()
        self.go = Event()
        self.link = "/next"

    def answer(self, request: Received) -> Answer:
        if request.path == "/go":
            self.go.wait(30)
            return Answer(200, body=self.link.encode())
        return super().answer(request)


@pytest.fixture
def held_site(collector: Recorder) -> Iterator[HeldServer]:
    server = HeldServer()
    server.put_page("/", f"<!doctype html><title>Start</title>{RULES}{LINKS}{CLICK}")
    server.put_page("/other", "<!doctype html><title>Other</title><script>fetch('/arrived')</script>")
    server.put_page("/next", f"<!doctype html><title>Next</title>{collector.tag()}{WAITED}")
    yield server
    server.go.set()
    server.close()


@pytest.fixture
def plain_chromium(chromium_path: Path, held_site: HeldServer, tmp_path: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [chromium_path, "--headless", *CHROMIUM_FLAGS, f"--user-data-dir={tmp_path}", held_site.address("/")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.usefixtures("plain_chromium")
def test_a_prerendered_page_is_reported_only_when_it_is_shown(
    held_site: HeldServer, collector: Recorder
) -> None:
    asked = held_site.received
    wait_until(lambda: "/waited" in [r.path for r in asked], seconds=30, what="the prerendered page")
    assert collector.posts == []
    held_site.go.set()
    [view] = collector.wait_for("pageview")
    assert view["u"] == held_site.address("/next")
    assert [request.path for request in asked].count("/next") == 1


@pytest.mark.usefixtures("plain_chromium")
def test_a_prerendered_page_that_is_thrown_away_is_never_reported(
    held_site: HeldServer, collector: Recorder
) -> None:
    asked = held_site.received
    wait_until(lambda: "/waited" in [r.path for r in asked], seconds=30, what="the prerendered page")
    held_site.link = "/other"
    held_site.go.set()
    wait_until(lambda: "/arrived" in [r.path for r in asked], seconds=30, what="the other page")
    assert collector.posts == []
