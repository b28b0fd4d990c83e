"""What a page's HTML says about the snippet: its tags, its policies, a tag manager. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

# The names under which the script is served, wherever a proxy has put them.
SCRIPT_PATH = re.compile(r"/s/(v(?:\.lite)?(?:\.[0-9a-f]{8})?\.js)$")
TAG_MANAGERS = re.compile(r"googletagmanager\.com/gtm\.js|GTM-[A-Z0-9]{4,}")


@dataclass(frozen=True, slots=True)
class Tag:
    """A `<script>` that is the snippet, or is meant to be. `src` is absolute."""

    src: str
    key: str
    consent: str
    query: str
    integrity: str
    nonce: str
    is_cors: bool

    @property
    def file(self) -> str:
        """The script's file name, empty when the address is another."""
        found = SCRIPT_PATH.search(urlsplit(self.src).path)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class PageTags:
    """What was found on a page."""

    tags: Sequence[Tag] = ()
    policies: Sequence[str] = ()
    has_tag_manager: bool = False


@dataclass(slots=True)
class _Found:
    tags: list[Tag] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.base = url
        self.found = _Found()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in reversed(attrs)}
        if tag == "base" and "href" in told:
            self.base = _join(self.base, told["href"])
        elif tag == "meta" and told.get("http-equiv", "").lower() == "content-security-policy":
            self.found.policies.append(told.get("content", ""))
        elif tag == "script":
            self._read_script(told)

    def _read_script(self, told: dict[str, str]) -> None:
        tag = Tag(
            _join(self.base, told["src"]) if "src" in told else "",
            told.get("data-site", ""),
            told.get("data-consent", ""),
            told.get("data-query", ""),
            told.get("integrity", ""),
            told.get("nonce", ""),
            "crossorigin" in told,
        )
        if "src" in told and ("data-site" in told or tag.file):
            self.found.tags.append(tag)


def _join(base: str, address: str) -> str:
    try:
        return urljoin(base, address.strip())
    except ValueError:
        return ""


def read_tags(html: str, url: str) -> PageTags:
    """The snippet's tags on a page at this address."""
    reader = _Reader(url)
    reader.feed(html)
    return PageTags(reader.found.tags, reader.found.policies, bool(TAG_MANAGERS.search(html)))
