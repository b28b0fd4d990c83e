"""Corrections as a signed file that installations share.

The file is JSON with the Ed25519 public key of its maker and a signature over everything else in it.
What is about our own staff, and who made a correction, stays at home.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from enrichment.corrections import Verdict, Wanted, parse_reach, write_reach
from enrichment.domain_names import registered_domain
from enrichment.models import Correction
from enrichment.text import clean_text

FORMAT = 1
KEY_NAME = "corrections_key"
# Wider ones would let a foreign file rename half the internet.
SHORTEST_PREFIX = {4: 8, 6: 16}


class CorrectionFileError(ValueError):
    """A file that is not taken; the message says what would be right."""


class SharedCorrection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One correction as it stands in the file."""

    network: str
    verdict: str
    organisation: str = ""
    domain: str = ""
    note: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    doorbell_corrections: int
    made_at: datetime
    corrections: list[SharedCorrection]
    key: str
    signature: str


def get_signing_key(data_dir: Path) -> Ed25519PrivateKey:
    """The installation's own key, made at first use and readable by its owner only."""
    path = data_dir / KEY_NAME
    if not path.exists():
        draft = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        # The first of two processes wins: a link is never made over a file that is there.
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


def show_key(key: Ed25519PublicKey) -> str:
    """The public key as text: what others pass to `doorbell corrections import --key`."""
    return base64.b64encode(key.public_bytes_raw()).decode()


def fingerprint(key: str) -> str:
    """Sixteen hex digits by which people tell keys apart."""
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def write_corrections(rows: Iterable[Correction], key: Ed25519PrivateKey, now: datetime) -> str:
    """The signed file of those corrections that say something to others."""
    body: dict[str, Any] = {
        "doorbell_corrections": FORMAT,
        "made_at": now.isoformat(),
        "corrections": [_as_shared(row) for row in rows if row.verdict != Verdict.US],
        "key": show_key(key.public_key()),
    }
    body["signature"] = base64.b64encode(key.sign(_signed_bytes(body))).decode()
    return json.dumps(body, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _as_shared(row: Correction) -> dict[str, str]:
    return {
        "network": row.network,
        "verdict": row.verdict,
        "organisation": row.organisation,
        "domain": row.domain,
        "note": row.note,
    }


def _signed_bytes(body: dict[str, Any]) -> bytes:
    """What the signature covers: the whole body but itself, written in the one canonical way."""
    rest = {name: value for name, value in body.items() if name != "signature"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def read_corrections(data: bytes, trusted: Iterable[str]) -> list[Wanted]:
    """The corrections of a file signed with one of the trusted keys. Raises CorrectionFileError."""
    body, file = _parse(data)
    if file.doorbell_corrections != FORMAT:
        raise CorrectionFileError(f"the file has another format than {FORMAT}, which this version reads")
    if file.key not in set(trusted):
        raise CorrectionFileError(
            f"the file is signed with the key {file.key}; compare it with what its maker told you, "
            "and trust it with --key"
        )
    _verify(body, file)
    return [_as_wanted(row, fingerprint(file.key)) for row in file.corrections]


def _parse(data: bytes) -> tuple[dict[str, Any], _File]:
    try:
        body = json.loads(data)
        return body, msgspec.convert(body, _File)
    except (ValueError, RecursionError, msgspec.ValidationError) as error:
        raise CorrectionFileError(f"this is no file of corrections: {error}") from error


def _verify(body: dict[str, Any], file: _File) -> None:
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(file.key, validate=True))
        key.verify(base64.b64decode(file.signature, validate=True), _signed_bytes(body))
    except (InvalidSignature, ValueError, binascii.Error) as error:
        raise CorrectionFileError("the signature is wrong: the file was changed after it was made") from error


def _as_wanted(row: SharedCorrection, signer: str) -> Wanted:
    try:
        reach = parse_reach(row.network)
        verdict = Verdict(row.verdict)
    except ValueError as error:
        raise CorrectionFileError(f"{row.network}: {error}") from error
    if verdict is Verdict.US:
        raise CorrectionFileError(f"{row.network}: another installation's staff are not ours")
    if not isinstance(reach, int) and reach.prefixlen < SHORTEST_PREFIX[reach.version]:
        raise CorrectionFileError(f"{row.network} is too wide a network for a correction")
    return Wanted(
        network=write_reach(reach),
        verdict=verdict,
        organisation=clean_text(row.organisation)[:200],
        domain=registered_domain(row.domain) or "" if row.domain else "",
        note=clean_text(row.note)[:300],
        signer=signer,
    )
