"""GeoIP2 databases that an admin put into `geoip/` of the data directory, opened with care.

A file is read into memory: a mapped file that is cut short while in use would end the process.
A file that cannot be opened or that fails at a look-up is refused with a logged reason, and all
other sources go on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import maxminddb
from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError, GeoIP2Error

from enrichment.providers.address import Address

logger = logging.getLogger(__name__)

FOLDER = "geoip"
# Whatever a damaged or foreign file makes the reader raise: it decodes what it finds there.
BROKEN = (
    maxminddb.InvalidDatabaseError,
    GeoIP2Error,
    OSError,
    ValueError,
    TypeError,
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
            log_refusal(self.path, error)
            self._reader = None
            return None


def log_refusal(path: Path, error: Exception) -> None:
    logger.warning("GeoIP file refused: file=%s reason=%s", path, str(error) or type(error).__name__)


def open_geoip_files(data_dir: Path | None) -> tuple[GeoipFile, ...]:
    """All usable files of the directory; the others are logged and left out."""
    return tuple(_usable_files(data_dir / FOLDER)) if data_dir else ()


def _usable_files(folder: Path) -> Iterator[GeoipFile]:
    for path in sorted(folder.glob("*.mmdb")):
        try:
            yield GeoipFile(path)
        except BROKEN as error:
            log_refusal(path, error)
