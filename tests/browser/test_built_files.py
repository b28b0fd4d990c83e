"""The committed builds of the snippet: small, and what their manifest says they are."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.browser.recorder import STATIC
from tests.conftest import make_settings
from tracker.collector import Collector, collector_blueprint
from tracker.db import Database
from tracker.inbox import Inbox
from tracker.sites import SiteBook

MOST_BROTLI_BYTES = {"v.js": 3300, "v.lite.js": 1600}


@pytest.fixture(params=list(MOST_BROTLI_BYTES))
def facts(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the manifest says about one build."""
    manifest = json.loads((STATIC / "manifest.json").read_text())
    return next(facts for facts in (manifest, manifest["lite"]) if facts["file"] == request.param)


@pytest.fixture
def script(facts: dict[str, Any]) -> bytes:
    return (STATIC / facts["file"]).read_bytes()


def test_the_script_stays_small(facts: dict[str, Any]) -> None:
    assert facts["sizes"]["brotli"] <= MOST_BROTLI_BYTES[facts["file"]]


def test_the_manifest_names_the_hashes_of_the_script(facts: dict[str, Any], script: bytes) -> None:
    sri = "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()
    assert (facts["sri"], facts["sha256_8"]) == (sri, hashlib.sha256(script).hexdigest()[:8])


@pytest.mark.parametrize(("ending", "size"), [("", "plain"), (".gz", "gzip"), (".br", "brotli")])
def test_the_manifest_names_the_sizes_of_the_files(facts: dict[str, Any], ending: str, size: str) -> None:
    assert (STATIC / (facts["file"] + ending)).stat().st_size == facts["sizes"][size]


def test_the_gzip_file_holds_the_script(facts: dict[str, Any], script: bytes) -> None:
    assert gzip.decompress((STATIC / (facts["file"] + ".gz")).read_bytes()) == script


RELEASES = STATIC / "releases"
RELEASED = json.loads((RELEASES / "manifest.json").read_text())
JS = STATIC.parents[1] / "js"


def test_the_present_builds_are_kept_for_ever(facts: dict[str, Any]) -> None:
    name = facts["file"].replace(".js", f".{facts['sha256_8']}.js")
    assert name in RELEASED, "run `npm run release` in js/ and commit tracker/static/releases/"
    assert RELEASED[name]["sri"] == facts["sri"]


def test_every_kept_build_has_its_line_and_its_files() -> None:
    files = {path.name for path in RELEASES.iterdir()} - {"manifest.json"}
    assert files == {name + ending for name in RELEASED for ending in ("", ".br", ".gz")}


@pytest.fixture
def client(sqlite_template: Path, tmp_path: Path) -> Iterator[FlaskClient]:
    database = Database(f"sqlite:///{shutil.copy(sqlite_template, tmp_path)}")
    collector = Collector(make_settings(tmp_path), SiteBook(database), Inbox(tmp_path / "inbox"))
    app = Flask(__name__)
    app.register_blueprint(collector_blueprint(collector))
    yield app.test_client()
    collector.close()
    database.close()


def test_every_kept_build_is_served_for_ever_and_as_its_hash_says(client: FlaskClient) -> None:
    for name, facts in RELEASED.items():
        answer = client.get(f"/s/{name}")
        packed = client.get(f"/s/{name}", headers={"Accept-Encoding": "gzip"})
        digest = base64.b64encode(hashlib.sha384(answer.data).digest()).decode()
        assert (answer.status_code, "sha384-" + digest) == (200, facts["sri"])
        assert hashlib.sha256(answer.data).hexdigest()[:8] == name.split(".")[-2]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert gzip.decompress(packed.data) == answer.data


def test_a_release_takes_no_earlier_one_away(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (JS / "node_modules").exists():
        pytest.skip("the snippet's tools are not installed: npm ci in js")
    for part in ("build.mjs", "package.json", "src"):
        copy = shutil.copytree if (JS / part).is_dir() else shutil.copy
        (tmp_path / "js").mkdir(exist_ok=True)
        copy(JS / part, tmp_path / "js" / part)
    (tmp_path / "js" / "node_modules").symlink_to(JS / "node_modules")
    releases = tmp_path / "tracker" / "static" / "releases"
    releases.mkdir(parents=True)
    (releases / "v.00000000.js").write_text("an earlier one")
    (releases / "manifest.json").write_text('{"v.00000000.js": {"version": "0.0.1"}}')
    subprocess.run([node, "build.mjs", "--release"], cwd=tmp_path / "js", check=True, timeout=100)
    kept = json.loads((releases / "manifest.json").read_text())
    assert (releases / "v.00000000.js").read_text() == "an earlier one"
    assert list(kept)[0] == "v.00000000.js" and set(kept) <= {"v.00000000.js", *RELEASED}
    assert (releases.parent / "v.js").read_bytes() == (STATIC / "v.js").read_bytes()
