"""What forms make of what was typed."""

from __future__ import annotations

import pytest

from web.forms import strip


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Eva  Lind ", "Eva Lind"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("\ud800x", "x"),
        ("two\nlines", "two lines"),
        (None, ""),
        ("A\u030akes", "Åkes"),
    ],
)
def test_a_line_of_text_is_kept_without_what_nobody_sees(typed: str | None, kept: str) -> None:
    assert strip(typed) == kept
