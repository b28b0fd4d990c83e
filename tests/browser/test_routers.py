"""The snippet under React Router and Vue Router, built with vite as a site would."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.recorder import TYPES, Answer, Recorder, Server
from tests.browser.snippet import ACME, BACK, drain, paths

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both built apps."""
    node = shutil.which("node")
    if node is None or not (APPS.parent / "node_modules" / "vite").exists():
        pytest.skip("the apps are not installed: npm ci in tests/browser")
    out = tmp_path_factory.mktemp("apps")
    subprocess.run([node, APPS / "build.mjs", out], check=True, timeout=100)
    return out


@pytest.fixture(params=["react", "vue"])
def app(request: pytest.FixtureRequest, built: Path, page: Page, site: Server, collector: Recorder) -> Page:
    """The app's first page, open and reported."""
    script = (built / request.param / "app.js").read_bytes()
    site.pages["/app.js"] = Answer(200, {"Content-Type": TYPES[".js"]}, script)
    tag = collector.tag("bell.acme.test")
    body = '<div id=app></div><script type=module src="/app.js"></script>'
    site.put_page("/", f"<!doctype html><title>App</title>{tag}<body>{body}")
    page.goto(site.address("/", ACME))
    collector.wait_for("pageview")
    return page


def test_a_link_and_back_are_one_view_each(app: Page, collector: Recorder) -> None:
    app.click("text=/pricing")
    app.wait_for_selector("#pricing")
    collector.wait_for("pageview", 2)
    app.evaluate(BACK)
    app.wait_for_selector("#home")
    drain(app, collector)
    assert paths(collector) == ["/", "/pricing", "/"]


def test_a_redirect_is_one_view_of_where_it_leads(app: Page, collector: Recorder) -> None:
    app.click("text=/old")
    app.wait_for_selector("#contact")
    drain(app, collector)
    assert paths(collector) == ["/", "/contact"]


def test_a_filter_in_the_query_is_no_view(app: Page, collector: Recorder) -> None:
    app.click("button")
    app.wait_for_function("() => location.search == '?colour=red'")
    drain(app, collector)
    assert paths(collector) == ["/"]
