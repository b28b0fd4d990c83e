"""`doorbell ledger`: the books for people and for programs."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.common import open_database
from commands.ledger import ledger
from tests.tracker.hits import make_envelope, make_hit, put
from tracker.ingest import ingest_waiting
from tracker.models import Site
from tracker.settings import read_settings


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setenv("DOORBELL_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DOORBELL_DATABASE_URL", raising=False)
    settings = read_settings()
    database = open_database(settings)
    with database.write() as session:
        session.add(Site(key="acme-web", name="Acme", secret="s", created_at=now))
    put(settings.inbox_dir, make_envelope(make_hit(), make_hit(name="download"), site="acme-web"))
    put(settings.inbox_dir, make_envelope(make_hit(), site="acme-web", user_agent="Googlebot/2.1"))
    ingest_waiting(database, settings.inbox_dir, now)
    put(settings.inbox_dir, make_envelope(make_hit(), site="acme-web"))
    database.close()


@pytest.mark.usefixtures("books")
def test_the_json_has_every_line_and_balances() -> None:
    result = CliRunner().invoke(ledger, ["--json"], catch_exceptions=False)
    assert json.loads(result.output) == {
        "accepted": 4,
        "waiting": 1,
        "page_views": 1,
        "actions": 1,
        "duplicates": 0,
        "dropped": {"bot": 1},
        "quarantined": 0,
        "alerts": 0,
        "deliveries": {"waiting": 0, "sending": 0, "delivered": 0, "failed": 0, "unknown": 0},
    }


@pytest.mark.usefixtures("books")
def test_the_table_names_each_reason() -> None:
    output = CliRunner().invoke(ledger, [], catch_exceptions=False).output
    assert "dropped: bot" in output
    assert "page views" in output
