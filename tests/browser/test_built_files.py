"""The committed builds of the snippet: small, and what their manifest says they are."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest

from tests.browser.recorder import STATIC

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
