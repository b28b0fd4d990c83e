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
from geoip2.errors import AddressNotFoundError

from enrichment.providers.address import Address
from enrichment.providers.swaps import (
    BROKEN,
    Content,
    Mark,
    check_content,
    explain,
    find_doubt,
    keep_previous,
    mark_of,
    previous_of,
)

logger = logging.getLogger(__name__)

FOLDER = "geoip"
# Seconds until the directory is looked over again for new and changed files.
LOOK_AGAIN = 30.0


class GeoipFile:
    """One open database. A look-up that fails shuts it for good, with one line in the log."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path.read_bytes()
        self.facts = check_content(Content(self.data, path))
        if not self.facts.node_count:
            raise maxminddb.InvalidDatabaseError("it holds no networks")
        self._reader: Reader | None = Reader(Content(self.data, path), mode=maxminddb.MODE_FD)
        self.edition, self.build_epoch = self.facts.edition, self.facts.build_epoch
        self.data_date = datetime.fromtimestamp(self.build_epoch, UTC).date().isoformat()

    @property
    def is_usable(self) -> bool:
        return self._reader is not None

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
    logger.warning("GeoIP file refused: file=%s reason=%s", path, explain(error))


@dataclass(frozen=True, slots=True)
class Held:
    """The mark of a path as it was last looked at, and the file in use for it; None: refused."""

    mark: Mark | None
    file: GeoipFile | None


class GeoipFolder:
    """The usable files of a directory. It is looked over again when `LOOK_AGAIN` seconds have passed.

    A changed file takes the place of the old one only when nothing speaks against it.
    """

    def __init__(self, folder: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = folder
        self.clock = clock
        self._held: dict[Path, Held] = {}
        self._chosen: dict[tuple[str, ...], GeoipFile | None] = {}
        self._told: list[GeoipFile] = []
        self._look()
        self._told = self._files()

    def newest(self, *editions: str) -> GeoipFile | None:
        """The newest file of the first of these editions that is there; editions match by their start."""
        if self.clock() >= self._look_at:
            self._look()
        if editions not in self._chosen:
            self._chosen[editions] = self._choose(editions)
        return self._chosen[editions]

    def _choose(self, editions: tuple[str, ...]) -> GeoipFile | None:
        for edition in editions:
            files = [file for file in self._files() if file.edition.startswith(edition)]
            if files:
                return max(files, key=lambda file: file.build_epoch)
        return None

    def refresh(self) -> bool:
        """Looks the directory over now; whether other files are in use than when it last told."""
        self._look()
        told, self._told = self._told, self._files()
        return told != self._told

    def _files(self) -> list[GeoipFile]:
        return [held.file for held in self._held.values() if held.file]

    def _look(self) -> None:
        """Open files that are new or changed. The others, and those refused before, stay as they are."""
        self._look_at = self.clock() + LOOK_AGAIN
        paths = sorted(self.folder.glob("*.mmdb")) if self.folder else []
        # Replaced as a whole: another thread that looks something up meanwhile has the old or the new one.
        self._held = {path: _hold(path, self._held.get(path)) for path in paths}
        self._chosen = {}


def _hold(path: Path, held: Held | None) -> Held:
    mark = mark_of(path)
    old = held.file if held and held.file and held.file.is_usable else None
    if held is not None and held.mark == mark and (old or not held.file):
        return held
    if held is not None and held.mark == mark:
        # It failed at a look-up, so what stood there before is better.
        return Held(mark, _open_previous(path))
    new = _open_checked(path, old)
    if new and old:
        _keep(path, old, new)
    return Held(mark, new or old or _open_previous(path))


def _open_checked(path: Path, old: GeoipFile | None) -> GeoipFile | None:
    """The file, opened; None when it cannot be, or when it is not what should follow the old one."""
    try:
        new = GeoipFile(path)
        if old is not None and (doubt := find_doubt(old.facts, new.facts)):
            raise maxminddb.InvalidDatabaseError(doubt)
    except BROKEN as error:
        log_refusal(path, error)
        return None
    return new


def _keep(path: Path, old: GeoipFile, new: GeoipFile) -> None:
    """What was in use stays on the disk: damage to the new file may show only at a look-up."""
    if old.data == new.data or old.path != path:
        return
    try:
        keep_previous(path, old.data)
    except OSError as error:
        logger.warning("GeoIP file in use before is not kept: file=%s reason=%s", path, error)


def _open_previous(path: Path) -> GeoipFile | None:
    previous = previous_of(path)
    return _open_checked(previous, None) if previous.exists() else None
