"""What a section of the configuration file is. Values are what the file holds, lists as tuples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from alerts.config_fields import Reader, read_text
from enrichment.lifecycle import set_stage
from enrichment.models import Company, Contact
from tracker.settings import Settings

Values = dict[str, Any]
Errors = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Applying:
    """What applying needs besides the entry."""

    session: Session
    now: datetime
    changed_by: str


class Section:
    """One section: a list of entries, each found again by its key field."""

    name: ClassVar[str]
    key: ClassVar[str]
    fields: ClassVar[Mapping[str, Reader]]
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    # Whether an entry stands for the whole thing, so that what it leaves out is gone.
    replaces: ClassVar[bool] = False
    # Whether it is shown: what the installation knows is not how it is set up.
    shown: ClassVar[bool] = True

    @property
    def always(self) -> tuple[str, ...]:
        """The fields that every entry has."""
        return (self.key,)

    def fields_of(self, entry: Mapping[str, Any]) -> Mapping[str, Reader]:
        """The fields this entry may have. Raises KeyError when that cannot be told."""
        return self.fields

    def rows(self, session: Session) -> Mapping[str, Any]:
        """All rows by their key, in the order in which they are shown."""
        raise NotImplementedError

    def values(self, session: Session, row: Any) -> Values:
        raise NotImplementedError

    def merge(self, old: Values, given: Values) -> Values:
        """What the row will hold."""
        return given if self.replaces else old | given

    def check(self, merged: Values, settings: Settings) -> Errors:
        """What is wrong with an entry as a whole, what the database holds already included."""
        return []

    def make(self, key: str, now: datetime) -> Any:
        raise NotImplementedError

    def put(self, applying: Applying, row: Any, changes: Values) -> None:
        """Writes the changed values, of a section that replaces all values, into the row."""
        for name, value in changes.items():
            setattr(row, name, list(value) if isinstance(value, tuple) else value)

    def secrets_of(self, values: Values) -> frozenset[str]:
        return self.secret_fields


def read_setting(value: Any) -> str:
    """A field of a kind's own; a bare number is taken as it is written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return str(read_text(500)(value))


def put_stage(applying: Applying, subject: Company | Contact, changes: Values) -> None:
    """Sets the stage, where the file changes it, with its receipt."""
    applying.session.flush()
    if "stage" in changes:
        set_stage(
            applying.session, subject, changes["stage"], "configuration", applying.changed_by, applying.now
        )
