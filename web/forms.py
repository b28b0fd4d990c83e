"""What all forms share: CSRF, our own error texts, fields for lists written one a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import Field, StringField, TextAreaField
from wtforms.validators import StopValidation

from enrichment import text as texts

# The status of a form that came back with errors.
REFUSED = 422


class Form(FlaskForm):  # type: ignore[misc]
    """A form; its errors are written by us, never by the browser (`novalidate`)."""

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Field id and text of every error, in the order of the page: the error summary."""
        return [(field.id, _name_field(field, str(text))) for field in self for text in field.errors]


def _name_field(field: Field, text: str) -> str:
    """Away from its field an error must say which one it means."""
    label = field.label.text
    return text if label.lower() in text.lower() else f"{label}: {text}"


def strip(value: str | None) -> str:
    """What was typed, on one line, without what no database keeps and no reader sees."""
    return texts.clean_text(value or "")


def clean_text(text: str) -> str:
    """The same for text of several lines, which stay lines."""
    return "\n".join(strip(line) for line in text.splitlines())


class Text(StringField):  # type: ignore[misc]
    """One line of text; at most `most` characters."""

    def __init__(self, label: str, *, most: int = 200, needed: str = "", **more: Any) -> None:
        super().__init__(label, **more)
        self.most = most
        self.needed = needed

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.data = strip(valuelist[0])

    def pre_validate(self, form: Any) -> None:
        if self.needed and not self.data:
            raise StopValidation(self.needed)
        if len(self.data or "") > self.most:
            raise StopValidation(f"Write at most {self.most} characters; this has {len(self.data)}")


class Lines(TextAreaField):  # type: ignore[misc]
    """A list written one a line; empty lines do not count. `check` raises ValueError for an odd line."""

    def __init__(self, label: str, *, check: Callable[[str], str] = str, most: int = 10_000, **more: Any):
        super().__init__(label, **more)
        self.check = check
        self.most = most
        self.typed: str | None = None

    def process_data(self, value: Any) -> None:
        self.data = list(value or [])

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist:
            self.typed = clean_text(valuelist[0])
            self.data = [line for line in self.typed.splitlines() if line]

    def _value(self) -> str:
        return self.typed if self.typed is not None else "\n".join(self.data or [])

    def pre_validate(self, form: Any) -> None:
        if len(self.data) > self.most:
            raise StopValidation(f"Write at most {self.most} lines; there are {len(self.data)}")
        try:
            self.data = list(dict.fromkeys(self.check(line) for line in self.data))
        except ValueError as error:
            raise StopValidation(str(error)) from error


def add_error(field: Field, text: str) -> None:
    """An error found after validation, such as a name that is taken."""
    field.errors = [*field.errors, text]
