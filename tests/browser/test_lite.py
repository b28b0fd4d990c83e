"""The lite build in a real Chromium: page views and attention, no visitor and no storage."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.recorder import STATIC, Recorder, Server
from tests.browser.snippet import ACME, BACK, SETTLED, drain, paths, storage


@pytest.fixture
def lite_page(page: Page, site: Server, collector: Recorder) -> Page:
    sri = json.loads((STATIC / "manifest.json").read_text())["lite"]["sri"]
    tag = collector.tag("bell.acme.test", f'integrity="{sri}" crossorigin data-consent=granted')
    site.put_page("/a", f"<!doctype html><title>A</title>{tag.replace('v.js', 'v.lite.js')}")
    page.goto(site.address("/a?pw=secret&plan=pro", ACME))
    collector.wait_for("pageview")
    return page


def test_views_actions_and_attention_are_reported(lite_page: Page, collector: Recorder) -> None:
    lite_page.evaluate("() => { history.pushState({}, '', '/old'); history.replaceState({}, '', '/b') }")
    collector.wait_for("pageview", 2)
    lite_page.evaluate("() => doorbell('track', 'asked', {seats: 3})")
    [action] = collector.wait_for("asked")
    assert paths(collector) == ["/a?plan=pro", "/b"]
    assert action["p"] == {"seats": 3}
    assert collector.hits("engagement")[0]["u"].endswith("/a?plan=pro")


def test_nothing_is_stored_and_nobody_is_known(
    lite_page: Page, context: BrowserContext, collector: Recorder
) -> None:
    lite_page.evaluate("() => doorbell('consent', 'y')")
    drain(lite_page, collector)
    assert storage(lite_page, context) == []
    assert all(envelope["c"] == "n" and "i" not in envelope for envelope in collector.envelopes)


def test_a_page_from_the_page_cache_is_a_new_view(lite_page: Page, site: Server, collector: Recorder) -> None:
    lite_page.goto(site.put_page("/next", "<!doctype html><title>Next</title>"))
    lite_page.evaluate(BACK)
    first, second = collector.wait_for("pageview", 2)
    assert first["pv"] != second["pv"]


def test_a_hidden_page_waits(page: Page, site: Server, collector: Recorder) -> None:
    hide = "<script>Object.defineProperty(document, 'hidden', {get: () => true})</script>"
    site.put_page("/a", f"<!doctype html>{hide}{collector.tag().replace('v.js', 'v.lite.js')}")
    page.goto(site.address("/a"))
    page.evaluate(SETTLED)
    page.evaluate("() => new Promise(done => setTimeout(done, 600))")
    assert collector.posts == []
