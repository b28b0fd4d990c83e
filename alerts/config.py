"""The configuration as text: what the web forms edit, read from YAML, applied and shown.

Applying adds and changes what the file names and leaves everything else alone; what `show_config`
prints changes nothing when it is applied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.config_file import Config, ConfigError, Entry, parse_config, rule_errors
from alerts.config_sections import SECTIONS, Applying, Channels, Rules, Section, Values
from alerts.models import Channel
from alerts.rules import Known, RuleError, parse_rule
from enrichment.models import Product, TargetList
from enrichment.reports import FieldChange
from enrichment.text import clean_text
from tracker.models import Site
from tracker.settings import Settings

__all__ = [
    "Change",
    "Config",
    "ConfigError",
    "FieldChange",
    "apply_config",
    "find_warnings",
    "parse_config",
    "show_config",
]

HIDDEN = "(secret)"
# Whether a webhook may reach private addresses is asked again whenever it is used.
_LENIENT = Settings(Path(), "", "", "", allow_private_outbound=True)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was added or changed; of secrets the fields tell nothing."""

    section: str
    key: str
    new: bool
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """One entry beside its row: what is known, and what the two make together."""

    section: Section
    entry: Entry
    row: Any
    old: Values
    merged: Values

    @property
    def changes(self) -> Values:
        """Values that differ; of a rule, which is replaced whole, those that are gone as well."""
        names = {**self.merged, **self.old} if self.section.replaces else self.entry.values
        return {
            name: self.merged.get(name)
            for name in names
            if name != self.section.key and _differ(self.old.get(name), self.merged.get(name))
        }


def apply_config(
    session: Session, config: Config, now: datetime, changed_by: str, settings: Settings | None = None
) -> list[Change]:
    """Adds and changes what the file names. Raises ConfigError before anything is written.

    The caller's transaction commits it as a whole.
    """
    steps = [step for section in SECTIONS for step in _steps(session, section, config)]
    errors = [error for step in steps for error in _find_errors(step, settings or _LENIENT)]
    errors += _find_unknown_channels(session, config)
    if errors:
        raise ConfigError(errors)
    applying = Applying(session, now, changed_by)
    changes = [_apply(applying, step) for step in steps if step.row is None or step.changes]
    session.flush()
    return changes


def _steps(session: Session, section: Section, config: Config) -> list[_Step]:
    entries = config.sections.get(section.name, ())
    rows = {clean_text(key): row for key, row in section.rows(session).items()} if entries else {}
    return [_step(session, section, entry, rows.get(entry.key)) for entry in entries]


def _step(session: Session, section: Section, entry: Entry, row: Any) -> _Step:
    old = section.values(session, row) if row is not None else {}
    return _Step(section, entry, row, old, section.merge(old, dict(entry.values)))


def _differ(old: Any, new: Any) -> bool:
    return bool((clean_text(old) if isinstance(old, str) else old) != new)


def _find_errors(step: _Step, settings: Settings) -> list[str]:
    if step.row is not None and not step.changes:
        return []
    return [
        f"{step.entry.path}.{where}: {message}"
        for where, message in step.section.check(step.merged, settings)
    ]


def _find_unknown_channels(session: Session, config: Config) -> list[str]:
    channels = set(session.scalars(select(Channel.name)))
    channels |= {entry.key for entry in config.sections.get(Channels.name, ())}
    return _parse_again(config, lambda rule: parse_rule(rule, channels=channels))


def _parse_again(config: Config, parse: Callable[[Mapping[str, Any]], object]) -> list[str]:
    """What a stricter reading of the rules says."""
    errors: list[str] = []
    for entry in config.sections.get(Rules.name, ()):
        try:
            parse(entry.values)
        except RuleError as error:
            errors += rule_errors(entry.path, error)
    return errors


def find_warnings(session: Session, config: Config) -> list[str]:
    """Names in rules that nothing has yet: a page group, a target list or a product to come, or a typo."""
    groups = {str(name) for site in session.scalars(select(Site)) for name, _ in site.page_groups}
    known = Known(
        page_groups=tuple(groups),
        target_lists=tuple(session.scalars(select(TargetList.name))),
        products=tuple(session.scalars(select(Product.name))),
    )
    channels = set(session.scalars(select(Channel.name)))
    return _parse_again(config, lambda rule: parse_rule(rule, channels=channels, known=known))


def _apply(applying: Applying, step: _Step) -> Change:
    changes = step.changes
    row = step.row
    if row is None:
        row = step.section.make(step.entry.key, applying.now)
        applying.session.add(row)
    step.section.put(applying, row, step.merged if step.section.replaces else changes)
    hidden = step.section.secrets_of(step.merged)
    fields = tuple(
        _difference(name, step.old.get(name), new, name in hidden) for name, new in changes.items()
    )
    return Change(step.section.name, step.entry.key, step.row is None, fields)


def _difference(name: str, old: Any, new: Any, hidden: bool) -> FieldChange:
    if hidden:
        return FieldChange(name, HIDDEN if old else "", HIDDEN if new else "")
    return FieldChange(name, _in_words(old), _in_words(new))


def _in_words(value: Any) -> str:
    plain = _plain(value)
    if plain in (None, "", [], {}):
        return ""
    if isinstance(plain, str):
        return plain
    return yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=10_000).strip("\n. ")


def show_config(session: Session, *, with_secrets: bool = True) -> str:
    """The whole configuration as YAML. Without secrets it can be shown around; applied, it keeps them."""
    data = {
        section.name: _show_section(session, section, with_secrets) for section in SECTIONS if section.shown
    }
    return yaml.safe_dump(
        {name: entries for name, entries in data.items() if entries},
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )


def _show_section(session: Session, section: Section, with_secrets: bool) -> list[Values]:
    shown = []
    for row in section.rows(session).values():
        values = section.values(session, row)
        hidden = frozenset() if with_secrets else section.secrets_of(values)
        shown.append(
            {
                name: _plain(value)
                for name, value in values.items()
                if name not in hidden and value not in (None, "", ())
            }
        )
    return shown


def _plain(value: Any) -> Any:
    """Tuples as lists, page groups as a map."""
    if isinstance(value, tuple) and value and all(isinstance(part, tuple) for part in value):
        return {group: list(patterns) for group, patterns in value}
    return list(value) if isinstance(value, tuple) else value
