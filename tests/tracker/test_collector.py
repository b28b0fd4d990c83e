"""The collector at both of its doors: the thin callable in front of Flask and the Flask view."""

from __future__ import annotations

import gzip
import io
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text, update
from werkzeug.test import Client, TestResponse

from tests.conftest import NOW, Cast, make_settings, wait_until
from tests.tracker.hits import FIREFOX
from tests.tracker.trouble import ACCEPTED, HIT, REFUSED, TOO_LARGE, hit, report
from tracker.collector import Collector, collector_blueprint, collector_front, read_body
from tracker.db import Database
from tracker.inbox import Inbox, Limits, read_inbox
from tracker.models import Site
from tracker.protocol import ProtocolError
from tracker.rate_limit import RateLimit
from tracker.records import Envelope, Hit, decode_envelope, to_micros
from tracker.settings import read_settings
from tracker.sites import SiteBook

PAGE = {"Origin": "https://www.ours.test"}


class House:
    """A collector with its database and inbox, and a client at one of its doors."""

    def __init__(self, database: Database, directory: Path, door: str, **settings: Any) -> None:
        self.settings = make_settings(directory, database.url, **settings)
        self.sites = SiteBook(database, refresh_seconds=0.05)
        self.inbox = Inbox(self.settings.inbox_dir, Limits(free_bytes=0, free_share=0))
        self.limit = RateLimit(1e9, 1e9)
        self.collector = Collector(self.settings, self.sites, self.inbox, limit=self.limit, clock=lambda: NOW)
        app = Flask(__name__)
        app.register_blueprint(collector_blueprint(self.collector))
        self.client = Client(collector_front(app.wsgi_app, self.collector) if door == "front" else app)

    def post(
        self, body: bytes = report(), headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        more.setdefault("content_type", "text/plain;charset=UTF-8")
        return self.client.post("/s/e", data=body, headers=PAGE if headers is None else headers, **more)

    def kept(self) -> list[Envelope]:
        return [decode_envelope(read.record) for read in read_inbox(self.inbox.directory, {}, 10_000)]


@pytest.fixture
def database_kind() -> str:
    """Only the sites come from the database; one test here looks at both kinds, and those of the sites do."""
    return "sqlite"


BOTH_DOORS = pytest.mark.parametrize("door", ["front", "view"])


@pytest.fixture
def door() -> str:
    """Both doors have one function behind them; what they add themselves is tested at both."""
    return "front"


@pytest.fixture
def open_house(database: Database, cast: Cast, tmp_path: Path, door: str) -> Iterator[Callable[..., House]]:
    houses = []

    def build(**settings: Any) -> House:
        houses.append(House(database, tmp_path, door, **settings))
        return houses[-1]

    yield build
    for house in houses:
        house.collector.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house()


@BOTH_DOORS
def test_a_page_view_is_on_the_disk_before_the_202(house: House) -> None:
    answer = house.post(environ_base={"REMOTE_ADDR": "192.0.2.1"}, headers=PAGE | {"User-Agent": "Browser/1"})
    assert (answer.status_code, answer.data) == (202, b"")
    (kept,) = house.kept()
    assert (kept.site, kept.address, kept.user_agent) == ("acme-web", "192.0.2.1", "Browser/1")
    assert kept.received == to_micros(NOW)
    assert [hit.url for hit in kept.hits] == ["https://www.ours.test/pricing"]


def test_the_worker_is_told(house: House) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as worker:
        worker.bind(str(house.settings.wake_path))
        worker.settimeout(5)
        house.post()
        assert worker.recv(10) == b"1"


@BOTH_DOORS
def test_a_partly_refused_report_says_which_hits(house: House) -> None:
    answer = house.post(report(b=[HIT, {}]))
    assert answer.status_code == 202
    assert answer.json == {"accepted": 1, "rejected": [{"index": 1, "code": "name_missing"}]}


@BOTH_DOORS
def test_a_wholly_refused_report_is_a_400(house: House) -> None:
    answer = house.post(hit(n=""))
    assert answer.status_code == 400
    assert answer.json["code"] == "all_refused"
    assert answer.json["rejected"] == [{"index": 0, "code": "name_missing"}]
    assert house.kept() == []


@BOTH_DOORS
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (report(s="no-such-site"), 404, "site_unknown"),
        (b" " * 65_537, 413, "too_large"),
    ],
)
def test_a_refusal_has_a_code_and_a_sentence(house: House, body: bytes, status: int, code: str) -> None:
    answer = house.post(body)
    assert (answer.status_code, answer.json["code"], answer.content_type) == (
        status,
        code,
        "application/json",
    )
    assert answer.json["message"].endswith(".")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/json", "", "application/x-www-form-urlencoded"]
)
def test_any_content_type_is_read_as_json(house: House, content_type: str) -> None:
    assert house.post(content_type=content_type).status_code == 202


@BOTH_DOORS
def test_every_answer_can_be_read_by_the_page_and_is_not_cached(house: House) -> None:
    for answer in (house.post(), house.post(b"{"), house.client.get("/s/e")):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


@BOTH_DOORS
def test_a_preflight_is_answered_for_a_day(house: House) -> None:
    answer = house.client.options("/s/e", headers=PAGE | {"Access-Control-Request-Method": "POST"})
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
    assert answer.headers["Access-Control-Max-Age"] == "86400"


@BOTH_DOORS
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_a_405(house: House, method: str) -> None:
    answer = house.client.open("/s/e", method=method)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")


@BOTH_DOORS
def test_trouble_is_never_a_5xx_and_never_comes_back(house: House) -> None:
    for body in REFUSED:
        answer = house.post(body)
        assert answer.status_code in (400, 404), body[:100]
        assert set(answer.json) <= {"code", "message", "rejected"}
    for body in TOO_LARGE:
        assert house.post(body).status_code == 413
    assert house.kept() == []
    for body in ACCEPTED:
        assert house.post(body).status_code == 202, body[:100]
    assert len(house.kept()) == len(ACCEPTED)


@pytest.mark.parametrize("part", ["<script>alert(1)</script>", "\r\nSet-Cookie: a=b", "acme-web-unknown"])
def test_no_part_of_a_request_is_in_its_answer(house: House, part: str) -> None:
    for body in (report(s=part), hit(n=part, u=part), part.encode(), report(**{part: 1}, b=[])):
        answer = house.post(body)
        assert part.strip().encode() not in answer.data
        assert not [value for value in answer.headers.values() if part.strip() in value]


@BOTH_DOORS
def test_a_gzipped_report_is_accepted(house: House) -> None:
    answer = house.post(gzip.compress(report()), PAGE | {"Content-Encoding": "gzip"})
    assert (answer.status_code, len(house.kept())) == (202, 1)


@BOTH_DOORS
def test_a_gzip_bomb_is_a_413(house: House) -> None:
    answer = house.post(gzip.compress(b" " * 10_000_000), PAGE | {"Content-Encoding": "gzip"})
    assert answer.status_code == 413


def environ(body: bytes, **changes: object) -> dict[str, Any]:
    return {"wsgi.input": io.BytesIO(body)} | changes


@pytest.mark.parametrize("length", ["0", "-1", "abc", "1e3", "\u0661", ""])
def test_without_a_length_nothing_is_read(length: str) -> None:
    assert read_body(environ(report(), CONTENT_LENGTH=length)) == b""


def test_no_more_is_read_than_the_length_says() -> None:
    assert read_body(environ(b"12345", CONTENT_LENGTH="3")) == b"123"


@pytest.mark.parametrize("length", ["65537", "9" * 5000])
def test_a_length_over_the_limit_is_refused(length: str) -> None:
    with pytest.raises(ProtocolError, match="too_large"):
        read_body(environ(b"", CONTENT_LENGTH=length))


@pytest.mark.parametrize(("length", "left"), [(100_000, b""), (10_000_000, b"x" * 8_951_424)])
def test_a_refused_body_is_taken_in_up_to_a_bound(length: int, left: bytes) -> None:
    refused = environ(b"x" * length, CONTENT_LENGTH=str(length))
    with pytest.raises(ProtocolError, match="too_large"):
        read_body(refused)
    assert refused["wsgi.input"].read() == left


def test_a_stream_that_ends_by_itself_is_read_up_to_the_limit() -> None:
    stream = {"wsgi.input_terminated": True}
    assert read_body(environ(b"x" * 65_536, **stream)) == b"x" * 65_536
    with pytest.raises(ProtocolError, match="too_large"):
        read_body(environ(b"x" * 65_537, **stream))


@pytest.mark.parametrize(
    ("hosts", "headers", "status"),
    [
        (["www.ours.test"], {"Origin": "https://www.ours.test"}, 202),
        (["www.ours.test"], {"Origin": "https://WWW.ours.test"}, 202),
        (["www.ours.test"], {"Origin": "http://www.ours.test:8080"}, 202),
        (["www.ours.test:8080"], {"Origin": "http://www.ours.test:8080"}, 202),
        (["www.ours.test:8080"], {"Origin": "http://www.ours.test:8081"}, 403),
        (["www.ours.test:443"], {"Origin": "https://www.ours.test"}, 202),
        (["www.ours.test:443"], {"Origin": "https://www.ours.test:8443"}, 403),
        (["www.ours.test"], {"Origin": "https://ours.test"}, 403),
        (["www.ours.test"], {"Origin": "https://evil.test"}, 403),
        (["www.ours.test"], {"Origin": "https://www.ours.test.evil.test"}, 403),
        (["www.ours.test"], {"Origin": "https://evil-www.ours.test"}, 403),
        (["www.ours.test"], {"Origin": "https://evil.test\\@www.ours.test"}, 403),
        (["www.ours.test"], {"Origin": "null"}, 403),
        (["www.ours.test"], {"Origin": "garbage"}, 403),
        (["www.ours.test"], {"Origin": "chrome-extension://www.ours.test"}, 403),
        (["*.ours.test"], {"Origin": "https://shop.ours.test"}, 202),
        (["*.ours.test"], {"Origin": "https://a.b.ours.test"}, 202),
        (["*.ours.test"], {"Origin": "https://ours.test"}, 403),
        (["*.ours.test"], {"Origin": "https://evilours.test"}, 403),
        (["a.test", "b.test"], {"Origin": "https://b.test"}, 202),
        (["www.ours.test"], {"Referer": "https://www.ours.test/page?x=1"}, 202),
        (["www.ours.test"], {"Referer": "https://evil.test/www.ours.test"}, 403),
        (["www.ours.test"], {"Origin": "https://evil.test", "Referer": "https://www.ours.test/"}, 403),
        (["www.ours.test"], {}, 202),
        ([], {"Origin": "https://anyone.test"}, 202),
        ([], {"Origin": "null"}, 202),
        (["not a host"], {"Origin": "https://anyone.test"}, 403),
    ],
)  # fmt: skip
def test_only_pages_of_the_sites_hosts_may_report(
    database: Database, house: House, hosts: list[str], headers: dict[str, str], status: int
) -> None:
    with database.write() as session:
        session.execute(update(Site).values(hosts=hosts))
    house.sites.refresh()
    assert house.post(headers=headers).status_code == status


@BOTH_DOORS
def test_too_many_reports_from_one_address_are_told_when_to_come_again(house: House) -> None:
    house.collector._limit = RateLimit(rate=0.1, burst=3)
    answers = [house.post() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 11
    assert "Retry-After" in answers[-1].headers["Access-Control-Expose-Headers"]
    assert len(house.kept()) == 3


@BOTH_DOORS
def test_a_full_disk_is_a_503_until_there_is_room(house: House) -> None:
    house.inbox.limits = Limits(free_bytes=2**62)
    answer = house.post()
    assert (answer.status_code, answer.json["code"]) == (503, "inbox_full")
    assert int(answer.headers["Retry-After"]) > 0
    house.inbox.limits = Limits(free_bytes=0, free_share=0)
    assert house.post().status_code == 202


def test_an_envelope_too_long_for_one_record_is_kept_in_parts(house: House) -> None:
    hits = [Hit("pageview", str(at), 0, url="https://www.ours.test/" + "x" * 2000) for at in range(1_400)]
    house.collector.keep(Envelope("acme-web", 0, "192.0.2.1", hits))
    kept = house.kept()
    assert len(kept) == 4
    assert [hit for envelope in kept for hit in envelope.hits] == hits


def test_a_broken_disk_is_a_503(house: House) -> None:
    house.inbox.close()
    answer = house.post()
    assert (answer.status_code, answer.json["code"]) == (503, "inbox_unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"])
def test_accepting_goes_on_while_the_database_is_away(database: Database, house: House) -> None:
    assert house.post().status_code == 202
    with database.write() as session:
        session.execute(text("ALTER TABLE sites RENAME TO away"))
    wait_until(lambda: not house.sites.is_current)
    assert house.post().status_code == 202
    assert house.post(report(s="new-site")).status_code == 503


@BOTH_DOORS
@pytest.mark.parametrize(
    ("headers", "address", "reason"),
    [
        ({"Sec-Purpose": "prefetch;prerender"}, "192.0.2.1", "prerender"),
        ({"User-Agent": "Googlebot/2.1"}, "192.0.2.1", "bot"),
        ({"User-Agent": ""}, "192.0.2.1", "bot"),
        ({}, "203.0.113.9", "staff"),
        ({}, "192.0.2.1", None),
    ],
)
def test_a_site_under_debug_hears_why_hits_are_dropped(
    database: Database, house: House, headers: dict[str, str], address: str, reason: str | None
) -> None:
    with database.write() as session:
        session.execute(update(Site).values(debug_until=NOW + timedelta(minutes=5)))
    house.sites.refresh()
    sent = PAGE | {"User-Agent": FIREFOX} | headers
    answer = house.post(headers=sent, environ_base={"REMOTE_ADDR": address})
    assert (answer.status_code, answer.headers.get("X-Dropped")) == (202, reason)
    assert len(house.kept()) == 1


@pytest.mark.parametrize("until", [None, NOW, NOW - timedelta(days=1)])
def test_without_debug_nobody_hears_it(database: Database, house: House, until: object) -> None:
    with database.write() as session:
        session.execute(update(Site).values(debug_until=until))
    house.sites.refresh()
    answer = house.post(environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert (answer.status_code, answer.headers.get("X-Dropped")) == (202, None)


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Sec-Purpose": "prefetch;prerender"}, "prerender"),
        ({"Purpose": "prefetch"}, "prerender"),
        ({"Sec-GPC": "1"}, "privacy_signal"),
    ],
)
def test_what_the_browser_signals_is_noted(house: House, headers: dict[str, str], field: str) -> None:
    house.post()
    house.post(headers=PAGE | headers)
    assert [getattr(kept, field) for kept in house.kept()] == [False, True]


@pytest.mark.parametrize(("honoured", "consent"), [(False, "y"), (True, "n")])
def test_do_not_track_counts_where_the_site_honours_it(
    database: Database, house: House, honoured: bool, consent: str
) -> None:
    with database.write() as session:
        session.execute(update(Site).values(do_not_track=honoured))
    house.sites.refresh()
    house.post(report(c="y", i="visitor-1"), headers=PAGE | {"DNT": "1"})
    (kept,) = house.kept()
    assert (kept.consent, kept.visitor) == (consent, "" if honoured else "visitor-1")


def test_a_report_without_a_page_comes_from_a_server(house: House) -> None:
    house.post()
    house.post(headers={})
    assert [kept.source for kept in house.kept()] == ["snippet", "server"]


def test_a_sites_own_query_parameters_stay(database: Database, house: House) -> None:
    with database.write() as session:
        session.execute(update(Site).values(query_parameters=["job"]))
    house.sites.refresh()
    house.post(hit(u="https://www.ours.test/?job=5&token=secret"))
    assert house.kept()[0].hits[0].url == "https://www.ours.test/?job=5"


SPOOFS = [
    "X-Forwarded", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP", "CF-Connecting-IPv6",
    "X-Client-IP", "X-Cluster-Client-IP", "Fastly-Client-IP", "Client-IP", "Via", "X-Original-Forwarded-For",
    "Fly-Client-IP", "X-Appengine-User-IP", "Remote-Addr", "X-Envoy-External-Address",
]  # fmt: skip
FORGED = ["203.0.113.66", "for=203.0.113.66", "[2001:db8::66]:80", "203.0.113.66, 10.0.0.1", "garbage"]


@pytest.mark.parametrize("proxies", ["", "10.0.0.0/8"])
def test_no_header_but_the_proxys_says_who_the_visitor_is(
    open_house: Callable[..., House], tmp_path: Path, proxies: str
) -> None:
    trusted = read_settings({"DOORBELL_DATA_DIR": str(tmp_path), "DOORBELL_TRUSTED_PROXIES": proxies})
    house = open_house(trusted_proxies=trusted.trusted_proxies)
    for name in SPOOFS:
        for value in FORGED:
            house.post(headers=PAGE | {name: value}, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert len(house.kept()) == len(SPOOFS) * len(FORGED)
    assert {kept.address for kept in house.kept()} == {"10.0.0.1"}


@pytest.mark.parametrize(("proxies", "address"), [("", "10.0.0.1"), ("10.0.0.0/8", "198.51.100.7")])
def test_a_configured_proxy_says_who_the_visitor_is(
    open_house: Callable[..., House], tmp_path: Path, proxies: str, address: str
) -> None:
    trusted = read_settings({"DOORBELL_DATA_DIR": str(tmp_path), "DOORBELL_TRUSTED_PROXIES": proxies})
    house = open_house(trusted_proxies=trusted.trusted_proxies)
    forwarded = {"X-Forwarded-For": "203.0.113.66, 198.51.100.7"}
    house.post(headers=PAGE | forwarded, environ_base={"REMOTE_ADDR": "10.0.0.1"})
    assert [kept.address for kept in house.kept()] == [address]


def test_the_pixel_records_the_page_that_holds_it(house: House) -> None:
    answer = house.client.get(
        "/s/px?s=acme-web", headers={"Referer": "https://www.ours.test/pricing?token=x"}
    )
    assert (answer.status_code, answer.content_type, len(answer.data)) == (200, "image/gif", 43)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    (kept,) = house.kept()
    assert (kept.consent, kept.hits[0].name, kept.hits[0].url) == (
        "n",
        "pageview",
        "https://www.ours.test/pricing",
    )


def test_two_pixels_are_two_page_views(house: House) -> None:
    for _ in range(2):
        house.client.get("/s/px?s=acme-web", headers={"Referer": "https://www.ours.test/"})
    assert len({kept.hits[0].id for kept in house.kept()}) == 2


@pytest.mark.parametrize(
    ("query", "referrer", "status"),
    [
        ("s=acme-web", "", 400),
        ("s=acme-web", "about:blank", 403),
        ("s=acme-web", "https://evil.test/", 403),
        ("s=no-such-site", "https://www.ours.test/", 404),
        ("s=%ff%00", "https://www.ours.test/", 400),
        ("", "https://www.ours.test/", 400),
        ("&".join(["a=b"] * 500), "https://www.ours.test/", 400),
    ],
)
def test_a_refused_pixel_is_still_an_image(house: House, query: str, referrer: str, status: int) -> None:
    answer = house.client.get(f"/s/px?{query}", headers={"Referer": referrer} if referrer else {})
    assert (answer.status_code, answer.content_type, len(answer.data)) == (status, "image/gif", 43)
    assert house.kept() == []


def test_asking_for_the_pixels_headers_records_nothing(house: House) -> None:
    answer = house.client.head("/s/px?s=acme-web", headers={"Referer": "https://www.ours.test/"})
    assert (answer.status_code, answer.data, house.kept()) == (200, b"", [])


def test_the_script_is_served_with_a_strong_etag(house: House) -> None:
    answer = house.client.get("/s/v.js")
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=3600, stale-while-revalidate=86400"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = house.client.get("/s/v.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])


def test_the_script_comes_compressed_with_an_etag_of_its_own(house: House) -> None:
    plain = house.client.get("/s/v.js")
    packed = house.client.get("/s/v.js", headers={"Accept-Encoding": "gzip"})
    best = house.client.get("/s/v.js", headers={"Accept-Encoding": "gzip, deflate, br"})
    assert (packed.headers["Content-Encoding"], best.headers["Content-Encoding"]) == ("gzip", "br")
    assert gzip.decompress(packed.data) == plain.data
    assert len({answer.headers["ETag"] for answer in (plain, packed, best)}) == 3


@pytest.mark.parametrize("name", ["v.js", "v.lite.js"])
def test_every_name_of_a_build_is_packed_embeddable_and_known_by_its_etag(house: House, name: str) -> None:
    build = house.client.head(f"/s/{name}").headers["ETag"].strip('"')
    for path in (f"/s/{name}", f"/s/{name.removesuffix('.js')}.{build}.js"):
        answer = house.client.get(path, headers={"Accept-Encoding": "br"})
        known = {"Accept-Encoding": "br", "If-None-Match": answer.headers["ETag"]}
        again = house.client.get(path, headers=known)
        assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "br")
        assert (again.status_code, again.data) == (304, b"")
        for one in (answer, again):
            assert one.headers["Access-Control-Allow-Origin"] == "*"
            assert one.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
            assert one.headers["Vary"] == "Accept-Encoding"
            assert "max-age" in one.headers["Cache-Control"]


def test_the_script_is_the_same_for_every_visitor(house: House) -> None:
    signals = {"DNT": "1", "Sec-GPC": "1", "Cookie": "a=b", "User-Agent": "Googlebot/2.1"}
    assert house.client.get("/s/v.js", headers=signals).data == house.client.get("/s/v.js").data


def test_a_build_named_by_its_hash_never_changes(house: House) -> None:
    current = house.client.get("/s/v.js")
    build = current.headers["ETag"].strip('"')
    answer = house.client.get(f"/s/v.{build}.js")
    assert (answer.status_code, answer.data) == (200, current.data)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_build_never_released_is_not_cached(house: House) -> None:
    answer = house.client.get("/s/v.00000000.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize("path", ["/s/v.js", "/s/px"])
def test_other_doors_answer_options_and_refuse_post(house: House, path: str) -> None:
    assert house.client.options(path).status_code == 204
    assert house.client.post(path).status_code == 405


def test_a_head_of_the_script_has_its_length_and_no_body(house: House) -> None:
    whole, head = house.client.get("/s/v.js"), house.client.head("/s/v.js")
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(whole.data)))


def test_other_paths_reach_the_application_behind(house: House) -> None:
    assert house.client.get("/s/other").status_code == 404
    assert house.client.post("/s/e/").status_code == 404
