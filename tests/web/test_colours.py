"""The colours of the stylesheet can be told apart: contrast by WCAG 2, light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STYLESHEET = Path(__file__).parent.parent.parent / "web" / "static" / "doorbell.css"
TEXT, PART = 4.5, 3.0
GROUNDS = ("page", "surface", "sunken")

# What stands on what, and how much contrast it needs.
PAIRS: tuple[tuple[str, str, float], ...] = (
    *((ink, ground, TEXT) for ink in ("ink", "ink-soft") for ground in GROUNDS),
    *((ink, ground, TEXT) for ink in ("accent", "good", "bad", "brass") for ground in ("page", "surface")),
    *((ink, f"{ink}-wash", TEXT) for ink in ("accent", "good", "bad", "brass")),
    *(("ink", f"{tone}-wash", TEXT) for tone in ("accent", "good", "bad", "brass")),
    ("accent-ink", "accent", TEXT),
    *(("line-strong", ground, PART) for ground in GROUNDS),
    *(("focus", ground, PART) for ground in GROUNDS),
    *(("bar", ground, PART) for ground in ("page", "surface")),
)


def read_tokens() -> dict[str, tuple[str, str]]:
    """Each colour's light and dark value."""
    found = re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", STYLESHEET.read_text(), re.IGNORECASE
    )
    return {name: (light, dark) for name, light, dark in found}


def read_fallback() -> dict[str, str]:
    """The values for browsers that do not know light-dark()."""
    before = STYLESHEET.read_text().partition("@supports")[0]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", before, re.IGNORECASE))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "needed"), PAIRS)
def test_what_stands_on_a_ground_can_be_read(ink: str, ground: str, needed: float, theme: int) -> None:
    tokens = read_tokens()
    assert contrast(tokens[ink][theme], tokens[ground][theme]) >= needed


def test_browsers_without_light_dark_get_the_light_values() -> None:
    assert read_fallback() == {name: light for name, (light, _) in read_tokens().items()}


def test_the_stylesheet_uses_only_colours_it_names() -> None:
    text = STYLESHEET.read_text()
    used = set(re.findall(r"var\(--([a-z-]+)\)", text))
    named = set(re.findall(r"--([a-z-]+):", text))
    assert used - named == set()


def test_no_colour_stands_outside_the_table() -> None:
    after = STYLESHEET.read_text().partition("/* Sizes and spaces */")[2]
    assert re.findall(r"#[0-9a-f]{3,8}\b", after, re.IGNORECASE) == []
