"""Segment's and RudderStack's Python packages send to Doorbell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from rudderstack.analytics.client import Client as Rudder
from segment.analytics.client import Client as Segment

from tests.clients.door import Door

Build = Callable[..., Any]
CONTEXT = {
    "ip": "198.51.100.7",
    "userAgent": "Firefox",
    "page": {"url": "https://www.ours.test/pricing", "title": "Pricing"},
}


def make_segment(key: str, url: str, **more: Any) -> Segment:
    return Segment(key, host=url, upload_interval=0.05, **more)


def make_rudder(key: str, url: str, **more: Any) -> Rudder:
    return Rudder(key, host=url, upload_interval=0.05, **more)


CLIENTS = pytest.mark.parametrize("build", [make_segment, make_rudder])


@CLIENTS
@pytest.mark.parametrize("gzip", [False, True])
def test_messages_of_every_type_arrive(build: Build, door: Door, server_key: str, gzip: bool) -> None:
    client = build(server_key, door.url, gzip=gzip)
    client.page("eva", "Docs", "Pricing", {}, context=CONTEXT)
    client.track("eva", "Signed up", {"plan": "pro"}, context=CONTEXT)
    client.identify("eva", {"email": "eva@acme.test", "name": "Eva"}, context=CONTEXT)
    client.group("eva", "acme", {"name": "Acme"}, context=CONTEXT)
    client.screen("eva", "App", "Home", {}, context=CONTEXT)
    client.alias("old", "eva", context=CONTEXT)
    client.shutdown()
    names = ["pageview", "Signed up", "identify", "group", "pageview", "alias"]
    assert [hit.name for hit in door.hits()] == names
    assert {envelope.address for envelope in door.envelopes()} == {"198.51.100.7"}
    assert "sig" in door.named("identify")[0].props
    assert (door.received[0].get("HTTP_CONTENT_ENCODING") == "gzip") == gzip


@CLIENTS
def test_a_refused_batch_is_sent_again(build: Build, door: Door, server_key: str) -> None:
    door.refusals.extend([503, 503])
    client = build(server_key, door.url, gzip=True)
    client.track("eva", "Signed up", context=CONTEXT)
    client.shutdown()
    assert len(door.received) == 3
    assert [hit.name for hit in door.hits()] == ["Signed up"]


@CLIENTS
def test_an_unknown_key_is_told_and_not_tried_again(build: Build, door: Door) -> None:
    errors: list[Exception] = []
    client = build("server_" + "0" * 48, door.url, on_error=lambda error, batch: errors.append(error))
    client.track("eva", "Signed up")
    client.shutdown()
    assert "key_unknown" in str(errors[0])
    assert len(door.received) == 1


def test_the_sites_own_key_may_not_name_an_address(door: Door) -> None:
    client = make_segment("acme-web", door.url)
    client.track("eva", "Signed up", context=CONTEXT)
    client.shutdown()
    assert [envelope.address for envelope in door.envelopes()] == ["127.0.0.1"]


def test_a_large_batch_arrives_whole(door: Door, server_key: str) -> None:
    client = make_segment(server_key, door.url, gzip=True, upload_size=100)
    for number in range(300):
        client.track("eva", f"Event {number}", {"text": "x" * 1_000}, context=CONTEXT)
    client.shutdown()
    assert [hit.name for hit in door.hits()] == [f"Event {number}" for number in range(300)]
