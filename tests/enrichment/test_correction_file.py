"""Corrections as a signed file: nothing in it can be changed, and only trusted keys are taken."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from enrichment.correction_file import (
    CorrectionFileError,
    fingerprint,
    get_signing_key,
    read_corrections,
    show_key,
    write_corrections,
)
from enrichment.corrections import Verdict, Wanted
from enrichment.models import Correction

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = show_key(KEY.public_key())


def row(network: str = "192.0.2.0/24", verdict: str = "company", **more: str) -> Correction:
    values = {"organisation": "Åkeri AB", "domain": "acme.se", "note": "their office"} | more
    return Correction(network=network, verdict=verdict, made_by="bob@ours.test", **values)


def write(*rows: Correction) -> bytes:
    return write_corrections(rows, KEY, MOMENT).encode()


def test_what_was_written_is_read_again() -> None:
    wanted = Wanted(
        "192.0.2.0/24", Verdict.COMPANY, "Åkeri AB", "acme.se", "their office", fingerprint(PUBLIC)
    )
    assert read_corrections(write(row()), [PUBLIC]) == [wanted]


def test_a_correction_of_an_as_is_shared() -> None:
    [wanted] = read_corrections(write(row("AS3301", "provider")), [PUBLIC])
    assert (wanted.network, wanted.verdict) == ("AS3301", Verdict.PROVIDER)


def test_our_own_staff_and_who_said_so_stay_at_home() -> None:
    text = write(row(), row("198.51.100.0/24", "us"))
    assert b"198.51.100" not in text
    assert b"bob@ours.test" not in text


def test_a_key_that_nobody_trusts_is_refused_and_named() -> None:
    with pytest.raises(CorrectionFileError, match="--key"):
        read_corrections(write(row()), [])


@pytest.mark.parametrize("name", ["made_at", "corrections", "signature"])
def test_a_changed_file_is_refused(name: str) -> None:
    body = json.loads(write(row()))
    changes = {
        "made_at": "2027-01-01T00:00:00+00:00",
        "corrections": [],
        "signature": body["signature"][::-1],
    }
    with pytest.raises(CorrectionFileError, match="signature"):
        read_corrections(json.dumps(body | {name: changes[name]}).encode(), [PUBLIC])


def test_a_key_put_in_place_of_the_signers_is_refused() -> None:
    other = show_key(Ed25519PrivateKey.generate().public_key())
    body = json.loads(write(row())) | {"key": other}
    with pytest.raises(CorrectionFileError, match="signature"):
        read_corrections(json.dumps(body).encode(), [other])


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"key": 1}'])
def test_what_is_no_file_of_corrections_is_refused(data: bytes) -> None:
    with pytest.raises(CorrectionFileError, match="no file of corrections"):
        read_corrections(data, [PUBLIC])


@pytest.mark.parametrize(
    ("network", "verdict"),
    [("0.0.0.0/0", "company"), ("::/8", "provider"), ("AS0", "provider"), ("192.0.2.0/24", "odd")],
)
def test_a_row_that_would_reach_too_far_or_means_nothing_is_refused(network: str, verdict: str) -> None:
    with pytest.raises(CorrectionFileError):
        read_corrections(write(row(network, verdict)), [PUBLIC])


def test_the_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = get_signing_key(tmp_path), get_signing_key(tmp_path)
    assert first.private_bytes_raw() == second.private_bytes_raw()
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [
        ("corrections_key", 0o600)
    ]
