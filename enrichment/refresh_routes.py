"""Fetches a newer table of routes once a week, from the address in the settings.

The table may be packed (xz) or not. It is asked for only if it changed, and takes the place of the one in
use only with the right checksum and after the same checks as a table that an admin puts there.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec

from enrichment.providers.route_tables import OwnTable, find_route_doubt
from enrichment.providers.routing_table import NEWER, UNPACKED_PREFIX
from enrichment.providers.swaps import BROKEN, previous_of
from enrichment.refresh import AFTER_FAILURE, EVERY, RefreshError
from tracker.outbound import OutboundError, Reply, download
from tracker.settings import Settings

LARGEST = 256 * 1024**2
LARGEST_UNPACKED = 512 * 1024**2
SECONDS = 900.0
NOTE = ".routes-fetched.json"
_XZ = b"\xfd7zXZ\x00"
_CHUNK = 1024**2


class Note(msgspec.Struct, frozen=True):
    """The last try: of which address, when, why it failed, and what tells the next whether it changed."""

    url: str = ""
    tried_at: datetime | None = None
    fault: str = ""
    etag: str = ""
    modified: str = ""


def refresh_routes(settings: Settings, now: datetime) -> bool:
    """Whether a newer table was put in place. Raises RefreshError; the old table stays in use then."""
    if not settings.routes_url:
        return False
    path = settings.data_dir / NOTE
    note = read_note(path)
    if note.url == settings.routes_url and not is_due(note, now):
        if note.fault:
            raise RefreshError(note.fault)
        return False
    try:
        fetched, done = _fetch(settings, note)
    except (RefreshError, OutboundError, lzma.LZMAError, EOFError, *BROKEN) as error:
        fault = f"table of routes: {str(error) or type(error).__name__}"
        _write_note(path, Note(settings.routes_url, now, fault, note.etag, note.modified))
        raise RefreshError(fault) from error
    _write_note(path, msgspec.structs.replace(done, tried_at=now))
    return fetched


def is_due(note: Note, now: datetime) -> bool:
    """A week after the last try, some hours later for some addresses; six hours after one that failed."""
    if note.tried_at is None:
        return True
    # Installations that all began on one day do not all come in one minute a week later.
    late = timedelta(minutes=note.tried_at.microsecond % 720)
    return now >= note.tried_at + (AFTER_FAILURE if note.fault else EVERY + late)


def read_note(path: Path) -> Note:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Note)
    except (OSError, msgspec.DecodeError):
        return Note()


def _write_note(path: Path, note: Note) -> None:
    draft = path.with_name(f"{path.name}.draft")
    draft.write_bytes(msgspec.json.encode(note))
    draft.replace(path)


def _fetch(settings: Settings, note: Note) -> tuple[bool, Note]:
    with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".fetch-") as folder:
        packed = Path(folder) / "packed"
        with packed.open("wb") as file:
            reply = _ask(settings.routes_url, settings, file, _conditions(settings, note))
        if reply.status == 304:
            return False, msgspec.structs.replace(note, fault="")
        _check_sum(settings, packed, Path(folder) / "sum")
        put_in_place(_unpack(packed, Path(folder) / "table"), settings.data_dir)
    headers = reply.headers
    return True, Note(
        settings.routes_url, etag=headers.get("etag", ""), modified=headers.get("last-modified", "")
    )


def _conditions(settings: Settings, note: Note) -> Mapping[str, str]:
    """None when the table that was fetched last is gone, or came from another address."""
    if note.url != settings.routes_url or not (settings.data_dir / NEWER).exists():
        return {}
    named = {"If-None-Match": note.etag, "If-Modified-Since": note.modified}
    return {name: value for name, value in named.items() if value}


def _ask(url: str, settings: Settings, file: BinaryIO, headers: Mapping[str, str]) -> Reply:
    reply = download(url, settings, file, most=LARGEST, seconds=SECONDS, headers=headers)
    if reply.status not in (200, 304) or (reply.status == 304 and not headers):
        raise RefreshError(f"the answer was {reply.status}")
    return reply


def _check_sum(settings: Settings, packed: Path, path: Path) -> None:
    url = settings.routes_sha256_url or f"{settings.routes_url}.sha256"
    with path.open("wb") as file:
        try:
            _ask(url, settings, file, {})
        except RefreshError as error:
            raise RefreshError(f"its checksum cannot be fetched: {error}") from error
    wanted = path.read_bytes()[:64].decode("ascii", "replace").lower()
    with packed.open("rb") as data:
        if hashlib.file_digest(data, "sha256").hexdigest() != wanted:
            raise RefreshError("what came is not what its checksum says")


def _unpack(packed: Path, path: Path) -> Path:
    with packed.open("rb") as data:
        is_packed = data.read(len(_XZ)) == _XZ
    if not is_packed:
        return packed
    with lzma.open(packed) as source, path.open("wb") as target:
        while chunk := source.read(_CHUNK):
            target.write(chunk)
            if target.tell() > LARGEST_UNPACKED:
                raise RefreshError("it is larger than such a table can be")
    return path


def put_in_place(fresh: Path, data_dir: Path) -> None:
    """Swaps the table in and keeps the one in use for a rollback. Raises RefreshError on any doubt."""
    path = data_dir / NEWER
    new = OwnTable(fresh)
    if doubt := _doubt(_in_use(data_dir), new):
        raise RefreshError(doubt)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    if path.exists():
        kept = fresh.with_name("kept")
        shutil.copyfile(path, kept)
        kept.replace(previous_of(path))
    fresh.replace(path)


def _in_use(data_dir: Path) -> OwnTable | None:
    """The newer table, or the embedded one where there is none that can be read."""
    for path in (data_dir / NEWER, *sorted(data_dir.glob(f"{UNPACKED_PREFIX}*.mmdb"))):
        try:
            return OwnTable(path)
        except BROKEN:
            continue
    return None


def _doubt(old: OwnTable | None, new: OwnTable) -> str:
    if old is None:
        return "there is no table in use to compare it with"
    if new.facts.build_epoch < old.facts.build_epoch:
        return "it is older than the one in use"
    return find_route_doubt(old, new)
