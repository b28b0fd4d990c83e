"""Which address data is in use, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from enrichment.providers.geoip_files import FOLDER
from enrichment.providers.routing_table import NEWER, UNPACKED_PREFIX
from enrichment.providers.swaps import BROKEN, Facts, Mark, mark_of, read_facts

# Companies move between networks slowly; after three months the first answers are wrong.
OLD_AFTER = timedelta(days=90)


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
