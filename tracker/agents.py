"""Browser, operating system and kind of device, read from a user agent.

The names come from the patterns of the ua-parser project, matched by its compiled backend.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import ua_parser

_SYSTEM_NAMES = {"Mac OS X": "macOS", "Chrome OS": "ChromeOS"}
_DESKTOPS = ("Windows NT", "Macintosh", "X11", "CrOS")


@dataclass(frozen=True, slots=True)
class Agent:
    """What a user agent says; a part it does not say is empty."""

    browser: str = ""
    operating_system: str = ""
    device: str = ""  # desktop, mobile, tablet


@lru_cache(maxsize=4096)
def parse_agent(user_agent: str) -> Agent:
    if not user_agent:
        return Agent()
    found = ua_parser.parse(user_agent)
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    return Agent(browser[:60], _SYSTEM_NAMES.get(system, system)[:60], _device(user_agent))


def _device(user_agent: str) -> str:
    """Android tablets are told from telephones only by the word Mobile, which they leave out."""
    if "iPad" in user_agent or "Tablet" in user_agent:
        return "tablet"
    if "Mobi" in user_agent or "iPhone" in user_agent or "iPod" in user_agent:
        return "mobile"
    if "Android" in user_agent:
        return "tablet"
    return "desktop" if any(word in user_agent for word in _DESKTOPS) else ""
