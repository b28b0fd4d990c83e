"""The configuration file read: YAML to a Config whose every field is right by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from alerts.config_fields import FieldError, shown
from alerts.config_sections import SECTIONS, Rules, Section, Values
from alerts.rules import RuleError, parse_rule, plain_rule

SIZE_LIMIT = 5 * 1024 * 1024
_PLACE = re.compile(r"\.(\d+)(?=\.|$)")


class ConfigError(ValueError):
    """The file cannot be applied; `errors` says for each fault where it is and what would be right."""

    def __init__(self, errors: Iterable[str]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(self.errors))


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing the file describes: where it stands, its key, and only those values the file gives."""

    path: str
    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Config:
    """The entries of each section by the section's name."""

    sections: Mapping[str, tuple[Entry, ...]]


class _Loader(yaml.SafeLoader):
    """YAML without aliases, which can make a small file endless, and without double keys."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                None, None, "aliases (*name) are not read here; write the value out", mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(None, None, f"the key {key.value} is there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def parse_config(text: str) -> Config:
    """The configuration in a YAML text. Raises ConfigError with every fault at once."""
    data = _load(text)
    if data is None:
        return Config({})
    known = {section.name: section for section in SECTIONS}
    if not isinstance(data, dict):
        raise ConfigError([f"the file is not a map of sections; it may have {', '.join(known)}"])
    errors: list[str] = []
    sections: dict[str, tuple[Entry, ...]] = {}
    for name, raw in data.items():
        if name not in known:
            errors.append(f"{name}: there is no such section; there are {', '.join(known)}")
            continue
        sections[name] = _read_section(known[name], raw, errors)
    if errors:
        raise ConfigError(errors)
    return Config(sections)


def _load(text: str) -> Any:
    if len(text) > SIZE_LIMIT:
        raise ConfigError(["the file is larger than 5 MB; keep long target lists in CSV files"])
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except RecursionError as error:
        raise ConfigError(["the file is nested too deeply"]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        raise ConfigError([f"{where}: {error.problem}"]) from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise ConfigError([f"the file is not YAML: {error}"]) from error


def _read_section(section: Section, raw: Any, errors: list[str]) -> tuple[Entry, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list):
        errors.append(f"{section.name}: is not a list; begin each entry with a dash")
        return ()
    entries: dict[str, Entry] = {}
    for place, item in enumerate(raw):
        path = f"{section.name}[{place}]"
        entry = _read_entry(section, path, item, errors)
        if entry and entry.key in entries:
            errors.append(f"{path}.{section.key}: {entries[entry.key].path} has the same {section.key}")
        elif entry:
            entries[entry.key] = entry
    return tuple(entries.values())


def _read_entry(section: Section, path: str, raw: Any, errors: list[str]) -> Entry | None:
    if not isinstance(raw, dict):
        errors.append(f"{path}: {shown(raw)} is not a map; write it as {{{section.key}: ...}}")
        return None
    before = len(errors)
    values = _read_rule(path, raw, errors) if isinstance(section, Rules) else None
    values = _read_fields(section, path, raw, errors) if values is None else values
    return None if len(errors) > before else Entry(path, str(values[section.key]), values)


def _read_fields(section: Section, path: str, raw: dict[Any, Any], errors: list[str]) -> Values:
    lacking = [name for name in section.always if name not in raw]
    errors += [f"{path}.{name}: is missing; every entry of {section.name} has it" for name in lacking]
    if lacking:
        return {}
    values: Values = {}
    readers = section.fields_of(raw)
    for name, value in raw.items():
        if name not in readers:
            errors.append(f"{path}.{name}: there is no such field; there are {', '.join(readers)}")
            continue
        try:
            values[name] = readers[name](value)
        except FieldError as error:
            errors += [f"{path}.{name}{place}: {message}" for place, message in error.errors]
    return values


def _read_rule(path: str, raw: dict[Any, Any], errors: list[str]) -> Values:
    """A rule as far as the file alone can tell; whether its channels exist is told when it is applied."""
    try:
        return plain_rule(parse_rule(raw, channels=_named_channels(raw)))
    except RuleError as error:
        errors += rule_errors(path, error)
        return {}


def _named_channels(raw: Mapping[Any, Any]) -> set[str]:
    sends = raw.get("send")
    named = (
        [send.get("channel") for send in sends if isinstance(send, dict)] if isinstance(sends, list) else []
    )
    return {name for name in named if isinstance(name, str)}


def rule_errors(path: str, error: RuleError) -> list[str]:
    """`send.0.to` of a rule as `rules[2].send[0].to`."""
    places = [_PLACE.sub(r"[\1]", f".{where}") if where else "" for where, _ in error.errors]
    return [f"{path}{place}: {message}" for place, (_, message) in zip(places, error.errors, strict=True)]
