"""The page of the snippet's behaviours names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "snippet-behaviour.md"
ROWS = re.findall(r"^\| (\d+) \|.*\|(.*)\|$", PAGE.read_text(), re.MULTILINE)


def test_every_behaviour_has_a_row() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 26))


def test_every_row_names_tests_that_there_are() -> None:
    sources = "".join(path.read_text() for path in TESTS.glob("*/test_*.py"))
    there = set(re.findall(r"^def (test_\w+)\(", sources, re.MULTILINE))
    named = {number: set(re.findall(r"`(test_\w+)`", tests)) for number, tests in ROWS}
    assert {number: tests - there for number, tests in named.items() if not tests or tests - there} == {}
