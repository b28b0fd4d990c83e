"""What all data that can be swapped while running shares: noticing a change, and doubting a new file."""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import maxminddb
from geoip2.errors import GeoIP2Error

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
# Addresses of many networks; a new file is asked about them before it is believed.
PROBES = (
    "1.1.1.1", "2.125.160.216", "8.8.8.8", "12.81.92.0", "66.92.181.240", "67.43.156.0", "71.160.223.45",
    "81.2.69.142", "89.160.20.112", "130.238.1.1", "148.2.71.144", "175.16.199.0", "192.0.2.1",
    "202.196.224.0", "216.160.83.56", "2001:218::1", "2001:6b0::1", "2a02:d280::1", "2a02:fe80::1", "::1",
)  # fmt: skip
# A new file with less than this share of the old one's nodes lost something on its way.
LEAST_SHARE = 0.5


def explain(error: Exception) -> str:
    """Why a file is refused, in one line: the reader's own words, or that it fell over what it found."""
    text = " ".join(str(error).split())[:300]
    if isinstance(error, maxminddb.InvalidDatabaseError | OSError) and text:
        return text
    return f"it is damaged ({type(error).__name__}{': ' if text else ''}{text})"


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a changed file from the one that was opened."""

    inode: int
    changed_ns: int
    size: int


def mark_of(path: Path) -> Mark | None:
    """None where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Mark(status.st_ino, status.st_mtime_ns, status.st_size)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a database says of itself."""

    edition: str
    node_count: int
    build_epoch: int


def read_facts(path: Path) -> Facts:
    """Opens the file without mapping it, asks it about `PROBES`, and tells what it is.

    Raises whatever a damaged file makes the reader raise.
    """
    with maxminddb.open_database(path, maxminddb.MODE_FILE) as reader:
        return _ask_probes(reader)


class Content(io.BytesIO):
    """A database in memory, under the name that errors call it by."""

    def __init__(self, data: bytes, path: Path) -> None:
        super().__init__(data)
        self.name = path.name


def check_content(content: Content) -> Facts:
    """As `read_facts`, of what was read already: what is checked is what is used."""
    with maxminddb.open_database(content, maxminddb.MODE_FD) as reader:
        return _ask_probes(reader)


def _ask_probes(reader: maxminddb.Reader) -> Facts:
    metadata = reader.metadata()
    for address in PROBES:
        # An IPv4 database has no answer for an IPv6 address, and says so by an error.
        if metadata.ip_version == 6 or ":" not in address:
            reader.get(address)
    return Facts(str(metadata.database_type), int(metadata.node_count), int(metadata.build_epoch))


def find_doubt(old: Facts, new: Facts) -> str:
    """Why the new file should not take the place of the old one; empty when nothing speaks against it."""
    if new.edition != old.edition:
        return f"it is {new.edition}, and the one in use is {old.edition}"
    if new.node_count < old.node_count * LEAST_SHARE:
        return f"it has {new.node_count} nodes, less than half of the {old.node_count} in use"
    return ""


def previous_of(path: Path) -> Path:
    """Where the file that was in use before is kept for a rollback."""
    return path.with_name(f"{path.name}.previous")


def keep_previous(path: Path, data: bytes) -> None:
    """Writes what was in use before beside the file, in one step. Raises OSError where it cannot."""
    previous = previous_of(path)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".previous-", delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(previous)
