"""`doorbell config` and `doorbell import` as an admin runs them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from click.testing import CliRunner, Result
from sqlalchemy import select

from commands.config import config
from commands.imports import import_
from enrichment.models import Company
from migrations.upgrade import alembic_config
from tracker.db import Database
from tracker.models import Site, User

Run = Callable[..., Result]


@pytest.fixture
def run(database: Database, tmp_path: Path) -> Run:
    """Runs a command against the test's database, whose tables are marked as up to date."""
    with database.engine.connect() as connection:
        command.stamp(alembic_config(connection), "head")
        connection.commit()
    environ = {
        "DOORBELL_DATA_DIR": str(tmp_path / "data"),
        "DOORBELL_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
        "COLUMNS": "200",
    }

    def invoke(*arguments: str, text: str = "") -> Result:
        group = {"config": config, "import": import_}[arguments[0]]
        return CliRunner().invoke(group, list(arguments[1:]), env=environ, input=text)

    return invoke


def write(directory: Path, name: str, text: str) -> str:
    path = directory / name
    path.write_bytes(text.encode())
    return str(path)


def test_apply_tells_what_it_changed_and_then_that_nothing_is_left(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, "c.yaml", "sites: [{key: acme-web, hosts: [www.acme.test]}]\n")
    first, second = run("config", "apply", file), run("config", "apply", file)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "acme-web" in first.stdout
    assert second.stdout == "nothing to change\n"


def test_apply_reads_standard_input_and_show_prints_it(run: Run) -> None:
    run("config", "apply", "-", text="products: [{name: CRM, pages: ['/crm*']}]")
    assert run("config", "show").stdout == "products:\n- name: CRM\n  pages:\n  - /crm*\n"


def test_a_dry_run_of_apply_changes_nothing(run: Run, database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, "c.yaml", "sites: [{key: acme-web}]\n")
    assert "acme-web" in run("config", "apply", file, "--dry-run").stdout
    with database.read() as session:
        assert session.scalars(select(Site)).all() == []


def test_faults_of_a_file_are_told_one_a_line(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, "c.yaml", "sites: [{key: x}]\nscoring: []\n")
    result = run("config", "apply", file)
    assert result.exit_code == 2
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["sites[0].key", "scoring"]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: \xe5"])
def test_a_file_that_is_not_utf8_is_told(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.yaml").write_bytes(content)
    result = run("config", "apply", str(tmp_path / "c.yaml"))
    assert (result.exit_code, "not UTF-8" in result.stderr) == (2, True)


def test_import_counts_and_leaves_no_file_when_all_is_well(
    run: Run, database: Database, tmp_path: Path
) -> None:
    file = write(tmp_path, "companies.csv", "domain,name\nscania.com,Scania\nsaab.com,Saab\n")
    result = run("import", "companies", file)
    assert result.exit_code == 0
    assert not (tmp_path / "companies.csv.refused.csv").exists()
    with database.read() as session:
        assert len(session.scalars(select(Company)).all()) == 2


def test_a_dry_run_of_import_changes_nothing(run: Run, database: Database, tmp_path: Path) -> None:
    file = write(tmp_path, "companies.csv", "domain,name\nscania.com,Scania\n")
    assert "would be" in run("import", "companies", file, "--dry-run").stdout
    with database.read() as session:
        assert session.scalars(select(Company)).all() == []


def test_refused_rows_are_written_beside_the_file(run: Run, tmp_path: Path) -> None:
    file = write(tmp_path, "companies.csv", "domain,country\nscania.com,Sweden\nsaab.com,SE\n")
    result = run("import", "companies", file)
    assert result.exit_code == 1
    assert "line 2, country: 'Sweden' is not a country" in result.stdout
    refused = (tmp_path / "companies.csv.refused.csv").read_text()
    assert refused.splitlines()[1].startswith("scania.com,Sweden,2,")


@pytest.mark.parametrize("content", ["", "colour\nred\n"])
def test_an_unreadable_file_ends_with_two(run: Run, tmp_path: Path, content: str) -> None:
    result = run("import", "deals", write(tmp_path, "deals.csv", content))
    assert result.exit_code == 2
    assert "deals.csv: " in result.stderr


def test_owners_of_an_import_may_come_from_the_config(run: Run, database: Database, tmp_path: Path) -> None:
    run("config", "apply", "-", text="users: [{email: eva@acme.test}]")
    file = write(tmp_path, "companies.csv", "domain,owner\nscania.com,Eva@acme.test\n")
    assert run("import", "companies", file).exit_code == 0
    with database.read() as session:
        owner = session.scalars(select(Company.owner_id)).one()
        assert owner == session.scalars(select(User.id)).one()
