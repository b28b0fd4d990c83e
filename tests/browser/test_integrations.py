"""What is pasted into other systems or imported there works as it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Page

from tests.browser.recorder import TYPES, Answer, Recorder, Server
from tests.browser.snippet import ACME, drain

JS = Path(__file__).parents[2] / "js"
TAG_MANAGER = JS / "integrations" / "google-tag-manager"
EXAMPLE = "https://bell.example.com"


def test_the_tag_for_google_tag_manager_reports_one_view_however_often_it_fires(
    page: Page, site: Server, collector: Recorder
) -> None:
    tag = (TAG_MANAGER / "tag.html").read_text()
    tag = tag.replace(f"{EXAMPLE}/s/v.js", collector.address("/s/v.js"))
    site.put_page("/", f"<!doctype html><title>Home</title><body>{tag}{tag}")
    page.goto(site.address("/"))
    collector.wait_for("pageview")
    drain(page, collector)
    assert len(collector.hits("pageview")) == 1
    assert collector.envelopes[0]["s"] == "YOUR-KEY"


# What Google Tag Manager gives to a template's code, as far as this template may use it.
SANDBOX = """
window.calls = [];
window.run = (code, data, urls, mocks = {}) => {
  const ends = {gtmOnSuccess: () => {}, gtmOnFailure: () => {}};
  const apis = {
    queryPermission: (name, url) => name == 'inject_script' && urls.includes(url),
    setInWindow: (name, value) => { window[name] = value; return true },
    logToConsole: text => console.log(text),
    injectScript: (url, onSuccess, onFailure) => {
      const script = document.createElement('script');
      Object.assign(script, {src: url, async: true, onload: onSuccess, onerror: onFailure});
      document.head.append(script);
    },
  };
  const noted = (all, name) => (...given) => {
    calls.push([name, ...given.filter(each => typeof each != 'function')]);
    return (mocks[name] || all[name])(...given);
  };
  for (const name in ends) data[name] = noted(ends, name);
  new Function('data', 'require', code)(data, name => noted(apis, name));
};
// The words of the template's own tests.
window.scenario = (code, test, urls) => {
  calls.length = 0;
  const mocks = {};
  const of = api => calls.filter(([name]) => name == api);
  const claim = (holds, what) => { if (!holds) throw Error(`${what}: ${JSON.stringify(calls)}`) };
  new Function('mock', 'runCode', 'assertApi', test)(
    (name, does) => { mocks[name] = does },
    data => run(code, data, urls, {injectScript: () => {}, ...mocks}),
    api => ({
      wasCalled: () => claim(of(api).length, api),
      wasNotCalled: () => claim(!of(api).length, api),
      wasCalledWith: (...given) => claim(JSON.stringify(of(api)) == JSON.stringify([[api, ...given]]), api),
    }),
  );
};
"""


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^___(\w+)___$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture
def template(collector: Recorder) -> dict[str, Any]:
    """The template with the address of the collector in the place of the example, as its page says."""
    text = (TAG_MANAGER / "template.tpl").read_text()
    parts = sections(text.replace(EXAMPLE, collector.address("", "bell.acme.test")))
    [inject, *_] = json.loads(parts["WEB_PERMISSIONS"])
    [urls] = [param["value"]["listItem"] for param in inject["instance"]["param"]]
    return parts | {"urls": [url["string"] for url in urls]}


@pytest.mark.parametrize(("consent", "views", "known"), [("cookieless", 1, "n"), ("granted", 1, "y")])
def test_the_template_for_google_tag_manager_reports_one_view_however_often_it_fires(
    page: Page,
    site: Server,
    collector: Recorder,
    template: dict[str, Any],
    consent: str,
    views: int,
    known: str,
) -> None:
    site.put_page("/", f"<!doctype html><title>Home</title><script>{SANDBOX}</script>")
    page.goto(site.address("/", ACME))
    data = {"url": collector.address("", "bell.acme.test"), "site": "acme-web", "consent": consent}
    run = "([code, data, urls]) => run(code, data, urls)"
    for _ in range(2):
        page.evaluate(run, [template["SANDBOXED_JS_FOR_WEB_TEMPLATE"], data, template["urls"]])
    collector.wait_for("pageview")
    drain(page, collector)
    assert len(collector.hits("pageview")) == views
    assert {(each["s"], each["c"]) for each in collector.envelopes} == {("acme-web", known)}
    assert page.evaluate("calls.filter(([name]) => name == 'gtmOnSuccess').length") == 2


def test_the_templates_own_tests_pass(page: Page, site: Server) -> None:
    parts = sections((TAG_MANAGER / "template.tpl").read_text())
    site.put_page("/", f"<!doctype html><script>{SANDBOX}</script>")
    page.goto(site.address("/"))
    scenarios = yaml.safe_load(parts["TESTS"])["scenarios"]
    for each in scenarios:
        page.evaluate(
            "([code, test, urls]) => scenario(code, test, urls)",
            [parts["SANDBOXED_JS_FOR_WEB_TEMPLATE"], each["code"], [f"{EXAMPLE}/s/v.js"]],
        )
    assert len(scenarios) == 4


@pytest.fixture
def module() -> bytes:
    """The npm package's module, built as it is published."""
    node = shutil.which("node")
    if node is None or not (JS / "node_modules").exists():
        pytest.skip("the snippet's tools are not installed: npm ci in js")
    subprocess.run([node, "build.mjs", "--package"], cwd=JS, check=True, timeout=100)
    return (JS / "dist" / "module.js").read_bytes()


def test_the_npm_module_reports_a_view_and_the_calls_before_it(
    page: Page, site: Server, collector: Recorder, module: bytes
) -> None:
    site.pages["/doorbell.js"] = Answer(200, {"Content-Type": TYPES[".js"]}, module)
    options = {"site": "acme-web", "url": collector.address("/s/", "bell.acme.test"), "consent": "granted"}
    code = f"""import {{ init, track }} from "/doorbell.js"
        track("asked", {{ seats: 3 }}); init({json.dumps(options)}); init({json.dumps(options)})"""
    site.put_page("/", f"<!doctype html><title>Home</title><script type=module>{code}</script>")
    page.goto(site.address("/?pw=hunter2", ACME))
    collector.wait_for("asked")
    assert [(hit["n"], hit["u"]) for hit in collector.hits()] == [
        (name, site.address("/", ACME)) for name in ("pageview", "asked")
    ]
    assert [(each["s"], each["c"]) for each in collector.envelopes] == [("acme-web", "y")]
