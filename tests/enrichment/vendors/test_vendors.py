"""Each vendor against a far end that answers as its public documents say."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from enrichment.kinds import Kind
from enrichment.vendors import REGISTRIES, VENDORS, make_vendor, vendor_class
from enrichment.vendors.bands import read_band
from enrichment.vendors.base import Answer, AuthError, Found, NotFound, Quota, Retry, Vendor
from tests.conftest import make_settings
from tests.fakes import server
from tests.fakes.vendors import ADDRESS, FAR_VENDORS, KEY, FakeVendor, FarVendor

IP = ipaddress.ip_address(ADDRESS)
IP6 = ipaddress.ip_address("2001:67c:2e8::1")


@pytest.fixture(params=FAR_VENDORS, ids=lambda far: far.kind)
def far(request: pytest.FixtureRequest) -> Iterator[FakeVendor]:
    with FakeVendor(request.param) as fake:
        yield fake


@pytest.fixture
def vendor(far: FakeVendor, tmp_path: Path) -> Vendor:
    return make_vendor(far.far.kind, far.values, make_settings(tmp_path, "unused"))


def answer_to(far: FakeVendor, vendor: Vendor, status: int, body: str = "{}", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    far.answers = [server.Answer(status, body, named)]
    return vendor.lookup(IP)


def test_every_vendor_is_tested() -> None:
    assert {far.kind for far in FAR_VENDORS} == set(VENDORS) - REGISTRIES


def test_a_company_is_found(far: FakeVendor, vendor: Vendor) -> None:
    found = vendor.lookup(IP)
    assert isinstance(found, Found) and found.is_company
    assert (found.organisation, found.domain) == ("Nordlund Industri AB", "nordlund.se")
    assert 0.5 <= found.confidence <= 0.9


def test_it_is_asked_as_its_documents_say(far: FakeVendor, vendor: Vendor) -> None:
    vendor.lookup(IP)
    [received] = far.received
    assert received.method == far.far.method
    assert received.path == far.far.path.replace("{ip}", ADDRESS)
    assert not far.far.header or received.headers[far.far.header] == far.far.login


def test_a_provider_is_never_a_company(far: FakeVendor, vendor: Vendor) -> None:
    if far.far.provider is None:
        answer = answer_to(far, vendor, 404)
    else:
        answer = answer_to(far, vendor, 200, json.dumps(far.far.provider))
    assert isinstance(answer, NotFound) or (isinstance(answer, Found) and not answer.is_company)


@pytest.mark.parametrize("status", [204, 404])
def test_nothing_known_is_not_an_error(far: FakeVendor, vendor: Vendor, status: int) -> None:
    assert answer_to(far, vendor, status, "") == NotFound()


def test_a_queued_address_is_asked_again_soon(far: FakeVendor, vendor: Vendor) -> None:
    answer = answer_to(far, vendor, 202, json.dumps({"message": "Queued"}))
    assert isinstance(answer, Retry) and answer.queued and answer.after <= 60


def test_the_far_end_says_when_to_come_back(far: FakeVendor, vendor: Vendor) -> None:
    answer = answer_to(far, vendor, 429, json.dumps({"message": "Too Many Attempts."}), Retry_After="120")
    assert isinstance(answer, Quota) and answer.after == 120


def test_too_many_requests_without_a_time_waits_too(far: FakeVendor, vendor: Vendor) -> None:
    answer = answer_to(far, vendor, 429)
    assert isinstance(answer, Quota) and answer.after


def test_a_used_up_quota_is_no_wrong_key(far: FakeVendor, vendor: Vendor) -> None:
    assert isinstance(answer_to(far, vendor, 402, json.dumps({"code": "OUT_OF_QUERIES"})), Quota)


def test_a_403_is_a_quota_only_where_the_documents_say_so(far: FakeVendor, vendor: Vendor) -> None:
    answer = answer_to(far, vendor, 403, json.dumps({"message": "You have exceeded your allowed quota."}))
    assert isinstance(answer, Quota if far.far.kind in ("snitcher", "ipdata") else AuthError)


def test_a_wrong_key_is_told_without_the_key(far: FakeVendor, vendor: Vendor) -> None:
    answer = answer_to(far, vendor, 401, json.dumps({"error": f"no such key: {KEY}"}))
    assert isinstance(answer, AuthError)
    assert KEY not in answer.reason


@pytest.mark.parametrize("body", ["", "<html>", "[]", "null", '{"company": [1]', '"text"', "\x00"])
def test_garbage_is_trouble_and_nothing_else(far: FakeVendor, vendor: Vendor, body: str) -> None:
    answer = answer_to(far, vendor, 200, body)
    assert isinstance(answer, Retry) and not answer.queued


@pytest.mark.parametrize("body", ["{}", '{"company": [], "traits": 7, "data": "x", "type": 3, "name": {}}'])
def test_an_answer_of_another_shape_names_nobody(far: FakeVendor, vendor: Vendor, body: str) -> None:
    answer = answer_to(far, vendor, 200, body)
    assert isinstance(answer, NotFound) or (isinstance(answer, Found) and not answer.is_company)


def test_an_address_it_does_not_take_is_not_found(far: FakeVendor, vendor: Vendor) -> None:
    assert answer_to(far, vendor, 400, json.dumps({"code": "IP_ADDRESS_RESERVED"})) == NotFound()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_trouble_at_the_far_end_is_tried_again(far: FakeVendor, vendor: Vendor, status: int) -> None:
    assert isinstance(answer_to(far, vendor, status), Retry)


def test_a_broken_connection_is_tried_again(far: FakeVendor, vendor: Vendor) -> None:
    far.answers = [server.Answer(reset=True)]
    answer = vendor.lookup(IP)
    assert isinstance(answer, Retry)
    assert KEY not in answer.reason


def test_a_vendor_that_does_not_answer_in_time_is_tried_again(
    far: FakeVendor, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.outbound.TIMEOUT", (1.0, 0.05))
    far.hold.clear()
    answer = vendor.lookup(IP)
    far.hold.set()
    assert isinstance(answer, Retry)


def test_only_vendors_that_know_ipv6_are_asked_about_it(far: FakeVendor, vendor: Vendor) -> None:
    vendor.lookup(IP6)
    assert len(far.received) == (1 if vendor.knows_ipv6 else 0)


@pytest.mark.parametrize("kind", sorted(set(VENDORS) - REGISTRIES))
def test_a_key_is_needed_and_a_secret(kind: str, tmp_path: Path) -> None:
    found = vendor_class(kind)
    assert "key" in dict(found.check({}, make_settings(tmp_path, "unused")))
    assert next(field for field in found.fields if field.name == "key").secret


def test_an_inner_address_is_refused_as_a_vendors_place(tmp_path: Path) -> None:
    strict = make_settings(tmp_path, "unused", allow_private_outbound=False)
    errors = vendor_class("snitcher").check({"key": KEY, "url": "https://10.0.0.1/{ip}"}, strict)
    assert [name for name, _ in errors] == ["url"]


def far_of(kind: str) -> FarVendor:
    return next(far for far in FAR_VENDORS if far.kind == kind)


def test_the_profile_comes_with_currency_year_and_nace_where_the_vendor_gives_them(tmp_path: Path) -> None:
    with FakeVendor(far_of("albacross")) as far:
        found = make_vendor("albacross", far.values, make_settings(tmp_path, "unused")).lookup(IP)
    assert isinstance(found, Found)
    assert found.profile == {
        "employees": [201, 500],
        "revenue": [480000000, 480000000, "SEK", 2024],
        "nace": ["25.62", "Machining"],
        "city": "Borås",
        "linkedin": "https://www.linkedin.com/company/nordlund",
        "registration_number": "556012-5790",
    }


def test_a_name_our_own_data_knows_as_a_provider_is_not_taken_from_a_vendor(tmp_path: Path) -> None:
    with FakeVendor(far_of("ipinfo_company")) as far:
        vendor = make_vendor("ipinfo_company", far.values, make_settings(tmp_path, "unused"))
        body = json.dumps({"name": "Telia Sverige AB", "domain": "telia.se", "type": "business"})
        answer = answer_to(far, vendor, 200, body)
    assert isinstance(answer, Found) and answer.kind is Kind.ISP


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("2-10 employees", [2, 10]),
        ("10001+", [10001, None]),
        ("1,001-5,000", [1001, 5000]),
        ("57 000", [57000, 57000]),
        ("$10M-$50M", [10_000_000, 50_000_000]),
        ("many", None),
        ("9" * 40, None),
    ],
)
def test_a_band_is_read_as_it_is_written(text: str, band: list[int | None] | None) -> None:
    assert read_band(text) == band
