"""Fetches a licensed MaxMind account's databases once a week.

From MaxMind's documented address for direct downloads: a tar.gz with the database in it, and its SHA-256
beside it. A file takes its place only after the same checks as one that an admin puts there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from enrichment.providers.geoip_files import FOLDER
from enrichment.providers.swaps import BROKEN, Facts, find_doubt, previous_of, read_facts
from tracker.outbound import OutboundError, Reply, download
from tracker.settings import Settings

EVERY = timedelta(days=7)
AFTER_FAILURE = timedelta(hours=6)
LARGEST = 2 * 1024**3
SECONDS = 1800.0
STATES = {
    401: "MaxMind refused the account id or the license key",
    403: "the license does not hold this edition",
    404: "MaxMind has no such edition",
    429: "too many downloads today",
}


class RefreshError(RuntimeError):
    """A database was not fetched; the message says which and why. The old one stays in use."""


def refresh_maxmind(settings: Settings, now: datetime) -> list[str]:
    """Fetches the editions that are due; their names. Raises RefreshError after all were tried."""
    folder = settings.data_dir / FOLDER
    fetched, faults = [], []
    for edition in settings.maxmind_editions if settings.maxmind_account_id else ():
        note = folder / f".{edition}.fetched"
        if now < due_at(note, edition):
            faults += [text] if (text := _read(note)) else []
            continue
        fault = _try_edition(settings, edition, folder)
        _write_note(note, fault, now)
        faults += [fault] if fault else []
        fetched += [] if fault else [edition]
    if faults:
        raise RefreshError("; ".join(faults))
    return fetched


def due_at(note: Path, edition: str) -> datetime:
    """A week after the last fetch, some hours later for some; six hours after one that failed."""
    if not note.exists():
        return datetime.min.replace(tzinfo=UTC)
    tried = datetime.fromtimestamp(note.stat().st_mtime, UTC)
    if _read(note):
        return tried + AFTER_FAILURE
    # The same machine always waits the same time, and not all machines of the world come at once.
    digest = hashlib.sha256(f"{note.resolve()} {edition}".encode()).digest()
    return tried + EVERY + timedelta(minutes=int.from_bytes(digest[:2]) % 720)


def _read(note: Path) -> str:
    return note.read_text(encoding="utf-8") if note.exists() else ""


def _write_note(note: Path, fault: str, now: datetime) -> None:
    note.write_text(fault, encoding="utf-8")
    os.utime(note, (now.timestamp(), now.timestamp()))


def _try_edition(settings: Settings, edition: str, folder: Path) -> str:
    """Fetches one edition; why not, or nothing."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as draft:
        try:
            fresh = _fetch(settings, edition, Path(draft))
            put_in_place(fresh, folder / f"{edition}.mmdb", edition)
        except (RefreshError, OutboundError, tarfile.TarError, EOFError, zlib.error, *BROKEN) as error:
            return f"{edition}: {str(error) or type(error).__name__}"
    return ""


def _fetch(settings: Settings, edition: str, draft: Path) -> Path:
    base = f"{settings.maxmind_url}/geoip/databases/{edition}/download?suffix=tar.gz"
    packed = draft / "packed"
    with packed.open("wb") as file:
        _download(settings, base, file)
    _check_sum(settings, f"{base}.sha256", packed, draft / "sum")
    return _unpack(packed, edition, draft / "database")


def _download(settings: Settings, url: str, file: BinaryIO) -> None:
    login = (settings.maxmind_account_id, settings.maxmind_license_key)
    reply: Reply = download(url, settings, file, login=login, most=LARGEST, seconds=SECONDS)
    if reply.status != 200:
        raise RefreshError(STATES.get(reply.status, f"MaxMind answered {reply.status}"))


def _check_sum(settings: Settings, url: str, packed: Path, path: Path) -> None:
    with path.open("wb") as file:
        _download(settings, url, file)
    wanted = path.read_bytes()[:64].decode("ascii", "replace")
    with packed.open("rb") as data:
        if hashlib.file_digest(data, "sha256").hexdigest() != wanted:
            raise RefreshError("what came is not what MaxMind's checksum says")


def _unpack(packed: Path, edition: str, path: Path) -> Path:
    """Takes out the one database by its name; nothing else of the archive reaches the disk."""
    with tarfile.open(packed, "r:gz") as archive, path.open("wb") as file:
        for member in archive:
            if member.isfile() and Path(member.name).name == f"{edition}.mmdb":
                if member.size > LARGEST:
                    raise RefreshError("the database is larger than it can be")
                data = archive.extractfile(member)
                if data is not None:
                    shutil.copyfileobj(data, file)
                file.flush()
                os.fsync(file.fileno())
                return path
    raise RefreshError("the archive does not hold the database")


def put_in_place(fresh: Path, path: Path, edition: str) -> None:
    """Swaps the file in and keeps the one in use for a rollback. Raises RefreshError on any doubt."""
    new = read_facts(fresh)
    if not new.edition.startswith(edition):
        raise RefreshError(f"the database is {new.edition}")
    if path.exists() and (doubt := _doubt(path, new)):
        raise RefreshError(doubt)
    if path.exists():
        kept = fresh.with_name("kept")
        os.link(path, kept)
        kept.replace(previous_of(path))
    fresh.replace(path)


def _doubt(path: Path, new: Facts) -> str:
    try:
        old = read_facts(path)
    except BROKEN:
        # What is there now is damaged: anything that can be read is better.
        return ""
    if new.build_epoch < old.build_epoch:
        return "it is older than the one in use"
    return find_doubt(old, new)
