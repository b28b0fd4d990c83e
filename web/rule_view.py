"""The rule form as it is drawn: a row of the table of conditions becomes a row of controls."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerts.conditions import CONDITIONS, Condition
from alerts.names import choices_of
from alerts.sentences import Names
from alerts.specs import DEAL_OWNER, OWNER, Known
from alerts.values import fold
from alerts.words import say
from web.rule_form import HOW_WORDS, Draft, Problem, Row, SendRow, how_of, row_name

# From so many choices on, a box to narrow them stands above.
FILTER_FROM = 16
CHOICE_WORDS: Mapping[str, str] = {"not_owned": "one they do not own", "owned": "one they own"}


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the form. `control` names the macro that draws its value."""

    id: str
    legend: str
    field: str
    fields: tuple[Choice, ...]
    hows: tuple[Choice, ...]
    control: str
    values: tuple[str, ...]
    choices: tuple[Choice, ...]
    label: str
    help: str
    field_problem: str
    value_problem: str

    @property
    def has_filter(self) -> bool:
        return len(self.choices) >= FILTER_FROM


@dataclass(frozen=True, slots=True)
class ListView:
    """A list of rows: its name in the form, its heading, and its rows."""

    name: str
    rows: tuple[RowView, ...]


@dataclass(frozen=True, slots=True)
class SendView:
    id: str
    channels: tuple[Choice, ...]
    whom: tuple[Choice, ...]
    channel_problem: str
    to_problem: str


@dataclass(frozen=True, slots=True)
class FormView:
    when: ListView
    groups: tuple[ListView, ...]
    unless: ListView
    send: tuple[SendView, ...]


def view_form(draft: Draft, known: Known, names: Names, problems: Iterable[Problem], locale: str) -> FormView:
    said = {problem.field: problem.text for problem in problems}
    views = {
        name: ListView(name, tuple(_row(name, row, known, said, locale) for row in rows))
        for name, rows in draft.lists.items()
    }
    return FormView(
        views["when"],
        tuple(views[name] for name in draft.groups),
        views["unless"],
        tuple(_send(row, names, said) for row in draft.send),
    )


def _row(name: str, row: Row, known: Known, said: Mapping[str, str], locale: str) -> RowView:
    at = f"{name}-{row.number}"
    fields = tuple(Choice(key, say(one.label, locale), key == row.field) for key, one in CONDITIONS.items())
    legend = row_name(name, row.number).capitalize()
    problems = said.get(f"{at}-field", ""), said.get(f"{at}-value", "")
    condition = CONDITIONS.get(row.field)
    if condition is None:
        return RowView(at, legend, "", fields, (), "", (), (), "", "", *problems)
    how = how_of(row)
    return RowView(
        at,
        legend,
        row.field,
        fields,
        tuple(Choice(str(one), HOW_WORDS[one], one == how) for one in condition.kind.hows),
        control_of(condition, how),
        row.values,
        _choices(condition, row, known, locale),
        say(condition.label, locale),
        condition.help,
        *problems,
    )


def control_of(condition: Condition, how: str) -> str:
    """The macro that draws the value: by its kind, and for numbers by the comparison too."""
    name = condition.kind.name
    if name == "texts":
        return "choices" if condition.source else "lines"
    if name == "range":
        return "two_numbers" if how == "between" else "number"
    return {"products": "choices", "patterns": "lines"}.get(name, name)


def _choices(condition: Condition, row: Row, known: Known, locale: str) -> tuple[Choice, ...]:
    chosen = {fold(value) for value in row.values}
    offered = choices_of(condition, known)
    choices = [
        Choice(one, CHOICE_WORDS.get(one) or condition.choice_label(one, locale), fold(one) in chosen)
        for one in offered
    ]
    if condition.source:
        # A name that is gone stays to be seen, so that nobody wonders why the rule is silent.
        there = {fold(one) for one in offered}
        choices += [Choice(one, f"{one} (removed)", True) for one in row.values if fold(one) not in there]
    return tuple(choices)


def _send(row: SendRow, names: Names, said: Mapping[str, str]) -> SendView:
    at = f"send-{row.number}"
    channels = [
        Choice(name, f"{name}, {target}" if target else name, name == row.channel)
        for name, (_, target) in names.channels.items()
    ]
    people = [("", "The channel itself"), (OWNER, "The company’s owner"), (DEAL_OWNER, "The deal’s owner")]
    people += [(email, name or email) for email, name in names.users.items()]
    whom = tuple(Choice(key, label, key == row.to) for key, label in people)
    return SendView(at, tuple(channels), whom, said.get(f"{at}-channel", ""), said.get(f"{at}-to", ""))
