"""Bytes from strangers to plain values: JSON without its dark corners, with bounds on size and depth."""

from __future__ import annotations

import re
import zlib
from typing import Any

import msgspec

MOST_DEPTH = 20
# Fifty hits with all that they may hold are a third of it; without a bound a small gzip costs a lot of time.
MOST_VALUES = 10_000

# Possessive, and content with an unterminated string: linear in the body whatever it holds.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_ESCAPES = re.compile(rb"\\(?:u[dD][89abAB]\w\w\\u[dD][c-fC-F]\w\w|(u[dD][89a-fA-F]\w\w)|.)", re.DOTALL)
_BRACKETS = re.compile(rb"[][{}]")


class BadJson(ValueError):
    """`code` is one of invalid_json, too_deep, too_many_values and invalid_gzip."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TooLarge(ValueError):
    """The body unpacks to more than is allowed."""


def read_json(body: bytes, most: int = MOST_VALUES) -> Any:
    """The value of a JSON text in UTF-8. Raises BadJson.

    Refused beside broken text: NaN and Infinity, numbers no float can hold, a key that stands twice in one
    object, more than 20 levels, more than `most` values. A lone surrogate, which JavaScript writes when it
    cuts an emoji in two, becomes U+FFFD.
    """
    # Looked at first, for it costs nothing: a key and a value have four quotes at most that are not escaped.
    if body.count(b'"') > 5 * most:
        raise BadJson("too_many_values")
    bare = _STRINGS.sub(b"", body)
    if is_too_deep(bare):
        raise BadJson("too_deep")
    if bare.count(b",") > most:
        raise BadJson("too_many_values")
    value = _decode(body)
    if bare.count(b":") != _count_keys(value):
        raise BadJson("invalid_json")
    return value


def is_too_deep(bare: bytes) -> bool:
    """True when brackets nest too deep; `bare` is JSON without its strings."""
    if bare.count(b"[") + bare.count(b"{") <= MOST_DEPTH:
        return False
    depth = 0
    for bracket in _BRACKETS.findall(bare):
        depth += 1 if bracket in b"[{" else -1
        if depth > MOST_DEPTH:
            return True
    return False


def _decode(body: bytes) -> Any:
    try:
        # The decoder does not look at the bytes of what it skips, so all are checked first.
        body.decode()
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        mended = _ESCAPES.sub(_mend_escape, body)
        if mended == body:
            raise BadJson("invalid_json") from None
    try:
        return msgspec.json.decode(mended)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadJson("invalid_json") from None


def _mend_escape(match: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if match[1] else match[0]


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    if isinstance(value, list):
        return sum(map(_count_keys, value))
    return 0


def gunzip(packed: bytes, most: int) -> bytes:
    """Unpacks one gzip member, never past `most` bytes. Raises TooLarge, or BadJson when it is no gzip."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(packed, most + 1)
    except zlib.error:
        raise BadJson("invalid_gzip") from None
    if len(body) > most:
        raise TooLarge
    if not unpacker.eof or unpacker.unused_data:
        raise BadJson("invalid_gzip")
    return body
