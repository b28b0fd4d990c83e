"""The wheel carries everything the program needs: no Node, no checkout, no build step."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    script = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", script, str(directory)], cwd=ROOT, check=True)
    return next(directory.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory)
    return directory


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(listed.stdout.split())


def test_everything_tracked_in_the_rooms_is_in_the_wheel(wheel: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout, so nothing says which files belong to it")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    rooms = tracked("tracker", "enrichment", "alerts", "web", "commands", "migrations", "wsgi.py")
    assert rooms - names == set()


def test_the_script_in_the_wheel_is_the_one_of_the_manifest(installed: Path) -> None:
    static = installed / "tracker" / "static"
    text = (static / "manifest.json").read_text()
    digest = hashlib.sha384((static / "v.js").read_bytes()).digest()
    assert json.loads(text)
    assert base64.b64encode(digest).decode() in text


def test_an_installed_wheel_identifies_an_address(installed: Path, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": str(installed), "DOORBELL_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-P", "-m", "commands.main", "identify", "148.2.71.144", "--json"]
    result = subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True)
    answer = json.loads(result.stdout)
    assert (answer["kind"], answer["domain"]) == ("company", "saab.com")
