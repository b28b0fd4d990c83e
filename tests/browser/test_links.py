"""Followed links in a real Chromium, and the visitor they carry to another host of the site."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.recorder import Recorder, Server
from tests.browser.snippet import ACME, Open, drain

PARTNER = "http://www.partner.test/x"


@pytest.mark.parametrize(
    ("href", "name", "url"),
    [
        ("mailto:sales@acme.test?subject=secret", "mailto", "mailto:sales@acme.test"),
        ("tel:+468123456", "tel", "tel:+468123456"),
    ],
)
def test_a_link_to_a_person_is_reported(
    open_page: Open, collector: Recorder, href: str, name: str, url: str
) -> None:
    stop = "<script>addEventListener('click', click => click.preventDefault())</script>"
    page = open_page(body=f'<a href="{href}">Sales</a>{stop}')
    collector.wait_for("pageview")
    page.click("a")
    [hit] = collector.wait_for(name)
    assert hit["p"] == {"url": url}


def test_a_click_with_the_control_key_counts_once(open_page: Open, collector: Recorder) -> None:
    page = open_page(body=f'<a href="{PARTNER}">Partner</a>')
    collector.wait_for("pageview")
    page.click("a", modifiers=["Control"])
    drain(page, collector)
    assert [hit["p"]["url"] for hit in collector.hits("outbound")] == [PARTNER]


def test_the_menu_of_a_link_is_not_following_it(open_page: Open, collector: Recorder) -> None:
    page = open_page(body=f'<a href="{PARTNER}">Partner</a>')
    collector.wait_for("pageview")
    page.click("a", button="right")
    drain(page, collector)
    assert collector.hits("outbound") == []


def test_a_link_in_a_shadow_root_counts(open_page: Open, collector: Recorder) -> None:
    page = open_page(body="<div id=host></div>")
    collector.wait_for("pageview")
    page.evaluate(
        "url => { host.attachShadow({mode: 'open'}).innerHTML = `<a href='${url}'><b>Partner</b></a>` }",
        PARTNER,
    )
    page.click("#host b", no_wait_after=True)
    assert collector.wait_for("outbound")[0]["p"]["url"] == PARTNER


@pytest.mark.parametrize("href", ["/about", "#prices", "javascript:void(0)", "http://", "/disc.iso"])
def test_other_links_are_not_reported(open_page: Open, collector: Recorder, href: str) -> None:
    page = open_page(body=f'<a href="{href}">x</a>')
    collector.wait_for("pageview")
    page.evaluate("() => addEventListener('click', click => click.preventDefault())")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.click("a")
    drain(page, collector)
    assert {hit["n"] for hit in collector.hits()} == {"pageview", "drained"}
    assert errors == []


def cross(
    page: Page,
    site: Server,
    collector: Recorder,
    *,
    attributes: str,
    target: str = "",
    host: str = "www.shop.test",
) -> None:
    """Follows a link from Acme's site to the shop's, both with the same tag."""
    tag = collector.tag("bell.acme.test", attributes)
    shop = site.address("/cart?plan=pro", host)
    site.put_page("/cart", f"<!doctype html><title>Cart</title>{tag}")
    site.put_page("/a", f'<!doctype html><title>A</title>{tag}<a {target} href="{shop}">Shop</a>')
    page.goto(site.address("/a", ACME))
    collector.wait_for("pageview")
    page.click("a")
    collector.wait_for("pageview", 2)


def hosts(site: Server) -> str:
    return f'data-domains="{ACME}:{site.port} www.shop.test:{site.port}"'


def visitors(collector: Recorder) -> set[tuple[str, str]]:
    return {(envelope["i"], envelope["ss"]) for envelope in collector.envelopes}


def test_a_link_to_a_listed_host_carries_the_visitor(page: Page, site: Server, collector: Recorder) -> None:
    cross(page, site, collector, attributes=f"data-consent=granted {hosts(site)}")
    assert len(visitors(collector)) == 1
    assert collector.hits("pageview")[1]["u"] == site.address("/cart?plan=pro", "www.shop.test")
    assert collector.hits("outbound") == []


def test_in_a_new_tab_too_and_the_link_stays_as_it_was(page: Page, site: Server, collector: Recorder) -> None:
    cross(page, site, collector, attributes=f"data-consent=granted {hosts(site)}", target="target=_blank")
    assert len(visitors(collector)) == 1
    assert page.get_attribute("a", "href") == site.address("/cart?plan=pro", "www.shop.test")


def test_a_link_to_another_host_carries_nothing(page: Page, site: Server, collector: Recorder) -> None:
    cross(page, site, collector, attributes="data-consent=granted")
    assert len(visitors(collector)) == 2
    assert "_doorbell" not in str([request.path for request in site.received])


def test_without_consent_nothing_is_carried(page: Page, site: Server, collector: Recorder) -> None:
    cross(page, site, collector, attributes=hosts(site))
    assert "_doorbell" not in str([request.path for request in site.received])


@pytest.mark.parametrize(
    ("age", "referrer", "taken"),
    [
        (0, ACME, True),
        (110_000, ACME, True),
        (125_000, ACME, False),
        (-60_000, ACME, False),
        (0, "evil.test", False),
    ],
)
def test_a_carried_visitor_is_believed_for_two_minutes_from_a_listed_host(
    page: Page,
    context: BrowserContext,
    site: Server,
    collector: Recorder,
    age: int,
    referrer: str,
    taken: bool,
) -> None:
    sent = int(time.time() * 1000) - age
    link = site.address(f"/cart?_doorbell=visitor-123.visit123.{sent}", "www.shop.test")
    site.put_page("/cart", collector.tag("bell.acme.test", f"data-consent=granted {hosts(site)}"))
    site.put_page("/mail", f'<!doctype html><a href="{link}">x</a>')
    page.goto(site.address("/mail", referrer))
    page.click("a")
    collector.wait_for("pageview")
    assert (visitors(collector) == {("visitor-123", "visit123")}) is taken
    assert "_doorbell" not in collector.hits("pageview")[0]["u"]


def test_debug_prints_what_was_sent_and_why_not(open_page: Open, collector: Recorder) -> None:
    messages: list[str] = []
    page = open_page(attributes="data-consent=required")
    page.on("console", lambda message: messages.append(message.text))
    with page.expect_console_message() as first:
        page.evaluate("() => doorbell('debug')")
    assert first.value.text == "doorbell: no view: no consent"
    page.evaluate("() => doorbell('consent', 'y')")
    collector.wait_for("pageview")
    page.wait_for_function("() => true")
    drain(page, collector)
    assert any(message.startswith("doorbell: 202") for message in messages)
