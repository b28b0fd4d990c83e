"""The alphabet of SMS: what fits in it, how much room a text takes, and the nearest text that fits.

One character outside GSM-7 turns a whole message into UCS-2, with 70 characters a part instead of 160.
"""

from __future__ import annotations

import unicodedata

# 3GPP TS 23.038, basic character set without escape, and the extension table.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")
_NEAREST = {
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "‘": "'",
    "’": "'",
    "´": "'",
    "`": "'",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "•": "-",
    "·": "-",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "þ": "th",
    "Þ": "Th",
    "œ": "oe",
    "Œ": "OE",
    "ı": "i",
    "∗": "*",
}


def to_gsm(text: str) -> str:
    """The text in GSM-7: letters without the marks it lacks, and a question mark where nothing is near."""
    return "".join(_near(char) for char in unicodedata.normalize("NFC", text))


def units(text: str) -> int:
    """How many of a part's 160 (or 153) places the text takes; it must be GSM-7."""
    return sum(2 if char in _EXTENDED else 1 for char in text)


def parts(text: str) -> int:
    """How many parts a GSM-7 text is sent in."""
    if units(text) <= 160:
        return 1
    count, taken = 1, 0
    for char in text:
        # A character of two places is never torn apart.
        if taken + units(char) > 153:
            count, taken = count + 1, 0
        taken += units(char)
    return count


def cut_to_units(text: str, room: int) -> str:
    """The beginning of the text that takes at most `room` places."""
    taken = 0
    for place, char in enumerate(text):
        taken += units(char)
        if taken > room:
            return text[:place]
    return text


def _near(char: str) -> str:
    if char in _BASIC or char in _EXTENDED:
        return char
    if char in _NEAREST:
        return _NEAREST[char]
    if char.isspace():
        return " "
    plain = "".join(
        part for part in unicodedata.normalize("NFKD", char) if part in _BASIC or part in _EXTENDED
    )
    return plain or "?"
