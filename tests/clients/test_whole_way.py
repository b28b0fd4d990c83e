"""From a request of Segment's kind to visits, actions and people; and what the doors answer."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, update

from enrichment.contacts import link_waiting
from enrichment.identify import identify_waiting
from enrichment.models import Identification, Proof, VisitorContact
from tests.clients.door import Door
from tracker.db import Database, utc_now
from tracker.ingest import ingest_waiting
from tracker.models import Action, PageView, QuarantinedHit, Site, Visit, Visitor
from tracker.segment_routes import ROUTES

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


def message(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "anonymousId": "0f1e2d3c-1111", "context": {"userAgent": FIREFOX}} | more


def post(door: Door, key: str, *messages: dict[str, Any]) -> requests.Response:
    return requests.post(f"{door.url}/v1/batch", json={"batch": messages, "writeKey": key}, timeout=30)


def work(door: Door, database: Database, tmp_path: Path) -> None:
    """What the worker does with what came in."""
    ingest_waiting(database, tmp_path / "inbox", utc_now())
    identify_waiting(database, (), utc_now())
    link_waiting(database, utc_now())


def ask_for_consent(database: Database) -> None:
    with database.write() as session:
        session.execute(update(Site).values(sender_consent=True))


@BOTH
def test_a_server_proves_who_a_visitor_is(
    door: Door, server_key: str, database: Database, tmp_path: Path
) -> None:
    identify = message("identify", traits={"email": "Eva@Acme.test", "name": "Eva"}, messageId="m-1")
    assert post(door, server_key, identify).json() == {"success": True}
    work(door, database, tmp_path)
    with database.read() as session:
        link = session.scalars(select(VisitorContact)).one()
    assert (link.email, link.proof) == ("eva@acme.test", Proof.PROVED)


def test_a_browser_only_claims(door: Door, database: Database, tmp_path: Path) -> None:
    post(door, "acme-web", message("identify", traits={"email": "eva@acme.test"}, messageId="m-1"))
    work(door, database, tmp_path)
    with database.read() as session:
        assert session.scalars(select(VisitorContact.proof)).all() == [Proof.CLAIMED]


@BOTH
def test_messages_of_one_visitor_are_one_visit_and_count_once(
    door: Door, server_key: str, database: Database, tmp_path: Path
) -> None:
    ask_for_consent(database)
    page = message("page", properties={"url": "https://www.ours.test/pricing"}, messageId="m-1")
    track = message("track", event="Signed up", messageId="m-2")
    for _ in range(2):
        post(door, server_key, page, track)
    work(door, database, tmp_path)
    with database.read() as session:
        counts = [session.scalar(select(func.count()).select_from(it)) for it in (Visit, PageView, Action)]
        assert session.scalars(select(Visitor.key)).all() == ["0f1e2d3c-1111"]
    assert counts == [1, 1, 1]


def test_a_visit_without_an_address_is_nobodys(
    door: Door, server_key: str, database: Database, tmp_path: Path
) -> None:
    post(door, server_key, message("track", event="Signed up", messageId="m-1"))
    work(door, database, tmp_path)
    with database.read() as session:
        assert session.scalars(select(Visit.address)).all() == [""]
        assert session.scalars(select(Identification.company_id)).all() == [None]
        assert session.scalars(select(QuarantinedHit.id)).all() == []


def test_a_server_does_not_take_a_visits_address_away(
    door: Door, server_key: str, database: Database, tmp_path: Path
) -> None:
    ask_for_consent(database)
    post(door, server_key, message("track", event="Signed up", messageId="m-1"))
    agent = {"userAgent": FIREFOX, "ip": "198.51.100.7"}
    page = message("page", properties={"url": "https://www.ours.test/"}, messageId="m-2", context=agent)
    post(door, server_key, page)
    work(door, database, tmp_path)
    with database.read() as session:
        assert session.scalars(select(Visit.address)).all() == ["198.51.100.7"]


def test_a_browser_may_send_the_headers_of_a_retry_everywhere(door: Door) -> None:
    for route in (*ROUTES, "projects/acme-web/settings"):
        answer = requests.options(f"{door.url}/v1/{route}", timeout=30)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
        allowed = answer.headers["Access-Control-Allow-Headers"]
        assert allowed == "authorization, content-type, x-retry-count"
        assert "POST" in answer.headers["Access-Control-Allow-Methods"]


ONE_OF_EACH: dict[str, dict[str, Any]] = {
    "track": {"event": "Signed up"},
    "page": {"properties": {"url": "https://www.ours.test/"}},
    "identify": {"traits": {"email": "eva@acme.test"}},
    "group": {"groupId": "acme"},
    "alias": {"previousId": "old"},
    "screen": {"name": "Home"},
}
NAMES = {"track": "Signed up", "page": "pageview", "screen": "pageview"}


def test_every_route_takes_its_message_as_text_of_a_page_or_json_of_a_server(door: Door) -> None:
    for at, (route, kind) in enumerate(ROUTES.items()):
        body = {"anonymousId": "0f1e2d3c-1111", "messageId": f"m-{at}", "writeKey": "acme-web"}
        body |= ONE_OF_EACH[kind] if kind else {"batch": [message("track", event="Signed up", **body)]}
        content_type = ("text/plain", "application/json")[at % 2]
        answer = requests.post(
            f"{door.url}/v1/{route}",
            data=json.dumps(body),
            headers={"Content-Type": content_type},
            timeout=30,
        )
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert (door.hits()[-1].id, door.hits()[-1].name) == (f"m-{at}", NAMES.get(kind or "track", kind))


def test_other_methods_are_not_answered(door: Door) -> None:
    assert requests.get(f"{door.url}/v1/batch", timeout=30).status_code == 405
    assert requests.post(f"{door.url}/v1/projects/acme-web/settings", timeout=30).status_code == 405


def test_the_settings_say_where_to_send_to(door: Door) -> None:
    answer = requests.get(f"{door.url}/v1/projects/acme-web/settings", timeout=30)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    door_told = answer.json()["integrations"]["Segment.io"]
    assert f"{door_told['protocol']}://{door_told['apiHost']}" == f"{door.url}/v1"
    assert requests.get(f"{door.url}/v1/projects/none-such/settings", timeout=30).status_code == 404


def test_a_page_of_another_host_is_refused(door: Door) -> None:
    origin = {"Origin": "https://www.other.test"}
    body = message("track", event="Signed up") | {"writeKey": "acme-web"}
    answer = requests.post(f"{door.url}/v1/t", json=body, headers=origin, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin_not_allowed")


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (b"{}", "", 400, "batch_missing"),
        (b"\x1f\x8b", "gzip", 400, "invalid_gzip"),
        (b"x" * 512_001, "", 413, "too_large"),
        (gzip.compress(b" " * 512_001), "gzip", 413, "too_large"),
        (json.dumps({"batch": [{}]}).encode(), "", 401, "key_missing"),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused(
    door: Door, body: bytes, encoding: str, status: int, code: str
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = requests.post(f"{door.url}/v1/batch", data=body, headers=headers, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_key_may_be_the_user_of_basic(door: Door, server_key: str) -> None:
    body = message("track", event="Signed up", messageId="m-1")
    answer = requests.post(f"{door.url}/v1/track", json=body, auth=(server_key, ""), timeout=30)
    assert answer.status_code == 200
    assert [hit.name for hit in door.hits()] == ["Signed up"]
