"""The embedded table of routes: which AS announces an address, and what that AS is called.

It comes packed with the program and is unpacked once, to the data directory or a cache directory.
"""

from __future__ import annotations

import hashlib
import logging
import lzma
import os
import tempfile
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import maxminddb

from enrichment.providers.address import Address
from enrichment.providers.route_tables import (
    PUBLIC_EDITION,
    OwnTable,
    PublicTable,
    Route,
    Table,
    find_route_doubt,
)
from enrichment.providers.swaps import BROKEN, Mark, explain, mark_of

logger = logging.getLogger(__name__)

PACKED = files("enrichment") / "data" / "asn.mmdb.xz"
UNPACKED_PREFIX = "asn-"
# A newer table: built by an admin, or fetched.
NEWER = "asn.mmdb"


class RoutingTable:
    """Look-ups in the embedded table, with the latest answers kept."""

    def __init__(self, path: Path, newer: Path | None = None) -> None:
        self.path = path
        self.newer = newer
        self._mark: Mark | None = None
        self._load(path)
        self.refresh()

    def _load(self, path: Path) -> None:
        self._use(OwnTable(path))

    def _use(self, table: Table) -> None:
        self._table = table
        self.facts = table.facts
        self.data_date = datetime.fromtimestamp(self.facts.build_epoch, UTC).date().isoformat()
        self.find = lru_cache(maxsize=50_000)(self._find)

    def refresh(self) -> bool:
        """Takes the newer table into use when it has come or changed, and the embedded one when it is gone.

        A table about which there is any doubt is refused, and the one in use stays.
        """
        mark = mark_of(self.newer) if self.newer else None
        if self.newer is None or mark == self._mark:
            return False
        self._mark = mark
        try:
            if mark is None:
                self._load(self.path)
                return True
            new = OwnTable(self.newer)
            if doubt := find_route_doubt(self._table, new):
                raise maxminddb.InvalidDatabaseError(doubt)
            self._use(PublicTable(new, OwnTable(self.path)) if new.facts.edition == PUBLIC_EDITION else new)
        except BROKEN as error:
            logger.warning("table of routes refused: file=%s reason=%s", self.newer, explain(error))
            return False
        return True

    def _find(self, address: Address) -> Route | None:
        """The route of an address, or None where nobody announces it."""
        try:
            return self._table.read(address)
        except BROKEN as error:
            logger.warning("table of routes refused: file=%s reason=%s", self.newer, explain(error))
            # What it said so far cannot be believed either.
            self._load(self.path)
            return self._table.read(address)


def open_routing_table(directory: Path | None) -> RoutingTable:
    """The table, unpacked into `directory` (or the user's cache directory) if it is not there yet."""
    packed = PACKED.read_bytes()
    name = f"{UNPACKED_PREFIX}{hashlib.sha256(packed).hexdigest()[:16]}.mmdb"
    folder = directory or cache_directory()
    path, newer = folder / name, folder / NEWER
    if path.exists():
        try:
            return RoutingTable(path, newer)
        except BROKEN:
            logger.warning("unpacking the embedded address data anew: damaged file=%s", path)
    return RoutingTable(_unpack(packed, path), newer)


def cache_directory() -> Path:
    """Where `doorbell identify` unpacks when there is no data directory."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "doorbell"


def _unpack(packed: bytes, path: Path) -> Path:
    """Write the unpacked table in one step, so that a process started meanwhile never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".asn-", delete=False) as file:
        file.write(lzma.decompress(packed))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    _remove_old(path)
    return path


def _remove_old(current: Path) -> None:
    for path in current.parent.glob(f"{UNPACKED_PREFIX}*.mmdb"):
        if path != current:
            path.unlink(missing_ok=True)


__all__ = [
    "NEWER",
    "PACKED",
    "UNPACKED_PREFIX",
    "Route",
    "RoutingTable",
    "cache_directory",
    "open_routing_table",
]
