"""Companies, contacts, deals and target lists from a file: checked row by row, safe to repeat.

A dry run makes the same decisions from the same facts and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.exc import DataError, IntegrityError

from enrichment.cells import CellError, Known, Reader
from enrichment.import_kinds import KINDS, Book, Kind, Record, RowError, Saving, Values, load_known
from enrichment.reports import Example, FieldChange, ImportReport, RefusedRow, Tally, show_value
from enrichment.tables import ImportError_, Row, Table, read_table
from tracker.db import Database, work_lock

__all__ = [
    "KINDS",
    "Example",
    "FieldChange",
    "ImportError_",
    "ImportReport",
    "RefusedRow",
    "import_rows",
]

# Rows in one transaction: few enough that nobody waits long for the lock.
BATCH = 100
Progress = Callable[[int, int], None]


def import_rows(
    database: Database,
    kind: str,
    file: Path | BinaryIO,
    *,
    dry_run: bool,
    now: datetime,
    changed_by: str,
    file_name: str = "",
    progress: Progress | None = None,
) -> ImportReport:
    """Takes over a CSV or XLSX file of one of KINDS; `progress` hears rows done and rows in all.

    Raises ImportError_ when the file cannot be read. Wrong rows are refused and reported, the others
    are taken. Empty cells leave what is known.
    """
    table = read_table(file)
    _refuse_missing_columns(KINDS[kind], table)
    name = file_name or (file.name if isinstance(file, Path) else f"{kind} file")
    run = _Run(database, KINDS[kind], table.headers, f"import of {name}", changed_by, now, dry_run=dry_run)
    for start in range(0, len(table.rows), BATCH):
        run.take(table.rows[start : start + BATCH])
        if progress is not None:
            progress(min(start + BATCH, len(table.rows)), len(table.rows))
    return run.report()


def _refuse_missing_columns(kind: Kind, table: Table) -> None:
    for group in kind.needed:
        if not set(group) & set(table.headers):
            found = ", ".join(name[:60] for name in table.headers[:20] if name)
            raise ImportError_(
                f"line 1: no column {' or '.join(group)}; it has {found}. "
                f"A file of {kind.name} may have the columns {', '.join(kind.columns)}"
            )


def parse_row(
    row: Row, headers: Sequence[str], readers: Mapping[str, Reader], known: Known
) -> tuple[Values, tuple[str, ...]]:
    """The filled fields of a row, and what is wrong with the others."""
    values: Values = {}
    errors: list[str] = []
    for name, text in zip(headers, row.cells, strict=False):
        if not text or name not in readers:
            continue
        try:
            values[name] = readers[name](text, known)
        except CellError as error:
            errors.append(f"{name}: {error}")
    return values, tuple(errors)


def find_lacks(kind: Kind, row: Row, headers: Sequence[str], values: Values) -> tuple[str, ...]:
    """What is wrong with a row whose cells are each right."""
    if any(row.cells[len(headers) :]):
        return (f"the row has {len(row.cells)} cells for {len(headers)} columns; quote values with commas",)
    lacking = [group for group in kind.needed if not any(values.get(name) for name in group)]
    return tuple(f"{' or '.join(group)}: is empty; a row of {kind.name} needs it" for group in lacking)


def decide_changes(values: Values, record: Record | None) -> Values:
    """Those of the values that are not known yet."""
    if record is None:
        return values
    return {name: value for name, value in values.items() if record.values.get(name) != value}


def describe_changes(changes: Values, record: Record | None) -> tuple[FieldChange, ...]:
    old = record.values if record else {}
    return tuple(
        FieldChange(name, show_value(old.get(name)), show_value(value)) for name, value in changes.items()
    )


@dataclass(frozen=True, slots=True)
class _Decided:
    """A row that is right, and what it changes; `new` when its subject is not known yet."""

    row: Row
    record: Record
    new: bool
    changes: Values
    shown: tuple[FieldChange, ...]

    @property
    def outcome(self) -> str:
        return "new" if self.new else "changed" if self.changes else "unchanged"


class _Run:
    """One import under way: each batch is decided in a read transaction, then written."""

    def __init__(
        self,
        database: Database,
        kind: Kind,
        headers: tuple[str, ...],
        reason: str,
        changed_by: str,
        now: datetime,
        *,
        dry_run: bool,
    ) -> None:
        self.database, self.kind, self.headers = database, kind, headers
        self.reason, self.changed_by, self.now, self.dry_run = reason, changed_by, now, dry_run
        self.tally = Tally()
        self.book = Book()
        # What earlier lines of this file said: subject -> field -> line and value.
        self.said: dict[str, dict[str, tuple[int, Any]]] = {}

    def take(self, rows: Sequence[Row]) -> None:
        decided, known = self._decide_batch(rows)
        # A batch that changes nothing never asks for the lock that others wait for.
        if self.dry_run or not any(one.changes for one in decided):
            for one in decided:
                self._count(one)
            return
        with self.database.write() as session:
            # Companies without a domain have no unique key, so imports must not run into each other.
            work_lock(session)
            saving = Saving(session, known, self.now, self.changed_by, self.reason)
            saving.load_companies(one.changes.get("company_domain") for one in decided)
            for one in decided:
                self._write(saving, one)

    def _decide_batch(self, rows: Sequence[Row]) -> tuple[list[_Decided], Known]:
        with self.database.read() as session:
            known = load_known(session)
            good = [(row, values) for row in rows if (values := self._parse(row, known)) is not None]
            # A dry run remembers what it would have written; a real one finds it in the database.
            self.book = self.book if self.dry_run else Book()
            self.kind.load(session, [values for _, values in good], self.book)
        decided = [self._decide(row, values) for row, values in good]
        return [one for one in decided if one is not None], known

    def _parse(self, row: Row, known: Known) -> Values | None:
        values, errors = parse_row(row, self.headers, self.kind.columns, known)
        errors = errors or find_lacks(self.kind, row, self.headers, values)
        if errors:
            self.tally.refuse(row, errors)
            return None
        return values

    def _decide(self, row: Row, values: Values) -> _Decided | None:
        try:
            record = self.kind.find(values, self.book)
            subject = self.kind.keys(record.values if record else values)[0]
            self._refuse_contradiction(subject, values)
            full = self.kind.complete(values, record)
        except RowError as error:
            self.tally.refuse(row, (str(error),))
            return None
        changes = decide_changes(full, record)
        shown = describe_changes(changes, record)
        decided = _Decided(row, record or Record(None, {}), record is None, changes, shown)
        decided.record.values.update(changes)
        self.book.add(decided.record, self.kind.keys(decided.record.values))
        self._remember(row, subject, values, decided.record)
        return decided

    def _refuse_contradiction(self, subject: str, values: Values) -> None:
        """Taking the later of two lines would make the same file change things each time it is read."""
        said = self.said.get(subject, {})
        for name, value in values.items():
            if name in said and said[name][1] != value:
                line, other = said[name]
                raise RowError(f"{name}: line {line} says {show_value(other)[:60]!r} instead; keep one line")

    def _remember(self, row: Row, subject: str, values: Values, record: Record) -> None:
        said = self.said.pop(subject, {})
        for name, value in values.items():
            said.setdefault(name, (row.line, value))
        self.said[self.kind.keys(record.values)[0]] = said

    def _write(self, saving: Saving, one: _Decided) -> None:
        """Another process may have written the same meanwhile; such a row is refused, not the batch."""
        if one.changes and not one.new and one.record.id is None:
            self.tally.refuse(
                one.row, ("an earlier line about the same could not be written; import it again",)
            )
            return
        try:
            if one.changes:
                with saving.session.begin_nested():
                    one.record.id = self.kind.save(saving, None if one.new else one.record.id, one.changes)
        except (IntegrityError, DataError) as error:
            # What the row made is undone, so nothing may remember it.
            saving.company_ids.clear()
            reason = str(error.orig).splitlines()[0][:200]
            self.tally.refuse(one.row, (f"the database does not take it now ({reason}); import it again",))
        else:
            self._count(one)

    def _count(self, one: _Decided) -> None:
        self.tally.count(one.outcome, one.row.line, self.kind.label(one.record.values), one.shown)

    def report(self) -> ImportReport:
        return ImportReport(
            kind=self.kind.name,
            dry_run=self.dry_run,
            **self.tally.counts,
            examples={outcome: tuple(rows) for outcome, rows in self.tally.examples.items()},
            refused_rows=tuple(sorted(self.tally.refused, key=lambda row: row.line)),
            headers=self.headers,
            unknown_headers=tuple(name for name in self.headers if name and name not in self.kind.columns),
        )
