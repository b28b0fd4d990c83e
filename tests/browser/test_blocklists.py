"""The default paths pass EasyList and EasyPrivacy: those in `braveblock`, and newer ones where there are any.

DOORBELL_BLOCKLISTS may name a directory with lists as text files; they are checked as well.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.recorder import STATIC

Check = Callable[[str, str, str], bool]

PAGE = "https://www.acme.example/pricing"
# The site's own name behind a proxy, a name of its own under the site's domain, and somebody else's.
HOSTS = ("www.acme.example", "bell.acme.example", "bell.other.example")
MANIFEST = json.loads((STATIC / "manifest.json").read_text())
ASKED = [
    ("/s/v.js", "script"),
    ("/s/v.lite.js", "script"),
    (f"/s/v.{MANIFEST['sha256_8']}.js", "script"),
    (f"/s/v.lite.{MANIFEST['lite']['sha256_8']}.js", "script"),
    ("/s/e", "fetch"),
    ("/s/e", "xmlhttprequest"),
    ("/s/px?s=acme-web", "image"),
]


@pytest.fixture(scope="module")
def is_blocked() -> Check:
    braveblock = pytest.importorskip(
        "braveblock", reason="pip install braveblock: it has wheels up to Python 3.11"
    )
    directory = os.environ.get("DOORBELL_BLOCKLISTS")
    lists = sorted(Path(directory).glob("*.txt")) if directory else []
    rules = [rule for path in lists for rule in path.read_text().splitlines()]
    check: Check = braveblock.Adblocker(rules).check_network_urls
    return check


@pytest.mark.parametrize("host", HOSTS)
def test_script_and_hits_pass_the_blocklists(is_blocked: Check, host: str) -> None:
    assert [(path, kind) for path, kind in ASKED if is_blocked(f"https://{host}{path}", PAGE, kind)] == []


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("https://www.google-analytics.com/analytics.js", "script"),
        # Why the snippet does not begin with a beacon.
        ("https://bell.other.example/s/e", "ping"),
    ],
)
def test_the_blocklists_block_what_they_are_for(is_blocked: Check, url: str, kind: str) -> None:
    assert is_blocked(url, PAGE, kind)
