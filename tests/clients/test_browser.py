"""Segment's package for browsers, in Chromium, on a page of another origin than Doorbell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.recorder import Answer, Server
from tests.clients.door import Door
from tests.conftest import Cast, wait_until

UMD = Path(__file__).parent / "node_modules" / "@segment" / "analytics-next" / "dist" / "umd"


@pytest.fixture
def site() -> Iterator[Server]:
    """The customer's website, which has the package among its own files."""
    if not UMD.exists():
        pytest.skip("no Node packages here: npm ci in tests/clients")
    server = Server()
    for file in UMD.glob("*.js"):
        server.pages[f"/umd/{file.name}"] = Answer(
            200, {"Content-Type": "text/javascript"}, file.read_bytes()
        )
    yield server
    server.close()


def open_page(page: Page, site: Server, door: Door, strategy: str = "standard") -> None:
    """A page that loads the client, sees itself, tracks and identifies."""
    integration = {"deliveryStrategy": {"strategy": strategy, "config": {"size": 3, "timeout": 100}}}
    site.put_page(
        "/pricing",
        f"""<!doctype html><title>Pricing</title><script src="/umd/index.js"></script><script>
        const sent = AnalyticsNext.AnalyticsBrowser.load(
          {{ writeKey: "acme-web", cdnURL: "{door.url}" }},
          {{ integrations: {{ "Segment.io": {json.dumps(integration)} }} }});
        sent.page();
        sent.track("Signed up", {{ plan: "pro" }});
        sent.identify("eva", {{ email: "eva@acme.test" }});
        </script>""",
    )
    page.goto(site.address("/pricing?utm_source=news", "www.ours.test"))


@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_messages_arrive(page: Page, site: Server, door: Door, strategy: str) -> None:
    open_page(page, site, door, strategy)
    wait_until(lambda: len(door.hits()) == 3, seconds=60, what="the messages")
    assert sorted(hit.name for hit in door.hits()) == ["Signed up", "identify", "pageview"]
    (view,) = door.named("pageview")
    assert view.url.endswith("/pricing?utm_source=news")
    assert view.title == "Pricing"
    (claim,) = door.named("identify")
    assert claim.props == {"email": "eva@acme.test"}


def test_a_refused_message_is_sent_again(page: Page, site: Server, door: Door) -> None:
    door.refusals.extend([503, 503, 503])
    open_page(page, site, door)
    wait_until(lambda: len(door.hits()) == 3, seconds=100, what="the messages")
    assert any(headers.get("HTTP_X_RETRY_COUNT") for headers in door.received)


def test_no_visitor_is_kept_where_the_site_does_not_ask(
    page: Page, site: Server, door: Door, cast: Cast
) -> None:
    open_page(page, site, door)
    wait_until(lambda: len(door.hits()) == 3, seconds=60, what="the messages")
    assert {(envelope.visitor, envelope.user_id) for envelope in door.envelopes()} == {("", "")}
