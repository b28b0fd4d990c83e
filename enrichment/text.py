"""Text from outside made fit to store: PostgreSQL refuses NUL, and UTF-8 has no lone surrogates."""

from __future__ import annotations

import re
import unicodedata

# NUL and the other control characters, except tab and line ends, which become spaces below.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff]")
_SPACES = re.compile(r"\s+")


def clean_text(text: str) -> str:
    """`text` on one line without control characters and lone surrogates, in NFC."""
    visible = _CONTROLS.sub("", text)
    return _SPACES.sub(" ", unicodedata.normalize("NFC", visible)).strip()
