"""What an import did, or would do: counts, examples, and the refused rows to mend."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from enrichment.tables import Row, guard_formula

EXAMPLES = 20
OUTCOMES = ("new", "changed", "unchanged")


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.field}: {self.old or 'empty'} -> {self.new or 'empty'}"


@dataclass(frozen=True, slots=True)
class Example:
    """One row of the file and what it changes; `key` is its domain, e-mail or id."""

    line: int
    key: str
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row left out, with every error that was found in it."""

    line: int
    cells: tuple[str, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Rows counted by outcome, up to 20 examples of each, and all refused rows."""

    kind: str
    dry_run: bool
    new: int
    changed: int
    unchanged: int
    examples: Mapping[str, tuple[Example, ...]]
    refused_rows: tuple[RefusedRow, ...]
    headers: tuple[str, ...]
    unknown_headers: tuple[str, ...]

    @property
    def refused(self) -> int:
        return len(self.refused_rows)

    @property
    def rows(self) -> int:
        return self.new + self.changed + self.unchanged + self.refused

    def refused_csv(self) -> str:
        """The refused rows as CSV with their line and errors, safe to open in a spreadsheet."""
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(
            [guard_formula(header) for header in (*self.headers, "refused_line", "refused_because")]
        )
        for row in self.refused_rows:
            cells = [*row.cells, *[""] * (len(self.headers) - len(row.cells))][: len(self.headers)]
            values = [*cells, str(row.line), "; ".join(row.errors)]
            writer.writerow([guard_formula(value) for value in values])
        return out.getvalue()


@dataclass(slots=True)
class Tally:
    """Counts while an import runs."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    examples: dict[str, list[Example]] = field(default_factory=lambda: {name: [] for name in OUTCOMES})
    refused: list[RefusedRow] = field(default_factory=list)

    def count(self, outcome: str, line: int, key: str, changes: tuple[FieldChange, ...]) -> None:
        self.counts[outcome] += 1
        if len(self.examples[outcome]) < EXAMPLES:
            self.examples[outcome].append(Example(line, key, changes))

    def refuse(self, row: Row, errors: tuple[str, ...]) -> None:
        said = tuple(f"line {row.line}, {error}" for error in errors)
        self.refused.append(RefusedRow(row.line, row.cells, said))


def show_value(value: object) -> str:
    """A field's value in words, for examples."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return "|".join(str(part) for part in value)
    if isinstance(value, datetime):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)
