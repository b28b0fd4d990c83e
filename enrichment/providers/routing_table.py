"""The embedded table of routes: which AS announces an address, and what that AS is called.

It comes packed with the program and is unpacked once, to the data directory or a cache directory.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import lzma
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import maxminddb

from enrichment.providers.address import Address
from enrichment.providers.swaps import BROKEN, Facts, Mark, find_doubt, mark_of, read_facts

logger = logging.getLogger(__name__)

PACKED = files("enrichment") / "data" / "asn.mmdb.xz"
UNPACKED_PREFIX = "asn-"
# A table that an admin built from newer data.
NEWER = "asn.mmdb"


@dataclass(frozen=True, slots=True)
class Route:
    """The network an address lies in and the AS that announces it; `size` is log2 of its IPv4 addresses."""

    network: str
    asn: int
    name: str
    handle: str
    country: str
    size: int


class RoutingTable:
    """Look-ups in the embedded table, with the latest answers kept."""

    def __init__(self, path: Path, newer: Path | None = None) -> None:
        self.path = path
        self.newer = newer
        self._mark: Mark | None = None
        self._load(path)
        self.refresh()

    def _load(self, path: Path) -> None:
        # In memory and not mapped: a file that is cut short under a mapping kills the process.
        reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
        metadata = reader.metadata()
        self._reader = reader
        self.facts = Facts(str(metadata.database_type), int(metadata.node_count), int(metadata.build_epoch))
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
            if doubt := find_doubt(self.facts, read_facts(self.newer)):
                raise maxminddb.InvalidDatabaseError(doubt)
            self._load(self.newer)
        except BROKEN as error:
            logger.warning("table of routes refused: file=%s reason=%s", self.newer, error)
            return False
        return True

    def _find(self, address: Address) -> Route | None:
        """The route of an address, or None where nobody announces it."""
        try:
            return _read_route(self._reader, address)
        except BROKEN as error:
            logger.warning("table of routes refused: file=%s reason=%s", self.newer, error)
            # What it said so far cannot be believed either.
            self._load(self.path)
            return _read_route(self._reader, address)


def _read_route(reader: maxminddb.Reader, address: Address) -> Route | None:
    record, prefix = reader.get_with_prefix_len(address)
    return _route(address, prefix, record) if isinstance(record, dict) else None


def _route(address: Address, prefix: int, record: dict[str, Any]) -> Route:
    number = record["autonomous_system_number"]
    return Route(
        network=str(ipaddress.ip_network((address, prefix), strict=False)),
        asn=number,
        name=record.get("autonomous_system_organization", ""),
        handle=record.get("handle", ""),
        country=record.get("country", ""),
        size=record.get("size", 0),
    )


def open_routing_table(directory: Path | None) -> RoutingTable:
    """The table, unpacked into `directory` (or the user's cache directory) if it is not there yet."""
    packed = PACKED.read_bytes()
    name = f"{UNPACKED_PREFIX}{hashlib.sha256(packed).hexdigest()[:16]}.mmdb"
    folder = directory or cache_directory()
    path, newer = folder / name, folder / NEWER
    if path.exists():
        try:
            return RoutingTable(path, newer)
        except (maxminddb.InvalidDatabaseError, OSError, ValueError):
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
