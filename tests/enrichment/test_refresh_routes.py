"""Fetching a newer table of routes, and using the public one in place of our own."""

from __future__ import annotations

import hashlib
import lzma
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from enrichment.providers.address import Address, parse_address
from enrichment.providers.route_tables import OWN_EDITION, PUBLIC_EDITION, Route, find_route_doubt
from enrichment.providers.routing_table import NEWER, RoutingTable
from enrichment.providers.swaps import Facts, previous_of
from enrichment.refresh import AFTER_FAILURE, RefreshError
from enrichment.refresh_routes import refresh_routes
from tests.conftest import make_settings
from tests.fakes.server import Answer, FakeServer, Received
from tracker.settings import Settings

SAAB = parse_address("148.2.71.144")
# The number of Saab's AS as the file writes it: four bits of type, four of length, three bytes.
SAABS_NUMBER = b"\xc3\x03\x03\x31"


class Shelf(FakeServer):
    """A host of files that sends one only to those who have not got it."""

    name = "shelf"
    data = b""
    sum = ""

    def put(self, data: bytes) -> None:
        self.data, self.sum = data, hashlib.sha256(data).hexdigest()

    def handle(self, request: Received) -> Answer:
        if request.path.endswith(".sha256"):
            return Answer(200, f"{self.sum}  table\n")
        tag = f'"{hashlib.sha256(self.data).hexdigest()[:8]}"'
        if request.headers.get("if-none-match") == tag:
            return Answer(304, "", {"ETag": tag})
        return Answer(200, "", {"ETag": tag}, raw=self.data)


@pytest.fixture(scope="module")
def table(unpacked: Path) -> bytes:
    """Our own table."""
    return next(unpacked.glob("asn-*.mmdb")).read_bytes()


def as_public(table: bytes) -> bytes:
    """The same under the name that the public table bears; the metadata stand at the file's end."""
    at = table.rindex(OWN_EDITION.encode()) - 1
    name = bytes([0x40 | len(PUBLIC_EDITION)]) + PUBLIC_EDITION.encode()
    return table[:at] + name + table[at + 1 + len(OWN_EDITION) :]


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as shelf:
        yield shelf


@pytest.fixture
def settings(unpacked: Path, tmp_path: Path, shelf: Shelf) -> Settings:
    for path in unpacked.glob("asn-*.mmdb"):
        os.link(path, tmp_path / path.name)
    return make_settings(tmp_path, "unused", routes_url=f"{shelf.url}/asn.mmdb")


def newer_of(settings: Settings) -> Path:
    return settings.data_dir / NEWER


def weeks(now: datetime, count: int) -> datetime:
    return now + count * timedelta(days=8)


def test_without_an_address_nothing_is_fetched(tmp_path: Path, now: datetime) -> None:
    assert not refresh_routes(make_settings(tmp_path, "unused"), now)


def test_a_table_is_fetched_once_a_week_and_only_if_it_changed(
    settings: Settings, shelf: Shelf, table: bytes, now: datetime
) -> None:
    shelf.put(table)
    moments = (now, now + timedelta(days=6), weeks(now, 1))
    assert [refresh_routes(settings, moment) for moment in moments] == [True, False, False]
    assert newer_of(settings).read_bytes() == table
    asked = [one for one in shelf.received if not one.path.endswith("sha256")]
    assert [bool(one.headers.get("if-none-match")) for one in asked] == [False, True]


def test_the_table_in_use_before_is_kept(
    settings: Settings, shelf: Shelf, table: bytes, now: datetime
) -> None:
    shelf.put(table)
    refresh_routes(settings, now)
    shelf.put(as_public(table))
    assert refresh_routes(settings, weeks(now, 1))
    assert previous_of(newer_of(settings)).read_bytes() == table


def test_a_packed_table_is_unpacked(settings: Settings, shelf: Shelf, table: bytes, now: datetime) -> None:
    shelf.put(lzma.compress(table, preset=0))
    assert refresh_routes(settings, now)
    assert newer_of(settings).read_bytes() == table


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("wrong sum", "checksum"),
        ("no sum", "checksum cannot be fetched"),
        ("html", "table of routes"),
        ("truncated", "table of routes"),
        ("cut xz", "table of routes"),
        ("other edition", "no table of routes"),
    ],
)
def test_a_doubtful_table_is_refused(
    settings: Settings, shelf: Shelf, table: bytes, now: datetime, case: str, words: str
) -> None:
    shelf.put(
        {
            "html": b"<!doctype html>",
            "truncated": table[:100_000],
            "cut xz": lzma.compress(table[:100_000], preset=0)[:-40],
            "other edition": as_public(table).replace(PUBLIC_EDITION.encode(), b"asn ipv4nn"),
        }.get(case, table)
    )
    if case == "wrong sum":
        shelf.sum = "0" * 64
    if case == "no sum":
        shelf.answers = [None, Answer(404)]
    with pytest.raises(RefreshError, match=words):
        refresh_routes(settings, now)
    assert not newer_of(settings).exists()


def test_a_failure_stays_in_sight_and_is_tried_again_after_six_hours(
    settings: Settings, shelf: Shelf, table: bytes, now: datetime
) -> None:
    shelf.put(table)
    shelf.answers = [Answer(500)]
    for moment in (now, now + timedelta(hours=1)):
        with pytest.raises(RefreshError, match="answer was 500"):
            refresh_routes(settings, moment)
    assert len(shelf.received) == 1
    assert refresh_routes(settings, now + AFTER_FAILURE)


class HeldBy:
    """A table in which one AS holds everything."""

    facts = Facts(OWN_EDITION, 1000, 7)

    def __init__(self, asn: int) -> None:
        self.asn = asn

    def read(self, address: Address) -> Route | None:
        return Route(f"{address}/32", self.asn, "", "", "", 0)


@pytest.mark.parametrize(("asn", "doubted"), [(1, False), (2, True)])
def test_a_table_with_other_holders_is_doubted(asn: int, doubted: bool) -> None:
    assert bool(find_route_doubt(HeldBy(1), HeldBy(asn))) is doubted


@pytest.fixture(scope="module")
def public(unpacked: Path, table: bytes, tmp_path_factory: pytest.TempPathFactory) -> RoutingTable:
    """The public table in use, in which Saab's network has a number that our own table does not know."""
    newer = tmp_path_factory.mktemp("public") / NEWER
    newer.write_bytes(as_public(table).replace(SAABS_NUMBER, b"\xc3\x00\xfb\xf4"))
    return RoutingTable(next(unpacked.glob("asn-*.mmdb")), newer)


def test_the_public_table_is_taken(public: RoutingTable) -> None:
    assert public.facts.edition == PUBLIC_EDITION


def test_a_holder_that_our_own_table_knows_keeps_all_that_it_knows(
    public: RoutingTable, routing: RoutingTable
) -> None:
    address = parse_address("130.238.1.1")
    assert public.find(address) == routing.find(address)


def test_a_holder_that_it_does_not_know_has_the_name_of_the_public_table(public: RoutingTable) -> None:
    route = public.find(SAAB)
    assert route is not None
    assert (route.asn, route.name, route.handle, route.country) == (64500, "Saab AB", "", "SE")
