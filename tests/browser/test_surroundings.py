"""Pages and browsers that are against us: no error of ours reaches the page, and what can be told is told."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.recorder import Recorder
from tests.browser.snippet import SETTLED, Open, call, drain


@pytest.fixture
def errors(page: Page) -> list[str]:
    """Errors that reached the page."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


BODILESS = "document.addEventListener('DOMContentLoaded', () => document.body.remove())"


def test_a_page_that_has_lost_its_body_is_reported_and_left(
    open_page: Open, collector: Recorder, errors: list[str]
) -> None:
    page = open_page(head=f"<script>{BODILESS}</script>", attributes="data-consent=granted data-forms")
    [view] = collector.wait_for("pageview")
    page.evaluate("() => { dispatchEvent(new Event('scroll')); document.documentElement.click() }")
    page.evaluate("() => { history.pushState({}, '', '/b') }")
    [hit] = collector.wait_for("engagement")
    assert (page.evaluate("document.body"), hit["pv"], errors) == (None, view["pv"], [])


def test_a_page_whose_document_was_emptied_is_reported(
    open_page: Open, collector: Recorder, errors: list[str]
) -> None:
    page = open_page()
    collector.wait_for("pageview")
    page.evaluate("() => { document.documentElement.remove(); dispatchEvent(new Event('blur')) }")
    collector.wait_for("engagement")
    assert errors == []


@pytest.mark.parametrize(
    "trouble",
    [
        "window.dataLayer = {}",
        "window.dataLayer = 'x'",
        "window.__tcfapi = () => { throw Error('a consent tool with a fault') }",
        "window.__tcfapi = 'x'",
        "Object.freeze(history)",
        "window.doorbell = () => {}",
        "window.doorbellTag = null",
    ],
)
def test_what_the_page_has_put_in_our_way_keeps_no_view_back(
    open_page: Open, collector: Recorder, errors: list[str], trouble: str
) -> None:
    page = open_page(head=f"<script>{trouble}</script>")
    collector.wait_for("pageview")
    page.evaluate(SETTLED)
    assert errors == []


def test_without_any_way_to_send_nothing_is_thrown(
    open_page: Open, page: Page, collector: Recorder, errors: list[str]
) -> None:
    open_page(head="<script>window.fetch = navigator.sendBeacon = undefined</script>")
    page.evaluate(SETTLED)
    call(page, "track", "unheard")
    page.evaluate(SETTLED)
    assert (errors, collector.posts) == ([], [])


def test_no_call_throws(open_page: Open, collector: Recorder, errors: list[str]) -> None:
    page = open_page()
    collector.wait_for("pageview")
    page.evaluate(
        "() => { for (const odd of [undefined, null, 0, {}, [], Symbol(), Object.create(null), 1n])"
        " for (const name of ['track', 'identify', 'consent', odd]) doorbell(name, odd, odd) }"
    )
    drain(page, collector)
    assert errors == []
    assert {hit["n"] for hit in collector.hits()} == {"pageview", "identify", "drained"}


def test_two_builds_on_a_page_count_once(open_page: Open, collector: Recorder) -> None:
    page = open_page(body=collector.tag().replace("v.js", "v.lite.js"))
    drain(page, collector)
    assert len(collector.hits("pageview")) == 1
