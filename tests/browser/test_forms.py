"""Forms in a real Chromium: that they were sent, and what may be told about who sent them."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.recorder import Recorder, Server
from tests.browser.snippet import Open, call, drain

CAPTURE = "data-consent=granted data-forms"
# Values that must never leave the page, whatever the page is made like.
SECRETS = {
    "password": "hunter2secret",
    "card": "4111 1111 1111 1111",
    "plain_card": "5500005555555559",
    "personnummer": "850709-9805",
    "hidden": "hidden-secret",
    "message": "message-secret",
    "ignored": "ignored-secret",
    "cardholder": "Cardholder Secret",
}
CONTACT = """
<input name=fullname value="Eva Åkesson"><input name=email type=email value=eva@acme.test>
<input autocomplete=organization value="Acme AB"><input name=phone type=tel value="+46 70 174 06 05">
"""
WITH_SECRETS = f"""
<form id=contact onsubmit="return false">{CONTACT}
<input name=cardnumber value="{SECRETS["card"]}"><input name=company_2 value="{SECRETS["plain_card"]}">
<input name=phone_2 autocomplete=cc-number value="{SECRETS["card"]}">
<input name=telephone_3 value="{SECRETS["card"]}"><input name=card_name value="{SECRETS["cardholder"]}">
<input name=personnummer value="{SECRETS["personnummer"]}">
<input name=tel_home value="{SECRETS["personnummer"]}">
<input type=hidden name=name value="{SECRETS["hidden"]}">
<input style="display:none" name=company value="{SECRETS["hidden"]}">
<textarea name=company>{SECRETS["message"]}</textarea>
<input name=name data-doorbell-ignore value="{SECRETS["ignored"]}">
<div data-doorbell-ignore><input name=company value="{SECRETS["ignored"]}"></div>
<button>Send</button></form>
"""
SIGN_IN = """
<form onsubmit="return false">{contact}<input {password} value="hunter2secret"><button>Go</button></form>
"""


def form_hit(page: Page, collector: Recorder) -> dict[str, Any]:
    collector.wait_for("pageview")
    page.click("button")
    [hit] = collector.wait_for("form")
    return hit


def sent(collector: Recorder) -> str:
    return b" ".join(request.body for request in collector.received).decode()


def test_a_sent_form_is_reported_with_its_id_and_nothing_that_was_typed(
    open_page: Open, collector: Recorder
) -> None:
    hit = form_hit(open_page(body=WITH_SECRETS, attributes="data-consent=granted"), collector)
    assert hit["p"] == {"form": "contact"}
    assert "f" not in hit
    assert "acme.test" not in sent(collector).replace("www.acme.test", "")


def test_with_consent_and_the_switch_the_contact_is_told_and_no_secret(
    open_page: Open, collector: Recorder
) -> None:
    page = open_page(body=WITH_SECRETS, attributes=CAPTURE)
    hit = form_hit(page, collector)
    assert hit["f"] == {
        "name": "Eva Åkesson",
        "email": "eva@acme.test",
        "company": "Acme AB",
        "phone": "+46 70 174 06 05",
    }
    assert [secret for secret in SECRETS.values() if secret in sent(collector)] == []


@pytest.mark.parametrize("mode", ["cookieless", "required"])
def test_without_consent_nothing_typed_is_told(open_page: Open, collector: Recorder, mode: str) -> None:
    page = open_page(body=WITH_SECRETS, attributes=f"data-consent={mode} data-forms")
    page.click("button")
    call(page, "consent", "y")
    drain(page, collector)
    assert [hit.get("f") for hit in collector.hits("form")] in ([], [None])
    assert "eva@" not in sent(collector)


@pytest.mark.parametrize(
    "password",
    ["type=password", "type=text name=password", "type=text autocomplete=current-password", "name=lösenord"],
)
def test_a_form_with_a_password_tells_nothing(open_page: Open, collector: Recorder, password: str) -> None:
    body = SIGN_IN.format(contact=CONTACT, password=password)
    assert form_hit(open_page(body=body, attributes=CAPTURE), collector)["f"] == {}
    assert "eva@" not in sent(collector) and "hunter2" not in sent(collector)


def test_first_and_last_name_make_one_name(open_page: Open, collector: Recorder) -> None:
    fields = '<input name=firstName value=Eva><input autocomplete=family-name name=b value="Åkesson">'
    body = f'<form onsubmit="return false">{fields}<button>x</button></form>'
    assert form_hit(open_page(body=body, attributes=CAPTURE), collector)["f"] == {"name": "Eva Åkesson"}


def test_a_form_marked_to_be_ignored_tells_nothing_typed(open_page: Open, collector: Recorder) -> None:
    body = f'<form data-doorbell-ignore onsubmit="return false">{CONTACT}<button>x</button></form>'
    assert form_hit(open_page(body=body, attributes=CAPTURE), collector)["f"] == {}


@pytest.mark.parametrize(("attribute", "count"), [("", 0), ("novalidate", 1)])
def test_an_invalid_form_counts_only_where_the_page_does_its_own_checks(
    open_page: Open, collector: Recorder, attribute: str, count: int
) -> None:
    body = f'<form {attribute} onsubmit="return false"><input required><button>x</button></form>'
    page = open_page(body=body)
    collector.wait_for("pageview")
    page.click("button")
    page.evaluate(
        "() => document.forms[0].dispatchEvent(new Event('submit', {bubbles: true, cancelable: true}))"
    )
    drain(page, collector)
    assert len(collector.hits("form")) == count * 2


def test_a_form_that_was_added_later_counts(open_page: Open, collector: Recorder) -> None:
    page = open_page()
    collector.wait_for("pageview")
    page.evaluate(
        "() => { document.body.innerHTML = '<form onsubmit=\"return false\"><button>x</button></form>' }"
    )
    page.click("button")
    assert len(collector.wait_for("form")) == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_form_that_leaves_the_page_is_reported_and_its_fields_stay(
    open_page: Open, site: Server, collector: Recorder, method: str
) -> None:
    after = site.put_page("/thanks", f"<!doctype html><title>Thanks</title>{collector.tag()}")
    fields = "<input name=pw value=hunter2secret><input name=q value=message-secret>"
    page = open_page(body=f'<form id=find method={method} action="{after}">{fields}<button>x</button></form>')
    collector.wait_for("pageview")
    page.click("button")
    [hit] = collector.wait_for("form")
    collector.wait_for("pageview", 2)
    assert hit["p"] == {"form": "find"}
    assert "secret" not in sent(collector)
    assert "secret" not in "".join(str(request.headers) for request in collector.received)


def test_a_form_that_a_script_submits_leaves_without_a_report(
    open_page: Open, site: Server, collector: Recorder
) -> None:
    after = site.put_page("/thanks", f"<!doctype html><title>Thanks</title>{collector.tag()}")
    page = open_page(body=f'<form id=find method=post action="{after}"><input name=q value=x></form>')
    collector.wait_for("pageview")
    page.evaluate("() => document.forms[0].submit()")
    collector.wait_for("pageview", 2)
    assert collector.hits("form") == []


@pytest.mark.parametrize(("name", "count"), [("matches", 1), ("id", 1), ("elements", 0)])
def test_a_field_named_like_a_part_of_its_form_throws_nothing(
    open_page: Open, collector: Recorder, name: str, count: int
) -> None:
    page = open_page(
        body=f'<form id=bet onsubmit="return false"><input name={name}><button>x</button></form>',
        attributes=CAPTURE,
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    collector.wait_for("pageview")
    page.click("button")
    drain(page, collector)
    assert [hit["p"] for hit in collector.hits("form")] == [{"form": "bet"}] * count
    assert errors == []
