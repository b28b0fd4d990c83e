from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from commands.identify import identify


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def test_json_is_one_object_a_line(data_dir: Path) -> None:
    result = CliRunner().invoke(
        identify, ["--json", "--data-dir", str(data_dir), "148.2.71.144", "2.248.35.152"]
    )
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["address"], line["kind"]) for line in lines] == [
        ("148.2.71.144", "company"),
        ("2.248.35.152", "isp"),
    ]


def test_addresses_are_read_from_standard_input(data_dir: Path) -> None:
    result = CliRunner().invoke(
        identify, ["--json", "--data-dir", str(data_dir)], input="148.2.71.144\n\n10.0.0.1\n"
    )
    assert [json.loads(line)["kind"] for line in result.stdout.splitlines()] == ["company", "reserved"]


def test_progress_is_for_terminals_only(data_dir: Path) -> None:
    result = CliRunner().invoke(
        identify, ["--json", "--data-dir", str(data_dir)], input="148.2.71.144\n" * 500
    )
    assert (len(result.stdout.splitlines()), result.stderr) == (500, "")


def test_someone_who_sends_the_answers_to_a_file_sees_how_many_are_done(
    data_dir: Path, tmp_path: Path
) -> None:
    leader, terminal = pty.openpty()
    command = [sys.executable, "-m", "commands.main", "identify", "--json", "--data-dir", str(data_dir)]
    with (tmp_path / "out").open("wb") as out:
        subprocess.run(
            command,
            input=b"148.2.71.144\n" * 300,
            stdout=out,
            stderr=terminal,
            check=True,
            env=os.environ | {"TERM": "xterm"},
        )
    os.close(terminal)
    assert b"addresses" in os.read(leader, 65_536)
    os.close(leader)


def test_what_is_no_address_is_said_and_the_rest_goes_on(data_dir: Path) -> None:
    result = CliRunner().invoke(identify, ["--json", "--data-dir", str(data_dir), "acme.test", "10.0.0.1"])
    assert result.exit_code == 1
    assert "acme.test" in result.stderr
    assert json.loads(result.stdout)["kind"] == "reserved"


def test_people_see_the_answer_and_the_evidence(data_dir: Path) -> None:
    result = CliRunner().invoke(identify, ["--data-dir", str(data_dir), "148.2.71.144"])
    assert "Saab AB (saab.com), confidence 0.90" in result.stdout
    assert "routing table" in result.stdout
    assert " for " in result.stdout


def test_people_are_told_that_a_provider_is_not_an_answer(data_dir: Path) -> None:
    result = CliRunner().invoke(identify, ["--data-dir", str(data_dir), "2.248.35.152"])
    assert "not identified: isp" in result.stdout
