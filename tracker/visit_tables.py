"""The tables that visits are stored in, as Core tables, and what all statements on them share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Executable, Table, bindparam, update

from tracker.models import Action, PageView, Visit, Visitor
from tracker.visits import Arrived

T = TypeVar("T")
HitKey = tuple[int, str]  # site id, and a hit's id or a visitor's key


@dataclass(frozen=True, slots=True)
class VisitorIds:
    """The visitors of a batch, and which of them were there before: only those have a past."""

    ids: Mapping[HitKey, int]
    stored: frozenset[int]

    def of(self, hit: Arrived) -> int:
        return self.ids[hit.site_id, hit.visitor_key]


VISITORS = cast(Table, Visitor.__table__)
VISITS = cast(Table, Visit.__table__)
PAGE_VIEWS = cast(Table, PageView.__table__)
ACTIONS = cast(Table, Action.__table__)

# Below the number of variables that SQLite (32,766) and PostgreSQL (65,535) take in one statement.
CHUNK = 10_000

# Built once: at 50 page views a second, building statements would cost more than running them.
_UPDATES = {
    table.name: update(table).where(table.c.id == bindparam("row_id"))
    for table in (VISITORS, VISITS, PAGE_VIEWS)
}


def update_rows(connection: Connection, table: Table, changes: Sequence[dict[str, Any]]) -> None:
    """Sets columns of many rows in one go; each change names its row by `row_id`."""
    if changes:
        run(connection, _UPDATES[table.name], changes)


def run(connection: Connection, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
    """Executes a statement for each of the rows; for a single one without the cost of many."""
    connection.execute(statement, rows[0] if len(rows) == 1 else rows)


def chunks(values: Iterable[T]) -> Iterable[list[T]]:
    """The distinct values in lists short enough for one statement."""
    rest = iter(dict.fromkeys(values))
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
