"""The committed build of the snippet: small, and what its manifest says it is."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest

from tests.browser.recorder import STATIC

MOST_BROTLI_BYTES = 3300


@pytest.fixture
def manifest() -> dict[str, Any]:
    return dict(json.loads((STATIC / "manifest.json").read_text()))


@pytest.fixture
def script() -> bytes:
    return (STATIC / "v.js").read_bytes()


def test_the_script_stays_small(manifest: dict[str, Any]) -> None:
    assert manifest["sizes"]["brotli"] <= MOST_BROTLI_BYTES


def test_the_manifest_names_the_hashes_of_the_script(manifest: dict[str, Any], script: bytes) -> None:
    sri = "sha384-" + base64.b64encode(hashlib.sha384(script).digest()).decode()
    assert (manifest["sri"], manifest["sha256_8"]) == (sri, hashlib.sha256(script).hexdigest()[:8])


@pytest.mark.parametrize(("name", "size"), [("v.js", "plain"), ("v.js.gz", "gzip"), ("v.js.br", "brotli")])
def test_the_manifest_names_the_sizes_of_the_files(manifest: dict[str, Any], name: str, size: str) -> None:
    assert (STATIC / name).stat().st_size == manifest["sizes"][size]


def test_the_gzip_file_holds_the_script(script: bytes) -> None:
    assert gzip.decompress((STATIC / "v.js.gz").read_bytes()) == script
