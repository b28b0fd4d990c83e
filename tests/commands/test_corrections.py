"""`doorbell corrections`: from one installation to another."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from commands.main import doorbell
from enrichment.corrections import Verdict, Wanted, correct
from enrichment.models import NetworkOverride
from tests.conftest import NOW
from tracker.db import Database


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(doorbell, ["corrections", *words], env={"DOORBELL_DATA_DIR": str(home)})


def open_at(home: Path, template: Path) -> Database:
    home.mkdir()
    run(home, "export")
    return Database(f"sqlite:///{home / 'doorbell.db'}")


@pytest.fixture
def shared(tmp_path: Path, sqlite_template: Path) -> Path:
    """The file of an installation with one correction."""
    database = open_at(tmp_path / "one", sqlite_template)
    with database.write() as session:
        correct(session, Wanted("192.0.2.0/24", Verdict.COMPANY, "Acme AB", "acme.se"), NOW, "bob@ours.test")
    database.close()
    assert run(tmp_path / "one", "export", str(tmp_path / "shared.json")).exit_code == 0
    return tmp_path / "shared.json"


def test_another_installation_takes_over_what_it_trusts(shared: Path, sqlite_template: Path) -> None:
    other = shared.parent / "two"
    database = open_at(other, sqlite_template)
    key = run(shared.parent / "one", "key").output.strip()
    assert run(other, "import", str(shared)).exit_code == 2
    assert run(other, "import", str(shared), "--key", key).output == "192.0.2.0/24: Acme AB\n"
    with database.read() as session:
        assert session.scalars(select(NetworkOverride.organisation)).all() == ["Acme AB"]
    database.close()
    again = run(other, "import", str(shared), "--key", key)
    assert again.output == "192.0.2.0/24: corrected here already, left as it is\n"


def test_a_dry_run_changes_nothing(shared: Path, sqlite_template: Path) -> None:
    other = shared.parent / "two"
    database = open_at(other, sqlite_template)
    key = run(shared.parent / "one", "key").output.strip()
    assert "Acme AB" in run(other, "import", str(shared), "--key", key, "--dry-run").output
    with database.read() as session:
        assert session.scalars(select(NetworkOverride)).all() == []
    database.close()
