"""Prerendered pages, in a browser that is driven by its own page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.plain import HeldServer, plain_chromium
from tests.browser.recorder import Recorder
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
def prerendered(chromium_path: Path, held_site: HeldServer, tmp_path: Path) -> Iterator[None]:
    """The browser shows the first page and has prerendered the next one."""
    with plain_chromium(chromium_path, held_site.address("/"), tmp_path):
        wait_until(lambda: held_site.asked("/waited"), what="the prerendered page")
        yield


@pytest.mark.usefixtures("prerendered")
def test_a_prerendered_page_is_reported_only_when_it_is_shown(
    held_site: HeldServer, collector: Recorder
) -> None:
    assert collector.posts == []
    held_site.go.set()
    [view] = collector.wait_for("pageview")
    assert view["u"] == held_site.address("/next")
    assert held_site.asked("/next") == 1


@pytest.mark.usefixtures("prerendered")
def test_a_prerendered_page_that_is_thrown_away_is_never_reported(
    held_site: HeldServer, collector: Recorder
) -> None:
    held_site.link = "/other"
    held_site.go.set()
    wait_until(lambda: held_site.asked("/arrived"), what="the other page")
    assert collector.posts == []
