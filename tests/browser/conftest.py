"""A real Chromium, and real servers for it to talk to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.recorder import Recorder, Server
from tests.browser.snippet import ACME, Open


@pytest.fixture
def collector() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.gate.set()
    recorder.close()


@pytest.fixture
def site() -> Iterator[Server]:
    """The customer's website."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def open_page(page: Page, site: Server, collector: Recorder) -> Open:
    def open_it(
        path: str = "/pricing",
        *,
        attributes: str = "",
        head: str = "",
        body: str = "",
        title: str = "Pricing",
    ) -> Page:
        tag = collector.tag("bell.acme.test", attributes)
        html = f"<!doctype html><title>{title}</title>{head}{tag}<body>{body}"
        site.put_page(path.split("?")[0].split("#")[0], html)
        page.goto(site.address(path, ACME))
        return page

    return open_it
