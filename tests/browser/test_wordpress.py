"""The plugin for WordPress under WordPress's own functions, without a database."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.recorder import Recorder, Server
from tests.browser.snippet import ACME

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "js" / "integrations" / "wordpress" / "doorbell.php"
# Where tools/install_for_tests.sh unpacks Debian's package, and where that package itself puts it.
PLACES = (ROOT / "build" / "wordpress" / "usr" / "share" / "wordpress", Path("/usr/share/wordpress"))
OPTIONS = {
    "doorbell_url": "https://bell.example.com/",
    "doorbell_site": "acme-web",
    "doorbell_consent": "required",
}


@pytest.fixture
def php() -> str:
    program = shutil.which("php")
    if program is None:
        pytest.skip("no php on this machine: apt-get install php-cli")
    return program


class WordPress:
    def __init__(self, php: str, place: Path) -> None:
        self.command = [php, Path(__file__).with_name("wordpress.php"), place, PLUGIN]

    def ask(self, what: str, options: dict[str, Any], *, editor: bool = False) -> str:
        """What the plugin makes of a page's `head`, of its settings `page`, or of options to be `kept`."""
        asked = json.dumps({"ask": what, "options": options, "editor": editor})
        answer = subprocess.run(
            self.command, check=False, input=asked, text=True, capture_output=True, timeout=60
        )
        assert (answer.returncode, answer.stderr) == (0, "")
        return answer.stdout


@pytest.fixture
def wordpress(php: str) -> WordPress:
    place = next((place for place in PLACES if place.exists()), None)
    if place is None:
        pytest.skip("no WordPress on this machine: tools/install_for_tests.sh")
    return WordPress(php, place)


def test_php_finds_no_fault(php: str) -> None:
    answer = subprocess.run([php, "-l", PLUGIN], check=False, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stdout


def test_the_tag_reports_a_view(wordpress: WordPress, page: Page, site: Server, collector: Recorder) -> None:
    options = OPTIONS | {"doorbell_url": collector.address("", "bell.acme.test"), "doorbell_consent": ""}
    site.put_page("/", f"<!doctype html><title>Home</title>{wordpress.ask('head', options)}")
    page.goto(site.address("/", ACME))
    collector.wait_for("pageview")
    assert [(each["s"], each["c"]) for each in collector.envelopes] == [("acme-web", "n")]


def test_the_tag_is_deferred_and_says_the_options(wordpress: WordPress) -> None:
    tag = wordpress.ask("head", OPTIONS)
    assert re.findall(r"<script defer data-site=\"acme-web\" data-consent=\"required\" ", tag)
    assert re.findall(r"src='https://bell\.example\.com/s/v\.js'", tag)


@pytest.mark.parametrize("missing", ["doorbell_url", "doorbell_site"])
def test_without_address_or_key_there_is_no_tag(wordpress: WordPress, missing: str) -> None:
    assert wordpress.ask("head", OPTIONS | {missing: ""}) == ""


def test_people_who_write_the_site_are_not_reported(wordpress: WordPress) -> None:
    assert wordpress.ask("head", OPTIONS, editor=True) == ""


HOSTILE = '"><script>alert(1)</script>'


def test_options_cannot_break_out_of_the_tag(wordpress: WordPress) -> None:
    hostile = {name: value + HOSTILE for name, value in OPTIONS.items()}
    tag = wordpress.ask("head", hostile)
    assert (tag.count("<script"), "alert(1)<" in tag) == (1, False)
    assert 'data-consent="required"' in tag


def test_options_cannot_break_out_of_the_settings_page(wordpress: WordPress) -> None:
    shown = wordpress.ask("page", dict.fromkeys(OPTIONS, HOSTILE), editor=True)
    assert "<script" not in shown
    assert re.findall(r'(?:input|select) id="(\w+)"', shown) == list(OPTIONS)


def test_the_settings_page_is_for_administrators(wordpress: WordPress) -> None:
    assert wordpress.ask("page", OPTIONS) == ""


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (
            ["https://bell.example.com/", "acme-web", "granted"],
            ["https://bell.example.com/", "acme-web", "granted"],
        ),
        ([" javascript:alert(1)", 'acme"><b>', "Granted"], ["", "acmeb", "required"]),
        (["", "", ""], ["", "", "cookieless"]),
    ],
)
def test_what_is_entered_is_cleaned_before_it_is_kept(
    wordpress: WordPress, given: list[str], kept: list[str]
) -> None:
    assert wordpress.ask("kept", dict(zip(OPTIONS, given, strict=True))).split("\n")[:-1] == kept
