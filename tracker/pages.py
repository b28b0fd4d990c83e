"""Page patterns: which page an address means, and the page group it falls in. All pure.

A pattern is text with `*` for "anything", matched from the beginning of the path to its end. Upper and
lower case are the same, a slash at the end makes no difference, and what stands after `?` or `#` is not
looked at. A pattern that does not begin with `/` is matched against host and path: `shop.acme.test/*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import unquote

PATTERN_LENGTH = 200


class PatternError(ValueError):
    """A page pattern that cannot be used; the message says what to write instead."""


def check_pattern(pattern: str) -> str:
    """The pattern without spaces around it. Raises PatternError; for forms and configuration files."""
    pattern = pattern.strip()
    if not pattern:
        raise PatternError("write a page pattern such as /pricing*")
    if len(pattern) > PATTERN_LENGTH:
        raise PatternError(f"a page pattern has at most {PATTERN_LENGTH} characters; this has {len(pattern)}")
    if "://" in pattern:
        raise PatternError(
            f"leave out http:// or https://: write {pattern.split('://', 1)[1] or '/pricing*'}"
        )
    if any(not character.isprintable() for character in pattern):
        raise PatternError("a page pattern holds no control characters")
    return pattern


def matches(pattern: str, url: str) -> bool:
    """Whether the page at `url` (a full address, or a path that begins with a slash) fits the pattern."""
    return _fits_page(pattern, *_read_page(url))


def find_page_group(url: str, groups: Iterable[Sequence[object]]) -> str:
    """The name of the first group, of [[name, [pattern, ...]], ...], with a fitting pattern; or empty."""
    host, path = _read_page(url)
    for name, patterns in groups:
        if isinstance(patterns, Sequence) and any(_fits_page(str(one), host, path) for one in patterns):
            return str(name)
    return ""


def _read_page(url: str) -> tuple[str, str]:
    host, path = split_url(url)
    return host, unquote(path).lower().rstrip("/")


def _fits_page(pattern: str, host: str, bare: str) -> bool:
    """`bare`: a path without a slash at its end; it is tried with and without."""
    subject = bare if pattern.startswith("/") else host + bare
    parts = _parts(pattern)
    return _fits(parts, subject + "/") or _fits(parts, subject)


def split_url(url: str) -> tuple[str, str]:
    """Host in lower case without its port, and path without query. Never raises, whatever the address is."""
    end = min((at for at in (url.find("?"), url.find("#")) if at >= 0), default=len(url))
    url = url[:end]
    if url.startswith("/"):
        return "", url
    authority, slash, path = url.split("://", 1)[-1].partition("/")
    host, colon, port = authority.rpartition("@")[2].rpartition(":")
    if not colon or not port.isdigit():
        host = authority.rpartition("@")[2]
    return host.lower(), "/" + path


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(unquote(pattern).lower().split("*"))


def _fits(parts: tuple[str, ...], subject: str) -> bool:
    """Finds the parts between stars one after another, each as early as it stands: linear, never back."""
    if len(parts) == 1:
        return subject == parts[0]
    first, *middle, last = parts
    if not subject.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = subject.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(subject) - len(last) >= at and subject.endswith(last)
