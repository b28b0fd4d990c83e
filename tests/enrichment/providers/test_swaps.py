"""Data files that are replaced while Doorbell runs: good ones are taken, all others change nothing."""

from __future__ import annotations

import os
import shutil
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


def put(data: bytes, path: Path) -> None:
    """As a careful admin does it: the whole file at once."""
    draft = path.with_name(".draft")
    draft.write_bytes(data)
    draft.replace(path)


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


def test_the_file_in_use_before_is_kept_for_a_rollback(
    folder: GeoipFolder, isp: bytes, tmp_path: Path
) -> None:
    newer = isp.replace(b"Vikco Insurance", b"Vikco Assurance")
    put(newer, tmp_path / "isp.mmdb")
    folder.refresh()
    assert customer(folder) == "Vikco Assurance"
    previous_of(tmp_path / "isp.mmdb").replace(tmp_path / "isp.mmdb")
    folder.refresh()
    assert customer(folder) == "Vikco Insurance"


def test_a_swap_is_told_once(folder: GeoipFolder, isp: bytes, tmp_path: Path) -> None:
    put(isp, tmp_path / "isp.mmdb")
    assert [folder.refresh(), folder.refresh()] == [True, False]


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
