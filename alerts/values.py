"""The kinds of value a condition can have: from YAML, to YAML, from a form and to a form.

A kind knows nothing of conditions. `parse` raises ValueError with a sentence that says what would be
right; `plain` gives back what YAML and the database hold, so that parse(plain(value)) == value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from tracker.pages import check_pattern

MAX_TEXTS = 500
MAX_TEXT = 500
MAX_NUMBER = 2**31 - 1
MAX_DAYS = 365
MAX_INTERVAL = timedelta(days=365)


class How(StrEnum):
    """How a form compares: the word between the condition and its value."""

    ANY_OF = "any_of"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    IS = "is"


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `low` to `high`, both included; None is open."""

    low: int | None = None
    high: int | None = None

    def holds(self, number: int) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class Often:
    """At least `at_least` times in the last `days` days."""

    at_least: int
    days: int


class Kind(Protocol):
    """What every kind of value can do."""

    name: str
    hows: tuple[How, ...]

    def parse(self, raw: Any) -> Any: ...
    def plain(self, value: Any) -> Any: ...
    def from_form(self, how: str, values: Sequence[str]) -> Any: ...
    def to_form(self, value: Any) -> tuple[How, list[str]]: ...


class TextsKind:
    """One or more texts, any of which may hold."""

    name = "texts"
    hows: tuple[How, ...] = (How.ANY_OF,)

    def __init__(self, one: str) -> None:
        self.one = one

    def parse(self, raw: Any) -> tuple[str, ...]:
        items = list(raw) if isinstance(raw, (list, tuple)) else [raw]
        if not items or len(items) > MAX_TEXTS:
            raise ValueError(f"give 1 to {MAX_TEXTS} values: {self.one}")
        return tuple(dict.fromkeys(self.parse_one(item) for item in items))

    def parse_one(self, item: Any) -> str:
        text = item.strip() if isinstance(item, str) else ""
        if not text or len(text) > MAX_TEXT or not text.isprintable():
            raise ValueError(f"{_shown(item)} is not {self.one}")
        return text

    def plain(self, value: tuple[str, ...]) -> list[str]:
        return list(value)

    def from_form(self, how: str, values: Sequence[str]) -> list[str]:
        return [line.strip() for value in values for line in value.splitlines() if line.strip()]

    def to_form(self, value: tuple[str, ...]) -> tuple[How, list[str]]:
        return How.ANY_OF, list(value)


class ChoicesKind(TextsKind):
    """One or more of a fixed list of words, in any case."""

    name = "choices"

    def __init__(self, one: str, choices: Sequence[str], aliases: Mapping[Any, str] | None = None) -> None:
        super().__init__(one)
        self.choices = tuple(choices)
        self._by_fold = {fold(choice): choice for choice in choices}
        self._aliases = dict(aliases or {})

    def parse_one(self, item: Any) -> str:
        folded = fold(item) if isinstance(item, str) else item
        try:
            found = self._by_fold.get(folded) or self._aliases.get(folded)
        except TypeError:  # a list or a map inside the list
            found = None
        if not found:
            raise ValueError(f"{_shown(item)} is not {self.one}; choose among {self._offer()}")
        return found

    def _offer(self) -> str:
        return ", ".join(self.choices) if len(self.choices) <= 25 else f"{', '.join(self.choices[:5])} ..."


class PatternsKind(TextsKind):
    """One or more page patterns."""

    name = "patterns"

    def parse_one(self, item: Any) -> str:
        return check_pattern(super().parse_one(item))

    def doubt(self, pattern: str) -> str:
        """Why no page fits the pattern, though it can be read; empty when some page may."""
        if "?" in pattern or "#" in pattern:
            return f"no page is like {pattern}: what stands after ? or # is not looked at; leave it out"
        if not re.search(r"^[/*]|[./]", pattern):
            return f"no page is like {pattern}: a path begins with a slash; write /{pattern}"
        return ""


class ProductsKind(TextsKind):
    """`not_owned`, `owned`, or names of products; the two words stand alone."""

    name = "products"
    words = ("not_owned", "owned")

    def parse(self, raw: Any) -> tuple[str, ...]:
        value = super().parse(raw)
        if len(value) > 1 and set(value) & set(self.words):
            raise ValueError("write not_owned, or owned, or names of products, one of the three")
        return value


class RangeKind:
    """A whole number: at least, at most or between."""

    name = "range"
    hows: tuple[How, ...] = (How.AT_LEAST, How.AT_MOST, How.BETWEEN)
    wanted = "write {at_least: 50}, {at_most: 200} or {between: [50, 200]}"

    def parse(self, raw: Any) -> Range:
        if not isinstance(raw, dict):
            return Range(low=_number(raw, self.wanted))
        if set(raw) == {How.BETWEEN} and isinstance(raw[How.BETWEEN], (list, tuple)):
            return self._between(list(raw[How.BETWEEN]))
        if not raw or set(raw) - {How.AT_LEAST, How.AT_MOST}:
            raise ValueError(self.wanted)
        ends = [_number(raw[how], self.wanted) if how in raw else None for how in (How.AT_LEAST, How.AT_MOST)]
        return self._ordered(*ends)

    def _between(self, ends: list[Any]) -> Range:
        if len(ends) != 2:
            raise ValueError(self.wanted)
        return self._ordered(_number(ends[0], self.wanted), _number(ends[1], self.wanted))

    def _ordered(self, low: int | None, high: int | None) -> Range:
        if low is not None and high is not None and low > high:
            raise ValueError(f"{low} is more than {high}; write the smaller number first")
        return Range(low, high)

    def plain(self, value: Range) -> dict[str, Any]:
        if value.low is not None and value.high is not None:
            return {How.BETWEEN.value: [value.low, value.high]}
        ends = {How.AT_LEAST.value: value.low, How.AT_MOST.value: value.high}
        return {how: end for how, end in ends.items() if end is not None}

    def from_form(self, how: str, values: Sequence[str]) -> dict[str, Any]:
        numbers = [number_from_text(value) for value in values if value.strip()]
        if how == How.BETWEEN:
            return {How.BETWEEN.value: numbers}
        return {how: numbers[0] if numbers else ""}

    def to_form(self, value: Range) -> tuple[How, list[str]]:
        if value.low is not None and value.high is not None:
            return How.BETWEEN, [str(value.low), str(value.high)]
        if value.high is not None:
            return How.AT_MOST, [str(value.high)]
        return How.AT_LEAST, [str(value.low)]


class OftenKind:
    """A number of times in a number of days; a form gives the two in this order."""

    name = "often"
    hows: tuple[How, ...] = (How.AT_LEAST,)
    wanted = f"write {{at_least: 3, days: 30}}, with 1 to {MAX_DAYS} days"

    def parse(self, raw: Any) -> Often:
        if not isinstance(raw, dict) or set(raw) != {"at_least", "days"}:
            raise ValueError(self.wanted)
        at_least, days = (_number(raw[key], self.wanted) for key in ("at_least", "days"))
        if at_least < 1 or not 1 <= days <= MAX_DAYS:
            raise ValueError(self.wanted)
        return Often(at_least, days)

    def plain(self, value: Often) -> dict[str, Any]:
        return {"at_least": value.at_least, "days": value.days}

    def from_form(self, how: str, values: Sequence[str]) -> dict[str, Any]:
        at_least, days = ([*values, "", ""])[:2]
        return {"at_least": number_from_text(at_least), "days": number_from_text(days)}

    def to_form(self, value: Often) -> tuple[How, list[str]]:
        return How.AT_LEAST, [str(value.at_least), str(value.days)]


class YesNoKind:
    """Yes or no."""

    name = "yes_no"
    hows: tuple[How, ...] = (How.IS,)
    _words: Mapping[str, bool] = {
        "yes": True,
        "true": True,
        "known": True,
        "no": False,
        "false": False,
        "unknown": False,
    }

    def parse(self, raw: Any) -> bool:
        if isinstance(raw, bool):
            return raw
        word = self._words.get(raw.strip().lower()) if isinstance(raw, str) else None
        if word is None:
            raise ValueError("write yes or no")
        return word

    def plain(self, value: bool) -> bool:
        return value

    def from_form(self, how: str, values: Sequence[str]) -> str:
        return values[0] if values else ""

    def to_form(self, value: bool) -> tuple[How, list[str]]:
        return How.IS, ["yes" if value else "no"]


class ShareKind:
    """A share from 0 to 1, kept in whole per cent; 0.8, 80 and "80 %" are the same. Forms give per cent."""

    name = "share"
    hows: tuple[How, ...] = (How.AT_LEAST,)
    wanted = "write a share such as 0.8 or 80 %"

    def parse(self, raw: Any) -> int:
        if isinstance(raw, str):
            return self._checked(self._from_text(raw))
        if isinstance(raw, bool) or not isinstance(raw, (int, float)):
            raise ValueError(self.wanted)
        return self._checked(raw * 100 if raw <= 1 else raw)

    def _from_text(self, text: str) -> float:
        found = re.fullmatch(r"\s*(\d{1,3}(?:[.,]\d{1,6})?)\s*(%?)\s*", text, re.ASCII)
        if not found:
            raise ValueError(self.wanted)
        number = float(found[1].replace(",", "."))
        return number * 100 if number <= 1 and not found[2] else number

    def _checked(self, per_cent: float) -> int:
        if not 0 <= per_cent <= 100:  # refuses NaN too
            raise ValueError(self.wanted)
        return round(per_cent)

    def plain(self, value: int) -> float:
        return value / 100

    def from_form(self, how: str, values: Sequence[str]) -> str:
        return f"{values[0].strip().rstrip('%').strip()}%" if values and values[0].strip() else ""

    def to_form(self, value: int) -> tuple[How, list[str]]:
        return How.AT_LEAST, [str(value)]


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def parse_interval(raw: Any) -> timedelta:
    """`30m`, `24h`, `7d` or 0; raises ValueError that says so."""
    wanted = "write an interval such as 30m, 24h or 7d, at most 365d; 0 repeats at every page view"
    if raw == 0 and not isinstance(raw, bool):
        return timedelta(0)
    found = re.fullmatch(r"\s*(\d{1,8})\s*([smhd])\s*", raw, re.ASCII) if isinstance(raw, str) else None
    if raw != "0" and not found:
        raise ValueError(wanted)
    interval = timedelta(seconds=int(found[1]) * _UNITS[found[2]] if found else 0)
    if interval > MAX_INTERVAL:
        raise ValueError(wanted)
    return interval


def plain_interval(interval: timedelta) -> str:
    """The interval as YAML has it: days from two days on, else the largest unit that divides it."""
    seconds = int(interval.total_seconds())
    if seconds == 0:
        return "0"
    if seconds % 86_400 == 0 and seconds >= 2 * 86_400:
        return f"{seconds // 86_400}d"
    unit = next(unit for unit in ("h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def fold(text: str) -> str:
    """A word as it is compared: case, underscores and hyphens make no difference."""
    return " ".join(re.sub(r"[_\-\s]+", " ", text).casefold().split())


def number_from_text(text: str) -> int | str:
    """The number typed in a form; other text is handed on, for `parse` to refuse by name."""
    found = re.fullmatch(r"\s*(\d{1,3}(?:[\s,.]\d{3}){1,3}|\d{1,11})\s*", text)
    bare = re.sub(r"[\s,.]", "", text)
    return int(bare) if found and bare.isascii() else text


def _number(raw: Any, wanted: str) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= MAX_NUMBER:
        raise ValueError(f"{_shown(raw)} is not a whole number; {wanted}")
    return raw


def _shown(item: Any) -> str:
    text = repr(item)
    return text if len(text) <= 60 else text[:57] + "..."
