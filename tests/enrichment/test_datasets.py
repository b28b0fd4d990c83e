"""Which data is in use, and how old it is."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from enrichment.datasets import Dataset, list_datasets, note_data

BUILT = datetime(2026, 9, 16, tzinfo=UTC)


def test_the_embedded_table_and_the_geoip_files_are_listed(unpacked: Path, tmp_path: Path) -> None:
    shutil.copytree(unpacked, tmp_path / "data")
    (tmp_path / "data" / "geoip").mkdir()
    (tmp_path / "data" / "geoip" / "isp.mmdb").write_bytes(b"damaged")
    routes, damaged = list_datasets(tmp_path / "data")
    assert routes.name == "Routes"
    assert routes.built_at is not None
    assert damaged == Dataset("isp.mmdb", "", None)


def test_without_data_there_is_nothing_to_list(tmp_path: Path) -> None:
    assert list_datasets(tmp_path) == ()


def test_data_is_old_after_90_days() -> None:
    found = Dataset("Routes", "asn", BUILT)
    assert [found.is_old(BUILT + timedelta(days=days)) for days in (90, 91)] == [False, True]


def test_other_data_is_noticed_once_also_by_the_next_process(unpacked: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    shutil.copytree(unpacked, data_dir)
    assert [note_data(data_dir), note_data(data_dir)] == [True, False]
    (data_dir / "overrides.csv").write_text("network,kind\n192.0.2.0/24,isp\n")
    assert [note_data(data_dir), note_data(data_dir)] == [True, False]
    (data_dir / "geoip").mkdir()
    (data_dir / "geoip" / "isp.mmdb").write_bytes(b"damaged")
    assert [note_data(data_dir), note_data(data_dir)] == [True, False]
