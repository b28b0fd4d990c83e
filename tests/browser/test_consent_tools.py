"""Consent tools drive the snippet: Google's Consent Mode and the TCF."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import BrowserContext

from tests.browser.recorder import Recorder
from tests.browser.snippet import SETTLED, Open, drain, storage

GTAG = "window.dataLayer=window.dataLayer||[];function gtag(){dataLayer.push(arguments)};"
UPDATE = "gtag('consent','update',{analytics_storage:'%s'})"
DEFAULT = "gtag('consent','default',{analytics_storage:'%s'});"
TCF = """window.listeners=[];window.__tcfapi=(command,version,answer)=>{
  if(command=='addEventListener'&&version==2){listeners.push(answer);if(window.tc)answer(tc,true)}};
window.tell=(one,eight,applies=true)=>{window.tc={gdprApplies:applies,eventStatus:'useractioncomplete',
  purpose:{consents:{1:one,8:eight}}};listeners.forEach(answer=>answer(tc,true))};"""


@pytest.mark.parametrize("early", [True, False])
def test_google_consent_mode_gives_consent_and_one_view(
    open_page: Open, context: BrowserContext, collector: Recorder, early: bool
) -> None:
    script = GTAG + DEFAULT % "denied" + (UPDATE % "granted" if early else "")
    page = open_page(attributes="data-consent=required", head=f"<script>{script}</script>")
    if not early:
        page.evaluate(SETTLED)
        assert (collector.posts, storage(page, context)) == ([], [])
        page.evaluate(UPDATE % "granted")
    drain(page, collector)
    assert len(collector.hits("pageview")) == 1
    assert {envelope["c"] for envelope in collector.envelopes} == {"y"}


def test_google_consent_mode_takes_consent_back(
    open_page: Open, context: BrowserContext, collector: Recorder
) -> None:
    page = open_page(attributes="data-consent=required", head=f"<script>{GTAG}</script>")
    page.evaluate(UPDATE % "granted")
    collector.wait_for("pageview")
    page.evaluate(UPDATE % "denied")
    assert storage(page, context) == []


@pytest.mark.parametrize("entry", ["null", "{event:'x'}", "['consent','update']", "['event','update',{}]"])
def test_other_entries_of_the_data_layer_pass_through(
    open_page: Open, collector: Recorder, entry: str
) -> None:
    page = open_page(attributes="data-consent=required", head=f"<script>{GTAG}</script>")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    assert page.evaluate(f"() => dataLayer.push({entry}, 1)") == 2
    page.evaluate(SETTLED)
    assert (errors, collector.posts) == ([], [])


@pytest.mark.parametrize("early", [True, False])
def test_the_tcf_gives_consent_and_one_view(open_page: Open, collector: Recorder, early: bool) -> None:
    script = TCF + ("tell(true,true)" if early else "")
    page = open_page(attributes="data-consent=required", head=f"<script>{script}</script>")
    if not early:
        page.evaluate(SETTLED)
        page.evaluate("tell(true, true)")
    drain(page, collector)
    assert len(collector.hits("pageview")) == 1
    assert {envelope["c"] for envelope in collector.envelopes} == {"y"}


@pytest.mark.parametrize("told", ["true, false", "false, true", "true, true, false"])
def test_the_tcf_needs_both_purposes_and_a_law_that_applies(
    open_page: Open, collector: Recorder, told: str
) -> None:
    page = open_page(attributes="data-consent=required", head=f"<script>{TCF}</script>")
    page.evaluate(f"tell({told})")
    page.evaluate(SETTLED)
    assert collector.posts == []


def test_a_tool_that_comes_after_the_script_is_heard(open_page: Open, collector: Recorder) -> None:
    late = f"<script>document.addEventListener('DOMContentLoaded',()=>{{{TCF}tell(true,true)}})</script>"
    open_page(attributes="data-consent=required", body=late)
    assert len(collector.wait_for("pageview")) == 1


def test_the_tools_do_not_overrule_global_privacy_control(
    open_page: Open, context: BrowserContext, collector: Recorder
) -> None:
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})")
    page: Any = open_page(head=f"<script>{GTAG}{UPDATE % 'granted'}</script>")
    drain(page, collector)
    assert {envelope["c"] for envelope in collector.envelopes} == {"n"}
    assert storage(page, context) == []
