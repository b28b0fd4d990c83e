"""A page in a tab that is really in the background, in a browser that is driven by its own pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.plain import HeldServer, plain_chromium
from tests.browser.recorder import Recorder
from tests.conftest import wait_until

# Another tab comes to the front; once this one is hidden, it goes to the page that is tested.
START = """<script>
document.addEventListener('visibilitychange', () => { if (document.hidden) location = '/next' })
open('/front')
</script>"""
FRONT = "<script>fetch('/go').then(() => close())</script>"
# Said well after a page that is seen would have reported its view.
WAITED = "<script>setTimeout(() => document.hidden && fetch('/waited'), 1000)</script>"


@pytest.fixture
def site_in_tabs(collector: Recorder) -> Iterator[HeldServer]:
    server = HeldServer()
    server.put_page("/", f"<!doctype html><title>Start</title>{START}")
    server.put_page("/front", f"<!doctype html><title>Front</title>{FRONT}")
    server.put_page("/next", f"<!doctype html><title>Next</title>{collector.tag()}{WAITED}")
    yield server
    server.go.set()
    server.close()


def test_a_tab_in_the_background_is_reported_when_it_comes_to_the_front(
    site_in_tabs: HeldServer, collector: Recorder, chromium_path: Path, tmp_path: Path
) -> None:
    with plain_chromium(chromium_path, site_in_tabs.address("/"), tmp_path):
        wait_until(lambda: site_in_tabs.asked("/waited"), what="the page in the background")
        assert collector.posts == []
        site_in_tabs.go.set()
        [view] = collector.wait_for("pageview")
        assert view["u"] == site_in_tabs.address("/next")
