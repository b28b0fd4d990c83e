"""The rule form as values: what was typed, what its buttons change, and the rule it means. Pure.

A draft holds lists of rows: `when`, `unless`, and `any-0`, `any-1`, ... for the groups. A row is named
by its list and its place, and so are its fields: `when-0-field`, `when-0-how`, `when-0-value`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from alerts.conditions import CONDITIONS
from alerts.specs import Known, RuleError, RuleSpec, parse_rule
from alerts.values import How, plain_interval
from web.forms import clean_text, strip

MAX_ROWS = 40
MAX_NUMBER = 999
UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_ROW = re.compile(r"(when|unless|any-\d{1,3})-(\d{1,3})-field", re.ASCII)
_SEND = re.compile(r"send-(\d{1,3})-channel", re.ASCII)

# What a condition's value lacks, by its kind, in the words of the form.
WANTED: Mapping[str, str] = {
    "choices": "Choose at least one {label}",
    "texts": "Choose or write at least one {label}",
    "patterns": "Write pages one a line, such as /pricing*, without https://",
    "products": "Choose one of the two, or names of products, but not both",
    "range": "Enter a whole number for {label}; of two, the smaller first",
    "often": "Enter how many times, and a number of days from 1 to 365",
    "yes_no": "Choose yes or no for {label}",
    "share": "Enter per cent from 0 to 100 for {label}",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A condition as it stands in the form; `number` is its place in its list."""

    number: int
    field: str = ""
    how: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SendRow:
    number: int
    channel: str = ""
    to: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """All that was typed; `version` is that of the rule the form was opened on, 0 for a new one."""

    name: str = ""
    version: int = 0
    lists: Mapping[str, tuple[Row, ...]] = field(default_factory=lambda: {"when": (Row(0),), "unless": ()})
    send: tuple[SendRow, ...] = ()
    repeat: str = "24"
    unit: str = "h"

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the "any of" groups, in order."""
        return tuple(name for name in self.lists if name.startswith("any-"))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and the id of the field to go to."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a draft means: a rule, or what keeps it from being one."""

    rule: RuleSpec | None
    problems: tuple[Problem, ...] = ()


def read_draft(form: MultiDict[str, str]) -> Draft:
    """What was posted. Gaps in the numbers are fine; the order is that of the numbers."""
    lists: dict[str, list[Row]] = {"when": [], "unless": []}
    for name, number in sorted(_named(form, _ROW), key=_in_order):
        if sum(map(len, lists.values())) < MAX_ROWS:
            lists.setdefault(name, []).append(_read_row(form, name, number))
    version = form.get("version", "")
    return Draft(
        name=strip(form.get("name")),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0,
        lists={name: tuple(rows) for name, rows in lists.items()},
        send=_read_send(form),
        repeat=strip(form.get("repeat", "24")),
        unit=form.get("unit", "h") if form.get("unit") in UNITS else "h",
    )


def _named(form: MultiDict[str, str], pattern: re.Pattern[str]) -> list[tuple[str, int]]:
    found = [match for key in form if (match := pattern.fullmatch(key))]
    return [(match[1], int(match[match.lastindex or 1])) for match in found]


def _in_order(named: tuple[str, int]) -> tuple[str, int, int]:
    kind, _, group = named[0].partition("-")
    return kind, int(group or 0), named[1]


def _read_row(form: MultiDict[str, str], name: str, number: int) -> Row:
    at = f"{name}-{number}"
    key = form.get(f"{at}-field", "")
    if key not in CONDITIONS:
        return Row(number)
    # After "Look at" changed, the values still on the page belong to what it was before.
    if form.get(f"{at}-was", key) != key:
        return Row(number, key)
    values = tuple(clean_text(value) for value in form.getlist(f"{at}-value"))
    return Row(number, key, form.get(f"{at}-how", ""), values)


def _read_send(form: MultiDict[str, str]) -> tuple[SendRow, ...]:
    numbers = sorted(number for _, number in _named(form, _SEND))[:MAX_ROWS]
    return tuple(
        SendRow(
            number, clean_text(form.get(f"send-{number}-channel", "")), strip(form.get(f"send-{number}-to"))
        )
        for number in numbers
    )


def change_draft(draft: Draft, do: str) -> tuple[Draft, str]:
    """The draft after one of its buttons (`add:when`, `remove:any-1-0`), and the id to put the focus on."""
    verb, _, what = do.partition(":")
    if verb == "add":
        return _add(draft, what)
    if verb == "remove":
        return _remove(draft, what)
    return renumber(draft), ""


def _add(draft: Draft, what: str) -> tuple[Draft, str]:
    if what == "send":
        changed = renumber(replace(draft, send=(*draft.send, SendRow(MAX_NUMBER))))
        return changed, f"send-{len(draft.send)}-channel"
    draft = renumber(draft)
    name = f"any-{len(draft.groups)}" if what == "any" else what
    if name not in draft.lists and what != "any":
        return draft, ""
    rows = draft.lists.get(name, ())
    return replace(draft, lists={**draft.lists, name: (*rows, Row(len(rows)))}), f"{name}-{len(rows)}-field"


def _remove(draft: Draft, what: str) -> tuple[Draft, str]:
    if what in draft.groups:
        left = {name: rows for name, rows in draft.lists.items() if name != what}
        return renumber(replace(draft, lists=left)), "add-any"
    name, _, number = what.rpartition("-")
    if name == "send":
        kept = tuple(row for row in draft.send if str(row.number) != number)
        return renumber(replace(draft, send=kept)), "add-send"
    if name not in draft.lists:
        return renumber(draft), ""
    place = sum(1 for row in draft.lists[name] if row.number < int(number or 0))
    rows = tuple(row for row in draft.lists[name] if str(row.number) != number)
    focus = (
        f"{name}-{place}-field"
        if place < len(rows)
        else f"add-{name}"
        if rows or name in FIXED
        else "add-any"
    )
    return renumber(replace(draft, lists={**draft.lists, name: rows})), focus


FIXED = ("when", "unless")


def renumber(draft: Draft) -> Draft:
    """The same without gaps in its numbers; a group that lost its last row is gone."""
    lists = {name: _numbered(draft.lists.get(name, ())) for name in FIXED}
    groups = [draft.lists[name] for name in draft.groups if draft.lists[name]]
    lists |= {f"any-{place}": _numbered(rows) for place, rows in enumerate(groups)}
    send = tuple(replace(row, number=place) for place, row in enumerate(draft.send))
    return replace(draft, lists=lists, send=send)


def _numbered(rows: Sequence[Row]) -> tuple[Row, ...]:
    return tuple(replace(row, number=place) for place, row in enumerate(rows))


def draft_of(rule: RuleSpec) -> Draft:
    """The form of a saved rule."""
    lists = {"when": _rows_of(rule.when), "unless": _rows_of(rule.unless)}
    lists |= {f"any-{place}": _rows_of(group) for place, group in enumerate(rule.any)}
    repeat, unit = _interval(plain_interval(rule.repeat_after))
    send = tuple(SendRow(place, one.channel, one.to) for place, one in enumerate(rule.send))
    return Draft(rule.name, rule.version, lists, send, repeat, unit)


def _rows_of(clauses: Sequence[Any]) -> tuple[Row, ...]:
    rows = []
    for place, clause in enumerate(clauses):
        how, values = clause.condition.kind.to_form(clause.value)
        rows.append(Row(place, clause.key, str(how), tuple(values)))
    return tuple(rows)


def _interval(plain: str) -> tuple[str, str]:
    if plain == "0":
        return "0", "h"
    number, unit = plain[:-1], plain[-1]
    # The form has no seconds: part of a minute becomes a minute.
    return (number, unit) if unit in UNITS else (str(-(-int(number) // 60)), "m")


def check_draft(draft: Draft, state: str, channels: Collection[str], known: Known) -> Checked:
    """The rule the draft means in this state, or everything that is wrong with it, in the form's words."""
    problems: list[Problem] = []
    raw = {
        "name": draft.name,
        "state": state,
        "when": _raw_list(draft, "when", problems),
        "any": [_raw_list(draft, name, problems) for name in draft.groups],
        "unless": _raw_list(draft, "unless", problems),
        "send": [{"channel": row.channel, "to": row.to} for row in draft.send],
        "repeat_after": _raw_interval(draft, problems),
    }
    if not draft.name:
        problems.insert(0, Problem("name", "Give the rule a name"))
    if problems:
        return Checked(None, tuple(problems))
    try:
        return Checked(parse_rule(raw, channels=channels, known=known))
    except RuleError as error:
        return Checked(None, tuple(_problem(draft, path, text) for path, text in error.errors))


def _raw_interval(draft: Draft, problems: list[Problem]) -> str:
    if not (draft.repeat.isascii() and draft.repeat.isdigit() and len(draft.repeat) < 7):
        problems.append(Problem("repeat", "Enter after how long it may ring again, as a whole number"))
        return "0"
    return "0" if int(draft.repeat) == 0 else f"{int(draft.repeat)}{draft.unit}"


def _raw_list(draft: Draft, name: str, problems: list[Problem]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for row in draft.lists[name]:
        at = f"{name}-{row.number}"
        if row.field not in CONDITIONS:
            problems.append(Problem(f"{at}-field", f"Choose what {row_name(name, row.number)} looks at"))
        elif row.field in raw:
            label = CONDITIONS[row.field].label["en"]
            problems.append(
                Problem(f"{at}-field", f"{label} is there twice: put its values in one condition")
            )
        else:
            raw[row.field] = _raw_value(row, at, problems)
    return raw


def _raw_value(row: Row, at: str, problems: list[Problem]) -> Any:
    condition = CONDITIONS[row.field]
    how = row.how if row.how in list(condition.kind.hows) else str(condition.kind.hows[0])
    try:
        raw = condition.kind.from_form(how, row.values)
        condition.parse(raw)
    except ValueError:
        text = WANTED[condition.kind.name].format(label=condition.label["en"].lower())
        problems.append(Problem(f"{at}-value", text))
        return None
    return raw


def row_name(list_name: str, number: int) -> str:
    """How the texts call a row: "condition 2", "exception 1", "condition 1 of group 2"."""
    if list_name == "unless":
        return f"exception {number + 1}"
    group = list_name.removeprefix("any-") if list_name.startswith("any-") else ""
    return f"condition {number + 1}" + (f" of group {int(group) + 1}" if group else "")


def _problem(draft: Draft, path: str, text: str) -> Problem:
    """An error of the rule at the field it belongs to: `when.page_group` is the row that looks at it."""
    parts = path.split(".")
    said = text[:1].upper() + text[1:]
    if parts[0] == "any" and len(parts) > 1:
        parts = [f"any-{parts[1]}", *parts[2:]]
    if parts[0] == "send":
        return Problem("-".join(parts), "Choose a channel" if parts[-1] == "channel" else said)
    if parts[0] in draft.lists and len(parts) == 1:
        return Problem(f"add-{parts[0]}", "Add at least one condition")
    if parts[0] in draft.lists:
        row = next((row for row in draft.lists[parts[0]] if row.field == parts[1]), None)
        return Problem(f"{parts[0]}-{row.number if row else 0}-value", said)
    return Problem({"repeat_after": "repeat"}.get(parts[0], parts[0]), said)


def how_of(row: Row) -> str:
    """The comparison a row shows: the chosen one if its condition has it, else the first."""
    hows = CONDITIONS[row.field].kind.hows
    return row.how if row.how in list(hows) else str(hows[0])


HOW_WORDS: Mapping[str, str] = {
    How.ANY_OF: "is any of",
    How.AT_LEAST: "is at least",
    How.AT_MOST: "is at most",
    How.BETWEEN: "is between",
    How.IS: "is",
}
