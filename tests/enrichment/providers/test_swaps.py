"""Data files that are replaced while Doorbell runs: good ones are taken, all others change nothing."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from enrichment.identify import identify_unknown_anew, identify_waiting
from enrichment.kinds import Kind
from enrichment.providers import Provider, open_providers, refresh_providers
from enrichment.providers.address import parse_address
from enrichment.providers.geoip_files import GeoipFolder
from enrichment.providers.overrides import Override, Overrides
from enrichment.providers.routing_table import NEWER, RoutingTable, open_routing_table
from enrichment.providers.swaps import Facts, find_doubt, previous_of
from tests.conftest import Cast
from tests.enrichment.test_identify import SAAB, TELIA, add_visit
from tracker.db import Database
from tracker.models import Visit

CUSTOMER = parse_address("66.92.181.240")
SWAPS = 50


def put(data: bytes, path: Path) -> None:
    """As a careful admin does it: the whole file at once."""
    draft = path.with_name(".draft")
    draft.write_bytes(data)
    draft.replace(path)


def put_in_place(data: bytes, path: Path) -> None:
    """As a careless one does it."""
    path.write_bytes(data)


@pytest.fixture
def isp(maxmind: Path) -> bytes:
    return (maxmind / "test-data" / "GeoIP2-ISP-Test.mmdb").read_bytes()


@pytest.fixture
def folder(tmp_path: Path, isp: bytes) -> GeoipFolder:
    """A folder with MaxMind's ISP database in use; time stands still."""
    put(isp, tmp_path / "isp.mmdb")
    return GeoipFolder(tmp_path, clock=lambda: 0.0)


def customer(folder: GeoipFolder) -> str:
    file = folder.newest("GeoIP2-ISP")
    answer = file.ask("isp", CUSTOMER) if file else None
    return str(answer.organization) if answer else ""


def corrupt_files(maxmind: Path) -> list[Path]:
    broken = [maxmind / "test-data" / f"GeoIP2-City-Test-{name}.mmdb" for name in
              ("Broken-Double-Format", "Invalid-Node-Count")]  # fmt: skip
    return [*sorted((maxmind / "bad-data").rglob("*.mmdb")), *broken]


def test_no_corrupt_file_takes_the_place_of_a_good_one(
    folder: GeoipFolder, maxmind: Path, tmp_path: Path
) -> None:
    files = corrupt_files(maxmind)
    assert len(files) >= 21
    for file in files:
        put(file.read_bytes(), tmp_path / "isp.mmdb")
        folder.refresh()
        assert customer(folder) == "Vikco Insurance", file.name


def test_every_good_file_is_opened_or_refused_without_harm(
    folder: GeoipFolder, maxmind: Path, tmp_path: Path
) -> None:
    good = sorted(set((maxmind / "test-data").glob("*.mmdb")) - set(corrupt_files(maxmind)))
    for file in good:
        put(file.read_bytes(), tmp_path / file.name)
    folder.refresh()
    assert customer(folder) == "Vikco Insurance"
    assert folder.newest("GeoIP2-Enterprise") is not None


@pytest.mark.parametrize("replace", [put, put_in_place])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"<!doctype html><title>Sign in</title>",
        lambda data: data[: len(data) // 2],
        lambda data: data[:1000] + bytes(byte ^ 1 for byte in data[1000:]),
    ],
    ids=["empty", "html", "truncated", "bits flipped"],
)
def test_what_is_no_database_changes_nothing(
    folder: GeoipFolder,
    isp: bytes,
    tmp_path: Path,
    spoil: Callable[[bytes], bytes],
    replace: Callable[[bytes, Path], None],
) -> None:
    replace(spoil(isp), tmp_path / "isp.mmdb")
    folder.refresh()
    assert customer(folder) == "Vikco Insurance"


def test_another_edition_under_the_same_name_is_refused(
    folder: GeoipFolder, maxmind: Path, tmp_path: Path
) -> None:
    put((maxmind / "test-data" / "GeoLite2-ASN-Test.mmdb").read_bytes(), tmp_path / "isp.mmdb")
    assert not folder.refresh()
    assert customer(folder) == "Vikco Insurance"


@pytest.mark.parametrize(
    ("new", "doubted"),
    [
        (Facts("GeoIP2-ISP", 1000, 7), False),
        (Facts("GeoIP2-ISP", 499, 7), True),
        (Facts("GeoIP2-City", 1000, 7), True),
    ],
)
def test_half_a_database_and_another_one_are_doubted(new: Facts, doubted: bool) -> None:
    assert bool(find_doubt(Facts("GeoIP2-ISP", 1000, 6), new)) is doubted


def test_a_start_with_a_damaged_file_uses_the_one_before(isp: bytes, tmp_path: Path) -> None:
    put(isp, previous_of(tmp_path / "isp.mmdb"))
    put(b"damaged", tmp_path / "isp.mmdb")
    assert customer(GeoipFolder(tmp_path)) == "Vikco Insurance"


def test_a_swap_is_told_once(folder: GeoipFolder, isp: bytes, tmp_path: Path) -> None:
    put(isp, tmp_path / "isp.mmdb")
    assert [folder.refresh(), folder.refresh()] == [True, False]


def test_swaps_under_load_cost_no_look_up(folder: GeoipFolder, isp: bytes, tmp_path: Path) -> None:
    wrong: list[str] = []
    count = [0] * 4
    done = threading.Event()

    def look_up(number: int) -> None:
        while not done.is_set():
            try:
                if (answer := customer(folder)) != "Vikco Insurance":
                    wrong.append(answer)
            except Exception as error:  # noqa: BLE001 - any error at all is what the test is about
                wrong.append(repr(error))
            count[number] += 1

    threads = [threading.Thread(target=look_up, args=(number,)) for number in range(len(count))]
    for thread in threads:
        thread.start()
    for _ in range(SWAPS):
        put(isp, tmp_path / "isp.mmdb")
        assert folder.refresh()
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert min(count) > 0


@pytest.fixture
def table(tmp_path: Path, unpacked: Path) -> RoutingTable:
    for path in unpacked.glob("asn-*.mmdb"):
        os.link(path, tmp_path / path.name)
    return open_routing_table(tmp_path)


def test_a_newer_table_of_routes_is_taken_and_left_again(table: RoutingTable, tmp_path: Path) -> None:
    shutil.copy(table.path, tmp_path / NEWER)
    assert [table.refresh(), table.refresh()] == [True, False]
    (tmp_path / NEWER).unlink()
    assert table.refresh()
    assert table.find(parse_address(SAAB)) is not None


def test_a_damaged_table_of_routes_is_refused(table: RoutingTable, tmp_path: Path) -> None:
    put(b"<html>", tmp_path / NEWER)
    assert not table.refresh()
    assert table.find(parse_address(SAAB)) is not None


def overrides_of(providers: tuple[Provider, ...]) -> Overrides:
    return next(provider for provider in providers if isinstance(provider, Overrides))


def test_the_overrides_file_is_read_again_when_it_changes(unpacked: Path, tmp_path: Path) -> None:
    for path in unpacked.glob("asn-*.mmdb"):
        os.link(path, tmp_path / path.name)
    providers = open_providers(tmp_path)
    path = tmp_path / "overrides.csv"
    put(b"network,kind,organisation\n148.2.0.0/16,company,Acme AB\n", path)
    assert refresh_providers(providers)
    found = overrides_of(providers).lookup(parse_address(SAAB))
    assert found is not None
    assert found.organisation == "Acme AB"
    put(b"<!doctype html>", path)
    assert not refresh_providers(providers)
    assert overrides_of(providers).lookup(parse_address(SAAB)) is not None
    path.unlink()
    assert refresh_providers(providers)
    assert overrides_of(providers).lookup(parse_address(SAAB)) is None


def test_a_saved_override_that_is_gone_is_forgotten(routing: RoutingTable) -> None:
    saved = Overrides(routing).with_rows([Override("148.2.0.0/16", Kind.ISP)])
    assert saved.lookup(parse_address(SAAB)) is not None
    assert saved.with_rows([]).lookup(parse_address(SAAB)) is None


def test_recent_visits_that_nobody_was_found_for_run_again(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    visits = [
        add_visit(database, cast, address, at)
        for address, at in ((TELIA, now), (SAAB, now), (TELIA, now - timedelta(days=31)))
    ]
    identify_waiting(database, providers, now)
    assert identify_unknown_anew(database, now) == 1
    with database.read() as session:
        waiting = session.scalars(select(Visit.id).where(Visit.identified_at.is_(None))).all()
    assert waiting == visits[:1]
