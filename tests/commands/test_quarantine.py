"""`doorbell quarantine`: what could not be processed, and its second chance."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from commands.common import open_database
from commands.quarantine import quarantine
from tests.tracker.hits import make_envelope, make_hit, put
from tracker.db import Database
from tracker.ingest import ingest_waiting
from tracker.models import QuarantinedHit, Site
from tracker.records import encode_envelope, to_micros
from tracker.settings import read_settings

FAR_AWAY = 2**62  # microseconds; no date


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> Database:
    """One page view in quarantine."""
    monkeypatch.setenv("DOORBELL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("DOORBELL_DATABASE_URL", raising=False)
    settings = read_settings()
    database = open_database(settings)
    with database.write() as session:
        session.add(Site(key="acme-web", name="Acme", secret="s", created_at=now))
    hit = make_hit(seen=FAR_AWAY, url="https://www.ours.test/[bold]pricing")
    put(settings.inbox_dir, make_envelope(hit, received=to_micros(now)))
    ingest_waiting(database, settings.inbox_dir, now)
    return database


def run(*words: str) -> Result:
    return CliRunner().invoke(quarantine, list(words), catch_exceptions=False)


@pytest.mark.usefixtures("installation")
def test_the_list_says_what_went_wrong_on_which_page() -> None:
    [row] = [json.loads(line) for line in run("list", "--json").output.splitlines()]
    assert (row["site"], row["page"]) == ("acme-web", "https://www.ours.test/[bold]pricing")
    assert row["error"].startswith("OverflowError")
    assert "[bold]" in run("list").output, "what a visitor sent is no markup"


@pytest.mark.usefixtures("installation")
def test_what_fails_again_is_told_and_stays() -> None:
    result = run("retry")
    assert (result.exit_code, result.stdout) == (1, "0 went through, 1 failed again\n")
    assert "acme-web" in run("list").output


def test_what_goes_through_leaves_the_quarantine_empty(installation: Database) -> None:
    with installation.write() as session:
        session.execute(update(QuarantinedHit).values(record=encode_envelope(make_envelope(make_hit()))))
    result = run("retry", "--quiet")
    assert (result.exit_code, result.stdout) == (0, "1 went through, 0 failed again\n")
    assert run("list").output == "The quarantine is empty.\n"
