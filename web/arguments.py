"""Reading a page's address: odd values count as absent, so that an old or edited link still opens."""

from __future__ import annotations

from collections.abc import Collection

from flask import request

from web.forms import strip

MAX_ID = 2**31 - 1
MAX_SEARCH = 200


def read_number(name: str) -> int | None:
    """A row number in the address, None where there is none or nothing that could be one."""
    text = request.args.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return None
    return int(text) if 0 < int(text) <= MAX_ID else None


def read_choice(name: str, choices: Collection[str], default: str = "") -> str:
    text = request.args.get(name, "")
    return text if text in choices else default


def read_search(name: str = "q") -> str:
    return strip(request.args.get(name))[:MAX_SEARCH]
