"""Numbers and bands of numbers, as vendors write them: 57000, "2-10 employees", "1,001+"."""

from __future__ import annotations

import re
from typing import Any

_MULTIPLES = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_BAND = re.compile(r"(\d[\d,. ]*)\s*([kmb])?\b", re.IGNORECASE)
MOST = 10**15


def read_number(value: Any) -> int | None:
    """A whole number that is not negative, from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        parts = _parts(value)
        return parts[0] if len(parts) == 1 else None
    return int(value) if 0 <= value <= MOST else None


def read_band(low: Any, high: Any = None) -> list[int | None] | None:
    """`[low, high]`; the same twice for an exact number, high None for "or more"."""
    if isinstance(low, str) and high is None:
        return _from_text(low)
    first, last = read_number(low), read_number(high)
    if first is None:
        return None if last is None else [0, last]
    return [first, last if last is None or last >= first else None]


def exactly(value: Any) -> list[int | None] | None:
    number = read_number(value)
    return None if number is None else [number, number]


def _from_text(text: str) -> list[int | None] | None:
    parts = _parts(text)
    if not parts:
        return None
    if len(parts) > 1:
        return [parts[0], parts[1]] if parts[1] >= parts[0] else None
    return [parts[0], None if "+" in text or ">" in text else parts[0]]


def _parts(text: str) -> list[int]:
    return [number for found in _BAND.finditer(text) if (number := _value(found)) is not None]


def _value(found: re.Match[str]) -> int | None:
    digits = re.sub(r"\D", "", found[1])
    number = int(digits) * _MULTIPLES.get((found[2] or "").casefold(), 1) if len(digits) < 16 else MOST + 1
    return number if number <= MOST else None
