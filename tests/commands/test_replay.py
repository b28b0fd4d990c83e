"""`doorbell replay`: a log through the whole pipeline, as often as one likes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from alerts.models import Alert
from commands.common import open_database
from commands.replay import replay
from enrichment.models import Company
from tests.stand import AGENT
from tracker.db import Database, utc_now
from tracker.models import PageView, Site, Visit
from tracker.settings import read_settings

SAAB, HOME, HOME_V6 = "148.2.71.144", "81.224.10.17", "2a02:aa1::17"


def line(address: str, target: str, second: int, status: int = 200) -> str:
    return (
        f'{address} - - [20/Nov/2026:10:00:{second:02} +0000] "GET {target} HTTP/1.1" {status} 5120 '
        f'"https://www.google.com/" "{AGENT}"'
    )


LOG = [
    line(SAAB, "/", 1),
    line(SAAB, "/pricing", 9),
    line(SAAB, "/logo.png", 10),
    line(HOME, "/", 11),
    line(HOME_V6, "/contact", 12),
    line(HOME, "/missing", 13, 404),
    "not a log line",
]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("DOORBELL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DOORBELL_DATABASE_URL", raising=False)
    database = open_database(read_settings())
    with database.write() as session:
        session.add(
            Site(key="acme-web", name="Acme", hosts=["www.acme.test"], secret="s", created_at=utc_now())
        )
    return database


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text("\n".join(LOG) + "\n")
    return path


def run(path: Path, *more: str) -> Result:
    return CliRunner().invoke(replay, [str(path), "--site", "acme-web", *more], catch_exceptions=False)


def count(database: Database, table: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_pages_of_a_log_become_visits_of_companies(database: Database, log: Path) -> None:
    result = run(log)
    assert "7 lines: 4 page views, 2 other requests, 1 not in combined format." in result.output
    assert "Saab" in result.output
    with database.read() as session:
        assert sorted(session.scalars(select(PageView.path))) == ["/", "/", "/contact", "/pricing"]
        assert set(session.scalars(select(Visit.address))) == {SAAB, HOME, HOME_V6}
        assert [name for name in session.scalars(select(Company.name)) if "Saab" in name]


def test_the_same_file_twice_adds_nothing(database: Database, log: Path) -> None:
    run(log)
    run(log)
    assert (count(database, PageView), count(database, Visit)) == (4, 3)


def test_a_log_that_has_grown_adds_what_is_new(database: Database, log: Path) -> None:
    run(log)
    log.write_text(log.read_text() + line(SAAB, "/cases/atlas", 30) + "\n")
    run(log)
    assert count(database, PageView) == 5


def test_a_gzip_file_is_read_as_well(database: Database, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "access.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    run(packed)
    assert count(database, PageView) == 4


def test_a_damaged_gzip_file_is_told_in_words(database: Database, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "access.log.1.gz"
    whole = gzip.compress(log.read_bytes())
    for damaged in (whole[:-12], whole[:20] + b"\xff" * 40 + whole[60:]):
        packed.write_bytes(damaged)
        result = run(packed)
        assert result.exit_code == 1
        assert "ends early or is damaged" in result.output


def test_a_replay_alerts_nobody(database: Database, log: Path) -> None:
    run(log)
    assert count(database, Alert) == 0


def test_an_unknown_site_is_named_with_those_there_are(database: Database, log: Path) -> None:
    result = CliRunner().invoke(replay, [str(log), "--site", "nobody"])
    assert result.exit_code == 2
    assert "acme-web" in result.output


def test_an_unknown_site_is_refused_with_an_origin_as_well(database: Database, log: Path) -> None:
    said = ["--site", "nobody", "--origin", "https://www.acme.test"]
    assert CliRunner().invoke(replay, [str(log), *said]).exit_code == 2


def test_a_site_without_a_host_needs_its_origin(database: Database, log: Path) -> None:
    with database.write() as session:
        session.scalars(select(Site)).one().hosts = []
    assert "--origin" in CliRunner().invoke(replay, [str(log), "--site", "acme-web"]).output
    assert run(log, "--origin", "https://www.acme.test").exit_code == 0
