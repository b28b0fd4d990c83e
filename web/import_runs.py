"""An import that goes on while its browser waits or leaves: a thread, its state in a file beside the upload.

Any web process of the machine can tell how far it is. A process that dies leaves a state that is not
renewed any more; the import may then simply be started again, since the same file twice changes nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from enrichment.imports import ImportError_, ImportReport, import_rows
from tracker.db import Database

logger = logging.getLogger(__name__)

SUFFIX = ".state"
# A batch of 100 rows takes a fraction of this.
SILENT_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class ImportRun:
    """How far a run is: rows done and in all (0: not counted yet); at its end a report or what went wrong."""

    dry_run: bool
    renewed: float  # seconds since 1970
    done: int = 0
    total: int = 0
    report: ImportReport | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        return self.report is not None or bool(self.error)

    def stopped(self, now: float) -> bool:
        """Whether the process that did it must have died."""
        return not self.ended and now - self.renewed > SILENT_FOR.total_seconds()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that waits in the data directory; `name` is what its sender calls it."""

    path: Path
    kind: str
    name: str
    sender: str


def find_run(upload: Path) -> ImportRun | None:
    """The latest run over the file; None before the first, and where another version wrote it down."""
    try:
        return msgspec.json.decode(_state(upload).read_bytes(), type=ImportRun)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def start_run(database: Database, upload: Upload, *, dry_run: bool, now: datetime) -> threading.Thread:
    """Begins an import. Wait for the thread as long as is polite, then ask `find_run`."""
    _save(upload.path, ImportRun(dry_run, time.time()))
    thread = threading.Thread(target=_work, args=(database, upload, dry_run, now), name="import", daemon=True)
    thread.start()
    return thread


def drop_upload(upload: Path) -> None:
    """Forgets the file and what is known of its runs."""
    upload.unlink(missing_ok=True)
    _state(upload).unlink(missing_ok=True)


def _work(database: Database, upload: Upload, dry_run: bool, now: datetime) -> None:
    run = ImportRun(dry_run, time.time())

    def note(done: int, total: int) -> None:
        _save(upload.path, replace(run, renewed=time.time(), done=done, total=total))

    try:
        report = import_rows(
            database,
            upload.kind,
            upload.path,
            dry_run=dry_run,
            now=now,
            changed_by=upload.sender,
            file_name=upload.name,
            progress=note,
        )
        _save(upload.path, replace(run, report=report))
    except ImportError_ as error:
        _save(upload.path, replace(run, error=f"This file cannot be read: {error}"))
    except Exception:
        # The thread's outermost: nobody above it would tell the person who waits.
        logger.exception("import of a %s file ended early", upload.kind)
        lost = "The import ended early. What it had taken stays; start it again, the rest follows"
        _save(upload.path, replace(run, error=lost))


def _state(upload: Path) -> Path:
    return upload.with_name(upload.name + SUFFIX)


def _save(upload: Path, run: ImportRun) -> None:
    """In one step, so that a reader never sees half of it."""
    fresh = upload.with_name(f"{upload.name}.{threading.get_ident()}.tmp")
    fresh.write_bytes(msgspec.json.encode(run))
    fresh.replace(_state(upload))
