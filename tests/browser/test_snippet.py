"""The built snippet in a real Chromium, judged by what arrives at a real server."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.recorder import STATIC, Answer, Recorder, Server
from tests.browser.snippet import ACME, BACK, SETTLED, Open, call, drain, paths, storage
from tracker.protocol import Arrival, parse_request

# Page views


def test_a_page_is_reported_once_with_address_referrer_and_title(
    page: Page, site: Server, collector: Recorder
) -> None:
    link = site.address("/pricing", ACME)
    site.put_page("/pricing", f"<!doctype html><title>Pricing</title>{collector.tag()}")
    site.put_page("/", f'<!doctype html><a href="{link}">Pricing</a>')
    page.goto(site.address("/", "www.partner.test"))
    page.click("a")
    [view] = collector.wait_for("pageview")
    assert (view["u"], view["ti"], view["k"]) == (link, "Pricing", 0)
    assert view["r"] == site.address("/", "www.partner.test")
    assert 4 <= len(view["pv"]) <= 16 and 1 <= len(view["id"]) <= 64


def test_the_envelope_follows_the_protocol(open_page: Open, collector: Recorder) -> None:
    open_page()
    [view] = collector.wait_for("pageview")
    [envelope] = collector.envelopes
    assert envelope | {"at": 0, "b": []} == {
        "s": "acme-web", "v": 1, "at": 0, "c": "n", "w": 1280, "z": "en-GB", "wd": 1, "b": []
    }  # fmt: skip
    assert 0 <= envelope["at"] - view["t"] < 1000
    assert len(collector.posts[0].body) <= 350


@pytest.mark.parametrize("mode", ["cookieless", "granted"])
def test_the_collector_refuses_nothing_of_what_is_sent(
    open_page: Open, site: Server, collector: Recorder, now: datetime, mode: str
) -> None:
    page = open_page(attributes=f"data-consent={mode}", body='<a href="/prices.pdf">x</a>')
    call(page, "identify", {"email": "eva@acme.test"})
    call(page, "track", "asked", {"seats": 3, "plan": "pro", "new": True})
    # A step to another page before the view has settled would count as a redirect.
    collector.wait_for("pageview")
    page.evaluate("() => history.pushState({}, '', '/b')")
    collector.wait_for("engagement")
    page.click("a")
    collector.wait_for("download")
    accepted = [parse_request(post.body, Arrival(now, "192.0.2.1")) for post in collector.posts]
    assert [each.rejected for each in accepted] == [()] * len(accepted)
    assert [hit.name for each in accepted for hit in each.envelope.hits] == [
        hit["n"] for hit in collector.hits()
    ]


def test_a_view_costs_one_script_and_one_plain_request(open_page: Open, collector: Recorder) -> None:
    page = open_page()
    drain(page, collector)
    asked = [(request.method, request.path) for request in collector.received]
    assert asked == [("GET", "/s/v.js"), ("POST", "/s/e"), ("POST", "/s/e")]
    assert collector.posts[0].headers["content-type"] == "text/plain;charset=UTF-8"


def test_push_and_back_report_one_view_each(open_page: Open, collector: Recorder) -> None:
    page = open_page("/a")
    collector.wait_for("pageview")
    page.evaluate("() => history.pushState({}, '', '/b')")
    collector.wait_for("pageview", 2)
    page.evaluate(BACK)
    collector.wait_for("pageview", 3)
    drain(page, collector)
    assert paths(collector) == ["/a", "/b", "/a"]


def test_a_redirect_of_the_router_reports_only_where_it_rests(open_page: Open, collector: Recorder) -> None:
    page = open_page("/a")
    collector.wait_for("pageview")
    page.evaluate("() => { history.pushState({}, '', '/old'); history.replaceState({}, '', '/contact') }")
    _, view = collector.wait_for("pageview", 2)
    drain(page, collector)
    assert paths(collector) == ["/a", "/contact"]
    assert view["r"].endswith("/a")


def test_an_app_that_redirects_at_its_start_reports_only_where_it_rests(
    page: Page, site: Server, collector: Recorder
) -> None:
    app = "setTimeout(() => history.replaceState({}, '', '/en'), 5)"
    site.pages["/app.js"] = Answer(200, {"Content-Type": "text/javascript"}, app.encode())
    site.put_page("/", f'<!doctype html>{collector.tag()}<script defer src="/app.js"></script>')
    page.goto(site.address("/"))
    drain(page, collector)
    assert paths(collector) == ["/en"]


def test_a_script_that_hangs_does_not_hold_up_the_view(page: Page, site: Server, collector: Recorder) -> None:
    collector.gate.clear()
    hanging = f'<script defer src="{collector.address("/held")}"></script>'
    site.put_page("/", f"<!doctype html>{collector.tag()}{hanging}")
    page.goto(site.address("/"), wait_until="commit")
    collector.wait_for("pageview")
    assert page.evaluate("document.readyState") == "interactive"


def test_a_filter_in_the_query_is_no_new_page(open_page: Open, collector: Recorder) -> None:
    page = open_page("/list")
    page.evaluate("() => history.replaceState({}, '', '/list?colour=red')")
    drain(page, collector)
    assert paths(collector) == ["/list"]


@pytest.mark.parametrize(
    ("attributes", "addresses"), [("", ["/app"]), ("data-hash", ["/app", "/app#/prices"])]
)
def test_a_fragment_is_a_page_only_when_the_site_says_so(
    open_page: Open, collector: Recorder, attributes: str, addresses: list[str]
) -> None:
    page = open_page("/app", attributes=attributes)
    collector.wait_for("pageview")
    page.evaluate("() => { location.hash = '#/prices?token=secret' }")
    drain(page, collector)
    assert paths(collector) == addresses


def test_a_page_from_the_page_cache_is_a_new_view(open_page: Open, site: Server, collector: Recorder) -> None:
    site.put_page("/next", "<!doctype html><title>Next</title>")
    page = open_page()
    [first] = collector.wait_for("pageview")
    page.evaluate("() => { addEventListener('pageshow', shown => { window.cached = shown.persisted }) }")
    page.goto(site.address("/next", ACME))
    page.evaluate(BACK)
    page.wait_for_function("() => window.cached")
    _, second = collector.wait_for("pageview", 2)
    assert second["u"] == first["u"] and second["pv"] != first["pv"] and second["r"] == ""


def test_a_page_in_a_background_tab_waits_until_it_is_seen(open_page: Open, collector: Recorder) -> None:
    hide = "Object.defineProperty(document, 'hidden', {get: () => !window.shown})"
    page = open_page(head=f"<script>{hide}</script>")
    page.evaluate(SETTLED)
    assert collector.posts == []
    page.evaluate("() => { window.shown = true; dispatchEvent(new Event('visibilitychange')) }")
    assert len(collector.wait_for("pageview")) == 1


def test_the_snippet_on_a_page_twice_reports_one_view(open_page: Open, collector: Recorder) -> None:
    page = open_page(body=collector.tag())
    drain(page, collector)
    assert len(collector.hits("pageview")) == 1


# Calls


def test_calls_before_the_script_keep_their_order_after_the_view(
    open_page: Open, collector: Recorder
) -> None:
    stub = "window.doorbell=window.doorbell||function(){(doorbell.q=doorbell.q||[]).push(arguments)};"
    calls = "doorbell('identify',{email:'eva@acme.test'});doorbell('track','demo asked',{seats:3})"
    open_page(head=f"<script>{stub}{calls}</script>")
    collector.wait_for("demo asked")
    hits = collector.hits()
    assert [hit["n"] for hit in hits] == ["pageview", "identify", "demo asked"]
    assert {hit["pv"] for hit in hits} == {hits[0]["pv"]}
    assert [hit.get("p") for hit in hits] == [None, {"email": "eva@acme.test"}, {"seats": 3}]


def test_identify_works_without_consent_and_names_the_page_view(open_page: Open, collector: Recorder) -> None:
    page = open_page()
    call(page, "identify", {"email": "eva@acme.test", "ts": 1763735400, "sig": "ab12"})
    [hit] = collector.wait_for("identify")
    assert hit["p"] == {"email": "eva@acme.test", "ts": 1763735400, "sig": "ab12"}
    assert hit["pv"] == collector.hits("pageview")[0]["pv"]
    assert {envelope["c"] for envelope in collector.envelopes} == {"n"}


def test_a_call_just_before_the_page_is_left_arrives_with_its_view(
    open_page: Open, site: Server, collector: Recorder
) -> None:
    after = site.put_page("/thanks", "<!doctype html><title>Thanks</title>")
    leave = (
        f"<script defer>onload = () => {{ doorbell('track', 'sent'); location.href = '{after}' }}</script>"
    )
    open_page(body=leave)
    collector.wait_for("sent")
    assert [hit["n"] for hit in collector.hits()][:2] == ["pageview", "sent"]


def test_a_call_that_is_not_understood_is_told_in_the_console(open_page: Open, collector: Recorder) -> None:
    page = open_page()
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    call(page, "trak", "typing error")
    drain(page, collector)
    assert messages == ["doorbell: not understood trak typing error"]


# Attention


def test_leaving_reports_engaged_time_and_scroll_depth(
    open_page: Open, site: Server, collector: Recorder
) -> None:
    after = site.put_page("/next", "<!doctype html><title>Next</title>")
    page = open_page(body='<div style="height: 2880px"></div>', head="<style>body{margin:0}</style>")
    [view] = collector.wait_for("pageview")
    page.evaluate("() => { window.from = performance.now(); scrollTo(0, 720) }")
    page.wait_for_function("() => performance.now() - window.from > 1000")
    page.goto(after)
    [hit] = collector.wait_for("engagement")
    assert 1000 <= hit["e"] < 3000
    assert (hit["sd"], hit["pv"], hit["u"]) == (50, view["pv"], view["u"])


def test_a_step_in_an_app_closes_the_page_before_it(open_page: Open, collector: Recorder) -> None:
    page = open_page("/a")
    [view] = collector.wait_for("pageview")
    page.evaluate("() => history.pushState({}, '', '/b')")
    [hit] = collector.wait_for("engagement")
    assert hit["u"].endswith("/a") and hit["pv"] == view["pv"]


@pytest.mark.parametrize("way", ["link", "form", "close"])
def test_however_the_page_is_left_the_last_report_arrives(
    open_page: Open, site: Server, collector: Recorder, way: str
) -> None:
    after = site.put_page("/next", "<!doctype html><title>Next</title>")
    page = open_page(
        body=f'<a href="{after}">x</a><form method=post action="{after}"><button>y</button></form>'
    )
    [view] = collector.wait_for("pageview")
    if way == "close":
        page.close()
    else:
        page.click({"link": "a", "form": "button"}[way])
    [hit] = collector.wait_for("engagement")
    assert hit["pv"] == view["pv"]


def test_the_clock_stands_still_while_another_window_has_the_focus(
    open_page: Open, site: Server, collector: Recorder
) -> None:
    page = open_page()
    collector.wait_for("pageview")
    page.evaluate("() => { window.from = performance.now(); dispatchEvent(new Event('blur')) }")
    [first] = collector.wait_for("engagement")
    page.wait_for_function("() => performance.now() - window.from > 3200")
    page.goto(site.put_page("/next", "<!doctype html><title>Next</title>"))
    page.goto(site.address("/pricing", ACME))
    collector.wait_for("pageview", 2)
    assert collector.hits("engagement") == [first]


def test_content_that_comes_late_counts_in_the_scroll_depth(
    open_page: Open, site: Server, collector: Recorder
) -> None:
    page = open_page(head="<style>body{margin:0}</style>")
    collector.wait_for("pageview")
    page.evaluate(
        "() => { const late = document.createElement('div'); late.style.height = '7200px';"
        " document.body.append(late); scrollTo(0, 1) }"
    )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.goto(site.put_page("/next", "<!doctype html><title>Next</title>"))
    [hit] = collector.wait_for("engagement")
    assert hit["sd"] == 10


# Links


@pytest.mark.parametrize(
    ("body", "name", "url"),
    [
        (
            '<a href="http://www.partner.test/x?token=1"><b>Partner</b></a>',
            "outbound",
            "http://www.partner.test/x",
        ),
        ('<a href="/price-list.pdf?token=1"><b>Prices</b></a>', "download", "/price-list.pdf"),
        (
            '<svg><a href="http://www.partner.test/x"><text y=15><tspan class=b>P</tspan></text></a></svg>',
            "outbound",
            "http://www.partner.test/x",
        ),
    ],
)
@pytest.mark.parametrize("button", ["left", "middle"])
def test_a_followed_link_is_reported_without_its_query(
    open_page: Open, collector: Recorder, body: str, name: str, url: str, button: Any
) -> None:
    page = open_page(body=body)
    collector.wait_for("pageview")
    page.click("b, .b", button=button, no_wait_after=True)
    [hit] = collector.wait_for(name)
    assert hit["p"]["url"].endswith(url)


def test_a_slow_collector_does_not_hold_up_a_link(open_page: Open, site: Server, collector: Recorder) -> None:
    site.put_page("/next", "<!doctype html><title>Next</title>")
    page = open_page(body=f'<a href="{site.address("/next", "www.partner.test")}">Partner</a>')
    collector.wait_for("pageview")
    collector.gate.clear()
    page.click("a")
    page.wait_for_url("**/next")
    collector.gate.set()
    assert collector.wait_for("outbound")


# Secrets


def test_only_listed_parameters_leave_the_page(open_page: Open, collector: Recorder) -> None:
    open_page(
        "/find?pw=hunter2&utm_source=news&colour=red&email=eva@acme.test#access_token=1",
        attributes='data-query="colour"',
    )
    [view] = collector.wait_for("pageview")
    assert view["u"].endswith("/find?utm_source=news&colour=red")


def test_the_referer_header_does_not_tell_what_the_address_hides(
    page: Page, site: Server, collector: Recorder
) -> None:
    # Script, endpoint and page on one host, as behind a customer's proxy.
    collector.put_page("/find", f"<!doctype html>{collector.tag()}")
    page.goto(collector.address("/find?pw=hunter2"))
    collector.wait_for("pageview")
    assert "hunter2" not in str(collector.posts)


# Trouble on the way


@pytest.mark.parametrize("status", [503, 429])
def test_a_refused_view_is_sent_again_as_the_same_hit(
    open_page: Open, collector: Recorder, status: int
) -> None:
    collector.next_answers.append(Answer(status))
    open_page()
    first, second = collector.wait_for("pageview", 2)
    assert (first["id"], first["t"]) == (second["id"], second["t"])


def test_an_answer_that_says_wrong_is_not_asked_again(open_page: Open, collector: Recorder) -> None:
    collector.next_answers.append(Answer(400))
    page = open_page()
    collector.wait_for("pageview")
    drain(page, collector)
    assert [hit["n"] for hit in collector.hits()] == ["pageview", "drained"]


def test_what_happened_offline_arrives_when_the_network_is_back(
    open_page: Open, context: BrowserContext, collector: Recorder
) -> None:
    page = open_page()
    collector.wait_for("pageview")
    context.set_offline(True)
    call(page, "track", "in the tunnel")
    page.evaluate(SETTLED)
    context.set_offline(False)
    assert len(collector.wait_for("in the tunnel")) == 1


# Consent


def test_without_a_word_nothing_is_stored(
    open_page: Open, context: BrowserContext, collector: Recorder
) -> None:
    page = open_page()
    drain(page, collector)
    assert storage(page, context) == []
    assert all("i" not in envelope and "ss" not in envelope for envelope in collector.envelopes)


@pytest.mark.parametrize("word", ["required", "typing-error"])
def test_required_sends_and_stores_nothing_before_consent(
    open_page: Open, context: BrowserContext, collector: Recorder, word: str
) -> None:
    page = open_page(attributes=f"data-consent={word}")
    call(page, "identify", {"email": "eva@acme.test"})
    page.evaluate(SETTLED)
    assert (collector.posts, storage(page, context)) == ([], [])


def test_consent_reports_the_page_and_keeps_one_cookie_for_all_hosts(
    open_page: Open, context: BrowserContext, collector: Recorder
) -> None:
    page = open_page(attributes="data-consent=required")
    call(page, "consent", "y")
    collector.wait_for("pageview")
    [envelope] = collector.envelopes
    [cookie] = context.cookies()
    assert (envelope["c"], cookie["domain"], cookie["sameSite"]) == ("y", ".acme.test", "Lax")
    assert cookie["value"].split(".")[:2] == [envelope["i"], envelope["ss"]]
    assert storage(page, context) == [cookie["name"]]


def test_withdrawn_consent_removes_the_cookie_and_stops_requests(
    open_page: Open, context: BrowserContext, collector: Recorder
) -> None:
    page = open_page(attributes="data-consent=required")
    call(page, "consent", "y")
    collector.wait_for("pageview")
    call(page, "consent", "n")
    call(page, "track", "after no")
    page.evaluate(SETTLED)
    assert (storage(page, context), collector.hits("after no")) == ([], [])


def test_consent_that_was_given_holds_on_the_next_page_and_host(
    open_page: Open, page: Page, site: Server, collector: Recorder
) -> None:
    open_page(attributes="data-consent=required")
    call(page, "consent", "y")
    collector.wait_for("pageview")
    page.goto(site.address("/pricing", "app.acme.test"))
    collector.wait_for("pageview", 2)
    assert len({(envelope["i"], envelope["ss"]) for envelope in collector.envelopes}) == 1


def test_a_consent_tool_that_answers_before_the_script_gives_one_view(
    open_page: Open, collector: Recorder
) -> None:
    stub = "window.doorbell=function(){(doorbell.q=doorbell.q||[]).push(arguments)};doorbell('consent','y')"
    page = open_page(head=f"<script>{stub}</script>", attributes="data-consent=required")
    drain(page, collector)
    assert [hit["n"] for hit in collector.hits()] == ["pageview", "drained"]
    assert {envelope["c"] for envelope in collector.envelopes} == {"y"}


def test_consent_on_an_open_page_is_told_without_a_second_view(open_page: Open, collector: Recorder) -> None:
    page = open_page()
    collector.wait_for("pageview")
    call(page, "consent", "y")
    [hit] = collector.wait_for("consent")
    drain(page, collector)
    assert hit["p"] == {"choice": "y"}
    assert (len(collector.hits("pageview")), collector.envelopes[-1]["c"]) == (1, "y")


def test_a_no_on_a_site_that_grants_is_remembered(
    open_page: Open, context: BrowserContext, page: Page, collector: Recorder
) -> None:
    open_page(attributes="data-consent=granted")
    collector.wait_for("pageview")
    call(page, "consent", "n")
    open_page(attributes="data-consent=granted")
    collector.wait_for("pageview", 2)
    assert [envelope["c"] for envelope in collector.envelopes if envelope["b"][0]["n"] == "pageview"] == [
        "y",
        "n",
    ]
    assert context.cookies() == []


def test_a_no_in_one_tab_holds_in_the_others(
    open_page: Open, context: BrowserContext, collector: Recorder
) -> None:
    page = open_page(attributes="data-consent=granted")
    collector.wait_for("pageview")
    other = context.new_page()
    other.goto(page.url)
    collector.wait_for("pageview", 2)
    call(other, "consent", "n")
    collector.wait_for("consent")
    call(page, "track", "after no")
    collector.wait_for("after no")
    assert (collector.envelopes[-1]["c"], context.cookies()) == ("n", [])


@pytest.mark.parametrize("mode", ["cookieless", "granted", "required"])
def test_global_privacy_control_forces_cookieless(
    open_page: Open, context: BrowserContext, collector: Recorder, mode: str
) -> None:
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true})")
    page = open_page(attributes=f"data-consent={mode}")
    call(page, "consent", "y")
    drain(page, collector)
    assert {envelope["c"] for envelope in collector.envelopes} == {"n"}
    assert (storage(page, context), len(collector.hits("pageview"))) == ([], 1)


# Hostile surroundings


def test_a_strict_content_security_policy_has_nothing_to_complain_about(
    page: Page, site: Server, collector: Recorder
) -> None:
    origin = collector.address("", "bell.acme.test")
    policy = (
        f"default-src 'none'; script-src {origin}; connect-src {origin}; require-trusted-types-for 'script'"
    )
    sri = json.loads((STATIC / "manifest.json").read_text())["sri"]
    tag = collector.tag("bell.acme.test", f'integrity="{sri}" crossorigin="anonymous"')
    site.put_page("/strict", f"<!doctype html><title>Strict</title>{tag}", Content_Security_Policy=policy)
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(site.address("/strict", ACME))
    collector.wait_for("pageview")
    assert [message for message in messages if "Content Security" in message or "Trusted" in message] == []


@pytest.mark.parametrize(
    "trouble",
    [
        "const no = () => { throw Error() }; Object.defineProperty(document, 'cookie', {get: no, set: no})",
        "Object.defineProperty(window, 'localStorage', {get() { throw Error('no') }})",
        "window.fetch = undefined",
        "delete Request.prototype.keepalive",
    ],
)
def test_a_browser_that_forbids_things_sees_no_error(
    open_page: Open, page: Page, collector: Recorder, trouble: str
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_page(head=f"<script>{trouble}</script>", attributes="data-consent=granted")
    collector.wait_for("pageview")
    assert errors == []


def test_a_sandboxed_frame_works_without_storage(open_page: Open, site: Server, collector: Recorder) -> None:
    framed = site.put_page(
        "/framed", f"<!doctype html>{collector.tag('bell.acme.test', 'data-consent=granted')}"
    )
    page = open_page("/frame-holder", attributes="data-consent=required")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.evaluate(
        "url => { const f = document.createElement('iframe'); f.sandbox = 'allow-scripts'; f.src = url; "
        "document.body.append(f) }",
        framed,
    )
    assert len(collector.wait_for("pageview")) == 1
    assert errors == []
