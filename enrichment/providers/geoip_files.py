"""GeoIP2 databases that an admin put into `geoip/` of the data directory, opened with care.

A file is read into memory: a mapped file that is cut short while in use would end the process.
A file that cannot be opened or that fails at a look-up is refused with a logged reason, and all
other sources go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import maxminddb
from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError, GeoIP2Error

from enrichment.providers.address import Address

logger = logging.getLogger(__name__)

FOLDER = "geoip"
# Seconds until the directory is looked over again for new and changed files.
LOOK_AGAIN = 30.0
# Whatever a damaged or foreign file makes the reader raise: it decodes what it finds there.
BROKEN = (
    maxminddb.InvalidDatabaseError,
    GeoIP2Error,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)


class GeoipFile:
    """One open database. A look-up that fails shuts it for good, with one line in the log."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._reader: Reader | None = Reader(path, mode=maxminddb.MODE_MEMORY)
        metadata = self._reader.metadata()
        if not metadata.node_count:
            raise maxminddb.InvalidDatabaseError("it holds no networks")
        self.edition = str(metadata.database_type)
        self.build_epoch = int(metadata.build_epoch)
        self.data_date = datetime.fromtimestamp(self.build_epoch, UTC).date().isoformat()

    def ask(self, method: str, address: Address) -> Any | None:
        """What the reader's `method` (asn, isp, enterprise, ...) answers; None when it does not know."""
        if self._reader is None:
            return None
        try:
            return getattr(self._reader, method)(address)
        except AddressNotFoundError:
            return None
        except BROKEN as error:
            self.refuse(error)
            return None

    def refuse(self, error: Exception) -> None:
        """Shut the file: what it answered cannot be right, so nothing else in it is believed."""
        log_refusal(self.path, error)
        self._reader = None


def log_refusal(path: Path, error: Exception) -> None:
    logger.warning("GeoIP file refused: file=%s reason=%s", path, str(error) or type(error).__name__)


class GeoipFolder:
    """The usable files of a directory. It is looked over again when `LOOK_AGAIN` seconds have passed."""

    def __init__(self, folder: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self.clock = clock
        self._seen: dict[Signature, GeoipFile | None] = {}
        self._look_at = clock()
        self._look()

    def newest(self, *editions: str) -> GeoipFile | None:
        """The newest file of the first of these editions that is there; editions match by their start."""
        if self.clock() >= self._look_at:
            self._look()
        for edition in editions:
            files = [file for file in self._seen.values() if file and file.edition.startswith(edition)]
            if files:
                return max(files, key=lambda file: file.build_epoch)
        return None

    def _look(self) -> None:
        """Open files that are new or changed. The others, and those refused before, stay as they are."""
        self._look_at = self.clock() + LOOK_AGAIN
        signatures = [_signature(path) for path in sorted(self.folder.glob("*.mmdb"))] if self.folder else []
        known = self._seen
        # Replaced as a whole: another thread that looks something up meanwhile has the old or the new one.
        self._seen = {mark: known[mark] if mark in known else _open(mark.path) for mark in signatures}


@dataclass(frozen=True, slots=True)
class Signature:
    """What tells a changed file from the one that was opened."""

    path: Path
    inode: int
    changed_ns: int
    size: int


def _signature(path: Path) -> Signature:
    try:
        status = path.stat()
    except OSError:
        return Signature(path, 0, 0, 0)
    return Signature(path, status.st_ino, status.st_mtime_ns, status.st_size)


def _open(path: Path) -> GeoipFile | None:
    try:
        return GeoipFile(path)
    except BROKEN as error:
        log_refusal(path, error)
        return None
