"""Lines of a web server's access log, in combined format, as hits.

The format is that of nginx's predefined `combined` and Apache's `combined`: address, two names, time,
request line, status, bytes, referrer, user agent.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tracker.protocol import scrub_url
from tracker.records import Envelope, Hit, to_micros

LINE = re.compile(
    r'(?P<address>\S+) \S+ (?P<user>.+?) \[(?P<time>[^\]]{20,30})\] "(?P<request>(?:[^"\\]|\\.)*)" '
    r'(?P<status>\d{3}) (?:\d+|-)(?: "(?P<referrer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
REQUEST = re.compile(r"(?P<method>[A-Z]+) (?P<target>\S+) HTTP/[\d.]+")
# What a page loads, as opposed to the page.
ASSETS = frozenset(
    "css js mjs map json xml txt ico png jpg jpeg gif svg webp avif woff woff2 ttf otf mp4 webm wasm".split()
)
# Identical lines are told apart by counting them; their like stand close together in a log.
REMEMBERED_LINES = 100_000


class BadLine(ValueError):
    """A line that is not in combined format."""


@dataclass
class LogReader:
    """Makes envelopes from lines. The same line of the same log always makes the same hit id."""

    site: str
    origin: str  # https://www.acme.test, which the log does not say
    received: datetime
    quiet: bool = True
    seen: OrderedDict[str, int] = field(default_factory=OrderedDict)

    def read(self, line: str) -> Envelope | None:
        """The envelope of a line; None when it is not a page view. Raises BadLine."""
        match = LINE.match(line)
        if match is None:
            raise BadLine("not in combined format")
        target = find_page(match["request"], int(match["status"]))
        if target is None:
            return None
        return self._envelope(match, target, self._hit_id(line))

    def _envelope(self, match: re.Match[str], target: str, hit_id: str) -> Envelope:
        hit = Hit(
            name="pageview",
            id=hit_id,
            seen=to_micros(parse_time(match["time"])),
            url=scrub_url(self.origin + target)[:2048],
            referrer=_referrer(match["referrer"]),
        )
        return Envelope(
            site=self.site,
            received=to_micros(self.received),
            address=parse_address(match["address"]),
            hits=[hit],
            user_agent=_plain(match["agent"])[:512],
            source="replay",
            quiet=self.quiet,
        )

    def _hit_id(self, line: str) -> str:
        key = hashlib.sha256(f"{self.site}\n{line}".encode("utf-8", "replace")).hexdigest()[:32]
        self.seen[key] = count = self.seen.pop(key, 0) + 1
        if len(self.seen) > REMEMBERED_LINES:
            self.seen.popitem(last=False)
        return f"log-{key}-{count}"


def find_page(request: str, status: int) -> str | None:
    """The path and query of a successful GET of a page; None for assets, errors and other methods."""
    match = REQUEST.fullmatch(request)
    if match is None or match["method"] != "GET" or not (200 <= status < 300 or status == 304):
        return None
    path = match["target"].partition("?")[0]
    extension = path.rpartition("/")[2].rpartition(".")
    if not path.startswith("/") or (extension[1] and extension[2].lower() in ASSETS):
        return None
    return match["target"]


def parse_address(text: str) -> str:
    """Raises BadLine for a host name: the log must hold addresses."""
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError as error:
        raise BadLine("the first column is not an address") from error


def parse_time(text: str) -> datetime:
    """A time such as 21/Nov/2026:14:30:00 +0100, in UTC."""
    try:
        return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z").astimezone(UTC)
    except ValueError as error:
        raise BadLine("the time is not like 21/Nov/2026:14:30:00 +0100") from error


def _referrer(text: str | None) -> str:
    referrer = _plain(text)
    try:
        known = urlsplit(referrer).scheme in ("http", "https")
    except ValueError:
        return ""
    return scrub_url(referrer)[:2048] if known else ""


def _plain(text: str | None) -> str:
    """A quoted field without the server's backslashes; `-` stands for nothing."""
    if text is None or text == "-":
        return ""
    return re.sub(r"\\(.)", r"\1", text)
