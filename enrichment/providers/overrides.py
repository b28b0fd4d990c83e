"""The admin's own word on networks and AS numbers: a company, or never a company. Wins over all data."""

from __future__ import annotations

import csv
import ipaddress
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.kinds import Kind
from enrichment.models import NetworkOverride
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.routing_table import Route, RoutingTable
from enrichment.providers.swaps import mark_of

logger = logging.getLogger(__name__)

FILE_NAME = "overrides.csv"


class OverrideError(ValueError):
    """A row that cannot be used; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Override:
    """One row: `network` is a CIDR (192.0.2.0/24) or an AS number (AS3301)."""

    network: str
    kind: Kind
    organisation: str = ""
    domain: str = ""
    reason: str = ""


@dataclass
class _Index:
    """Overrides by AS number and by network, longest prefix first."""

    by_asn: dict[int, Override] = field(default_factory=dict)
    by_network: dict[tuple[int, int, int], Override] = field(default_factory=dict)
    prefixes: dict[int, list[int]] = field(default_factory=lambda: {4: [], 6: []})

    def add(self, row: Override) -> None:
        key = parse_network(row.network)
        if isinstance(key, int):
            self.by_asn[key] = row
            return
        self.by_network[(key.version, key.prefixlen, int(key.network_address))] = row
        if key.prefixlen not in self.prefixes[key.version]:
            self.prefixes[key.version].append(key.prefixlen)
            self.prefixes[key.version].sort(reverse=True)

    def find(self, address: Address) -> Override | None:
        value = int(address)
        for prefix in self.prefixes[address.version]:
            shift = address.max_prefixlen - prefix
            found = self.by_network.get((address.version, prefix, value >> shift << shift))
            if found is not None:
                return found
        return None


def parse_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | int:
    """A network, or an AS number as an int. Raises OverrideError."""
    text = text.strip()
    if text[:2].upper() == "AS" and text[2:].isdecimal():
        return int(text[2:])
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise OverrideError(f"{text!r} is no network; write 192.0.2.0/24 or AS3301") from error


class Overrides:
    """Overrides from the file in the data directory, and those an admin saved, which win over them."""

    def __init__(
        self,
        routing: RoutingTable,
        file_rows: Iterable[Override] = (),
        saved: Iterable[Override] = (),
        path: Path | None = None,
    ) -> None:
        self.routing = routing
        self.file_rows = tuple(file_rows)
        self.path = path
        self._mark = mark_of(path) if path else None
        self._index = _make_index((*self.file_rows, *saved))

    @classmethod
    def open(cls, sources: Sources) -> Self:
        path = sources.data_dir / FILE_NAME if sources.data_dir else None
        return cls(sources.routing, read_overrides(path) if path and path.exists() else (), path=path)

    def with_rows(self, rows: Iterable[Override]) -> Overrides:
        """The same file, and these saved rows on top of it."""
        return Overrides(self.routing, self.file_rows, rows, self.path)

    def refresh(self) -> bool:
        """Reads the file again when it changed; one that cannot be read leaves the old rows in use."""
        mark = mark_of(self.path) if self.path else None
        if self.path is None or mark == self._mark:
            return False
        self._mark = mark
        rows = _read_file(self.path) if self.path.exists() else []
        if rows is None or tuple(rows) == self.file_rows:
            return False
        self.file_rows = tuple(rows)
        self._index = _make_index(self.file_rows)
        return True

    def lookup(self, address: Address) -> Evidence | None:
        route = self.routing.find(address)
        row = self._index.find(address) or (self._index.by_asn.get(route.asn) if route else None)
        return _evidence(row, route) if row else None


# Each batch of visits asks for the index of the same rows, and making it is most of a batch's work.
@lru_cache(maxsize=4)
def _make_index(rows: tuple[Override, ...]) -> _Index:
    index = _Index()
    for row in rows:
        try:
            index.add(row)
        except OverrideError as error:
            logger.warning("override left out: %s", error)
    return index


def read_overrides(path: Path) -> list[Override]:
    """The rows of an overrides file (network,kind,organisation,domain,reason); odd ones are logged."""
    return _read_file(path) or []


def _read_file(path: Path) -> list[Override] | None:
    """None when the file cannot be read or is of something else."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.DictReader(file)
            if not {"network", "kind"} <= set(lines.fieldnames or ()):
                raise csv.Error("its first line does not name the columns network and kind")
            return [row for line in lines if (row := _read_row(path, line))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        logger.warning("overrides file refused: file=%s reason=%s", path, error)
        return None


def load_overrides(session: Session) -> list[Override]:
    """The overrides that admins saved in the database."""
    rows = session.scalars(select(NetworkOverride).order_by(NetworkOverride.id))
    return [
        Override(row.network, Kind(row.kind), row.organisation, row.domain, row.reason)
        for row in rows
        if row.kind in set(Kind)
    ]


def _read_row(path: Path, line: dict[str, str | None]) -> Override | None:
    values = {key: (value or "").strip() for key, value in line.items() if isinstance(key, str)}
    try:
        row = Override(
            network=values.get("network", ""),
            kind=Kind(values.get("kind", "")),
            organisation=values.get("organisation", ""),
            domain=values.get("domain", "").lower(),
            reason=values.get("reason", ""),
        )
        parse_network(row.network)
    except ValueError as error:
        logger.warning("override left out: file=%s reason=%s", path, error)
        return None
    return row


def _evidence(row: Override, route: Route | None) -> Evidence:
    return Evidence(
        source="override",
        basis="admin",
        kind=row.kind,
        weight=1.0,
        why=row.reason or f"an admin says so for {row.network}",
        network=row.network,
        raw_name=route.name if route else "",
        organisation=row.organisation,
        domains=(row.domain,) if row.domain else (),
        country=route.country if route else "",
        asn=route.asn if route else 0,
    )
