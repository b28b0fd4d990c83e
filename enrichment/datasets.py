"""Which address data is in use, and how old it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from enrichment.providers.geoip_files import FOLDER
from enrichment.providers.overrides import FILE_NAME
from enrichment.providers.routing_table import NEWER, UNPACKED_PREFIX
from enrichment.providers.swaps import BROKEN, Facts, Mark, mark_of, read_facts

# Companies move between networks slowly; after three months the first answers are wrong.
OLD_AFTER = timedelta(days=90)
# Which data was in use when the worker last looked.
NOTE = ".address-data"


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file of address data; `built_at` is empty when it cannot be read."""

    name: str
    edition: str
    built_at: datetime | None

    def is_old(self, now: datetime) -> bool:
        return self.built_at is not None and now - self.built_at > OLD_AFTER


def list_datasets(data_dir: Path) -> tuple[Dataset, ...]:
    """The table of routes, then the GeoIP2 files by name."""
    return tuple(_describe(name, path) for name, path in _paths(data_dir))


def _paths(data_dir: Path) -> Iterator[tuple[str, Path]]:
    newer = data_dir / NEWER
    tables = [newer] if newer.exists() else sorted(data_dir.glob(f"{UNPACKED_PREFIX}*.mmdb"))[:1]
    for path in tables:
        yield "Routes", path
    for path in sorted((data_dir / FOLDER).glob("*.mmdb")):
        yield path.name, path


def _describe(name: str, path: Path) -> Dataset:
    mark = mark_of(path)
    facts = _read(path, mark) if mark else None
    if facts is None:
        return Dataset(name, "", None)
    return Dataset(name, facts.edition, datetime.fromtimestamp(facts.build_epoch, UTC))


# The health page renews itself every few seconds; a file is read once.
@lru_cache(maxsize=64)
def _read(path: Path, mark: Mark) -> Facts | None:
    try:
        facts = read_facts(path)
        datetime.fromtimestamp(facts.build_epoch, UTC)
    except BROKEN:
        return None
    return facts


def note_data(data_dir: Path) -> bool:
    """Writes down which data there is; whether it is another than last time, also before a restart."""
    note = data_dir / NOTE
    now = _fingerprint(data_dir)
    before = note.read_text(encoding="utf-8") if note.exists() else ""
    if now != before:
        note.write_text(now, encoding="utf-8")
    return now != before


def _fingerprint(data_dir: Path) -> str:
    digest = hashlib.sha256(_shipped().encode())
    for one in list_datasets(data_dir):
        digest.update(f"{one.name} {one.edition} {one.built_at}\n".encode())
    overrides = data_dir / FILE_NAME
    digest.update(overrides.read_bytes() if overrides.exists() else b"")
    return digest.hexdigest()


@cache
def _shipped() -> str:
    """Stands for the data that came with this version of the program."""
    digest = hashlib.sha256(version("iporigin").encode())
    shipped = [
        one for one in (files("enrichment") / "data").iterdir() if one.name.endswith((".csv", ".txt", ".xz"))
    ]
    for one in sorted(shipped, key=lambda one: one.name):
        digest.update(one.read_bytes())
    return digest.hexdigest()
