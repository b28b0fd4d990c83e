"""Engaged time and scroll depth where pages are not as they seem at first."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.recorder import Answer, Recorder, Server
from tests.browser.snippet import ACME, Open

NO_MARGIN = "<style>body{margin:0}img{display:block}</style>"
TALL = '<div style="height: 2880px"></div>'
# A picture of 1 x 1; its size on the page is the style's.
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="7200"></svg>'


def leave(page: Page, site: Server) -> None:
    page.goto(site.put_page("/next", "<!doctype html><title>Next</title>"))


def test_a_slow_picture_counts_in_the_scroll_depth(
    open_page: Open, site: Server, collector: Recorder
) -> None:
    collector.pages["/held"] = Answer(200, {"Content-Type": "image/svg+xml"}, PICTURE)
    collector.gate.clear()
    late = f"<script>onclick=()=>{{document.images[0].src='{collector.address('/held')}'}}</script>"
    page = open_page(head=NO_MARGIN, body=f"<img>{late}")
    page.mouse.click(5, 5)
    # What is reported waits as well, but is recorded at once.
    collector.wait_for("pageview")
    collector.gate.set()
    page.wait_for_function("() => document.images[0].naturalHeight == 7200")
    leave(page, site)
    assert collector.wait_for("engagement")[-1]["sd"] == 10


def test_a_step_to_a_shorter_page_does_not_make_the_longer_one_read(
    open_page: Open, collector: Recorder
) -> None:
    page = open_page("/a", head=NO_MARGIN, body=TALL)
    collector.wait_for("pageview")
    page.evaluate("() => { scrollTo(0, 720) }")
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    # As routers do: the address, then the page, then back to its top.
    page.evaluate(
        "() => { history.pushState({}, '', '/b'); document.querySelector('div').remove(); scrollTo(0, 0) }"
    )
    collector.wait_for("pageview", 2)
    [hit] = collector.wait_for("engagement")
    assert (hit["u"].split("/")[-1], hit["sd"]) == ("a", 50)


def test_the_clock_stands_still_while_the_page_is_hidden(
    open_page: Open, site: Server, collector: Recorder
) -> None:
    hide = "Object.defineProperty(document, 'hidden', {get: () => !!window.away})"
    page = open_page(head=f"<script>{hide}</script>")
    collector.wait_for("pageview")
    page.evaluate(
        "() => { window.away = true; document.dispatchEvent(new Event('visibilitychange', {bubbles: true})) }"
    )
    [first] = collector.wait_for("engagement")
    page.evaluate("() => { window.from = performance.now() }")
    page.wait_for_function("() => performance.now() - window.from > 3200")
    leave(page, site)
    page.goto(site.address("/pricing", ACME))
    collector.wait_for("pageview", 1)
    assert [hit for hit in collector.hits("engagement") if hit["pv"] == first["pv"]] == [first]
