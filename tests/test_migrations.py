"""Models and migrations agree, on both databases, and a start brings a database up to date."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from migrations.metadata import metadata
from migrations.upgrade import alembic_config, upgrade
from tests.conftest import PostgresServer
from tracker.db import Database
from tracker.models import CollectorNote, Site


@pytest.fixture
def empty_database(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    if database_kind == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'empty.db'}")
        yield database
        database.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.new_database()
    database = Database(server.address(name))
    yield database
    database.close()
    server.drop(name)


def test_models_and_migrations_agree(empty_database: Database, tmp_path: Path) -> None:
    upgrade(empty_database, tmp_path / "lock")
    with empty_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_second_upgrade_changes_nothing(empty_database: Database, tmp_path: Path) -> None:
    upgrade(empty_database, tmp_path / "lock")
    before = set(inspect(empty_database.engine).get_table_names())
    upgrade(empty_database, tmp_path / "lock")
    assert set(inspect(empty_database.engine).get_table_names()) == before


FIRST_ROWS = """
    INSERT INTO sites (id, key, name, hosts, staff_networks, page_groups, query_parameters, secret,
        created_at, sender_consent, first_hit_address)
    VALUES (1, 'a', 'A', '[]', '[]', '[]', '[]', 's', '2026-11-21 14:30:00', '1', '');
    INSERT INTO collector_notes (site_key, kind, detail, count, last_at)
    VALUES ('a', 'script', 'www.a.test', 3, '2026-11-21 14:30:00')
"""


def test_the_rows_of_the_first_release_stay(empty_database: Database, tmp_path: Path) -> None:
    with empty_database.engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        for statement in FIRST_ROWS.split(";"):
            connection.execute(text(statement))
    upgrade(empty_database, tmp_path / "lock")
    with empty_database.read() as session:
        assert session.execute(select(Site.key, Site.do_not_track)).all() == [("a", False)]
        (note,) = session.scalars(select(CollectorNote)).all()
    assert note.first_at == note.last_at


def test_many_processes_that_start_together_migrate_once(empty_database: Database, tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from migrations.upgrade import upgrade; from tracker.db import Database; "
        "upgrade(Database(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    # Each has a lock file of its own where the database has to do the locking, as on several machines.
    locks = ["lock"] * 4 if empty_database.is_sqlite else [f"lock-{n}" for n in range(4)]
    processes = [
        subprocess.Popen([sys.executable, "-c", script, empty_database.url, str(tmp_path / lock)])
        for lock in locks
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0, 0]
