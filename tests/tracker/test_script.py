"""The snippet's script as it is served."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tracker.script import choose_encoding, is_known, read_scripts

OFFERED = {"br": b"", "gzip": b"", "identity": b""}


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.000, gzip; q=0", "identity"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("br;q=0, *", "gzip"),
        ("br;q=nonsense", "br"),
        ("deflate", "identity"),
        (",,;;q=,", "identity"),
    ],
)
def test_the_best_accepted_encoding_is_chosen(accepted: str, chosen: str) -> None:
    assert choose_encoding(accepted, OFFERED) == chosen


@pytest.mark.parametrize(
    ("header", "known"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ("*", True),
        ('"b"', False),
        ("", False),
        ("a", False),
    ],
)
def test_a_known_etag_is_recognised(header: str, known: bool) -> None:
    assert is_known('"a"', header) is known


def build(directory: Path, code: bytes, sha: str) -> None:
    (directory / "v.js").write_bytes(code)
    (directory / "v.js.gz").write_bytes(gzip.compress(code))
    (directory / "manifest.json").write_text(json.dumps({"file": "v.js", "sha256_8": sha}))


def test_the_current_build_has_two_names(tmp_path: Path) -> None:
    build(tmp_path, b"code", "5694d08a")
    scripts = read_scripts(tmp_path)
    assert set(scripts) == {"v.js", "v.5694d08a.js"}
    assert set(scripts["v.js"].bodies) == {"gzip", "identity"}


def test_released_builds_are_served_on(tmp_path: Path) -> None:
    build(tmp_path, b"code", "5694d08a")
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases" / "v.ba7816bf.js").write_bytes(b"abc")
    assert read_scripts(tmp_path)["v.ba7816bf.js"].bodies["identity"] == b"abc"


def test_both_builds_are_served_under_names_that_never_change() -> None:
    scripts = read_scripts()
    full, lite = scripts["v.js"], scripts["v.lite.js"]
    assert scripts[f"v.{full.hash}.js"] is full
    assert scripts[f"v.lite.{lite.hash}.js"] is lite
    assert set(full.bodies) == set(lite.bodies) == {"br", "gzip", "identity"}


def test_a_manifest_of_another_build_is_refused(tmp_path: Path) -> None:
    build(tmp_path, b"code", "00000000")
    with pytest.raises(ValueError, match="build the script again"):
        read_scripts(tmp_path)


def test_without_a_build_there_is_no_script(tmp_path: Path) -> None:
    assert read_scripts(tmp_path) == {}


def test_the_scripts_in_the_package_can_be_read() -> None:
    assert "v.js" in read_scripts()
