"""Five hundred and more strings that break careless programs: the shared list in five positions each."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

from tests.enrichment.hostile import HOSTILE as ALONE

POSITIONS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: f"Acme {text}",
    lambda text: f"{text} Acme",
    lambda text: f'"{text}"',
    lambda text: f"{text}{text}",
)
HOSTILE: tuple[str, ...] = tuple(dict.fromkeys(position(text) for position in POSITIONS for text in ALONE))

# What our own templates never contain, so it can only have come from the text.
FOREIGN_TAGS = {"iframe", "img", "object", "embed", "base", "foreignobject", "animate", "math", "b64"}


# Without any of these a page cannot hold an intruder, so it need not be parsed.
_SUSPECT = re.compile(
    rf"<({'|'.join(sorted(FOREIGN_TAGS))})\b"
    r'|<script(?! src="/static/)'
    r"|<[^>]*[\s/\"'](on\w+|style)\s*="
    r"|(javascript|data|vbscript)\s*:",
    re.IGNORECASE,
)


class Intruders(HTMLParser):
    """Finds what text has smuggled into a page: elements, handlers, inline scripts and script addresses."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name.lower(): (value or "") for name, value in attrs}
        if tag in FOREIGN_TAGS or (tag == "script" and not values.get("src", "").startswith("/static/")):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in values if name.startswith("on") or name == "style"]
        for name in ("href", "src", "action", "formaction"):
            scheme = values.get(name, "").strip().lower().partition(":")[0]
            if scheme in ("javascript", "data", "vbscript"):
                self.found.append(f"{tag} {name}={scheme}")


def intruders(html: str) -> list[str]:
    """What text has smuggled into the page; nothing for a page in which it stayed text."""
    if not _SUSPECT.search(html):
        return []
    parser = Intruders()
    parser.feed(html)
    parser.close()
    return parser.found
