"""The chain with the embedded data alone, and with made-up evidence."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import replace

import pytest

from bench.identify import count_matched, find_domain
from enrichment.chain import Identified, identify_address, weigh
from enrichment.kinds import Kind
from enrichment.providers import Provider
from enrichment.providers.base import Evidence
from tests.enrichment.conftest import SHARED_DATA

Providers = tuple[Provider, ...]

SAYS_ACME = Evidence("one", "a", Kind.COMPANY, 0.8, "because", organisation="Acme AB", country="SE")


def test_saab_is_found_right_after_installation(providers: Providers) -> None:
    found = identify_address("148.2.71.144", providers)
    assert (found.kind, found.company, found.domain) == (Kind.COMPANY, "Saab AB", "saab.com")


@pytest.mark.parametrize("address", ["2.248.35.152", "83.248.186.154", "2001:998:2000::7d52", "96.64.36.201"])
def test_an_internet_provider_is_never_named(providers: Providers, address: str) -> None:
    found = identify_address(address, providers)
    assert (found.kind, found.company, found.domain, found.candidates) == (Kind.ISP, "", "", ())


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "127.0.0.1", "fe80::1", "2001:db8::1", "224.0.0.1", "100.64.0.1"]
)
def test_a_reserved_address_is_nobody(providers: Providers, address: str) -> None:
    found = identify_address(address, providers)
    assert (found.kind, len(found.evidence)) == (Kind.RESERVED, 1)


@pytest.mark.parametrize("address", ["::ffff:148.2.71.144", "2002:9402:4790::1", "64:ff9b::9402:4790"])
def test_an_ipv4_address_inside_an_ipv6_one_is_taken_out(providers: Providers, address: str) -> None:
    assert identify_address(address, providers).company == "Saab AB"


@pytest.mark.parametrize("text", ["", "acme.test", "1.2.3", "1.2.3.4.5", "999.1.1.1", "1.2.3.4/24", "\x00"])
def test_what_is_no_address_is_an_error(providers: Providers, text: str) -> None:
    with pytest.raises(ValueError):
        identify_address(text, providers)


def test_the_first_that_knows_decides() -> None:
    hosting = Evidence("two", "b", Kind.HOSTING, 0.9, "a list")
    assert weigh("192.0.2.1", [hosting, SAYS_ACME]).kind is Kind.HOSTING


def test_two_sources_that_agree_raise_the_confidence() -> None:
    other = replace(SAYS_ACME, source="two", basis="b", weight=0.6, organisation="ACME Aktiebolag")
    assert weigh("192.0.2.1", [SAYS_ACME, other]).confidence == pytest.approx(0.92)


def test_two_views_of_the_same_data_do_not_confirm_each_other() -> None:
    other = replace(SAYS_ACME, source="two", weight=0.6)
    assert weigh("192.0.2.1", [SAYS_ACME, other]).confidence == 0.8


def test_agreement_never_becomes_certainty() -> None:
    rows = [replace(SAYS_ACME, basis=str(number), weight=0.9) for number in range(9)]
    assert weigh("192.0.2.1", rows).confidence == 0.97


def test_sources_that_disagree_lower_the_confidence() -> None:
    other = replace(SAYS_ACME, basis="b", weight=0.6, organisation="Globex Oy")
    assert weigh("192.0.2.1", [SAYS_ACME, other]).confidence == pytest.approx(0.64)


def test_the_answer_lists_what_spoke_for_and_against() -> None:
    rows = [
        SAYS_ACME,
        replace(SAYS_ACME, basis="b", organisation="ACME"),
        replace(SAYS_ACME, basis="c", organisation="Globex Oy"),
        Evidence("place", "d", Kind.UNKNOWN, 0.0, "used in Sweden"),
    ]
    stances = [row["stance"] for row in weigh("192.0.2.1", rows).evidence_json()]
    assert stances == ["for", "for", "against", ""]


def test_a_company_without_a_known_domain_gets_candidates_only() -> None:
    found = weigh("192.0.2.1", [SAYS_ACME])
    assert (found.domain, "acme.se" in found.candidates) == ("", True)


def test_a_company_kind_without_any_name_stays_unknown() -> None:
    found = weigh("192.0.2.1", [replace(SAYS_ACME, organisation="")])
    assert (found.kind, found.confidence) == (Kind.UNKNOWN, 0.0)


def test_no_evidence_is_unknown() -> None:
    assert weigh("192.0.2.1", []).kind is Kind.UNKNOWN


def test_the_json_has_exactly_the_promised_fields(providers: Providers) -> None:
    line = json.loads(json.dumps(identify_address("148.2.71.144", providers).as_json()))
    fields = {"address", "kind", "company", "domain", "candidates", "confidence", "evidence"}
    assert set(line) == fields


def test_the_json_names_nobody_who_is_not_a_company(providers: Providers) -> None:
    line = identify_address("2.248.35.152", providers).as_json()
    assert (line["company"], line["domain"], line["candidates"]) == (None, None, [])


@pytest.fixture(scope="module")
def checked() -> list[dict[str, str]]:
    path = SHARED_DATA / "identify_dev.csv"
    if not path.exists():
        pytest.skip(f"the rows to check against are not at {path}")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_companies_of_the_checked_rows_are_named(providers: Providers, checked: list[dict[str, str]]) -> None:
    rows = [row for row in checked if row["expect_kind"] == "company"]
    named = [row for row in rows if identify_address(row["ip"], providers).kind is Kind.COMPANY]
    assert len(named) >= 0.95 * len(rows)


def test_others_of_the_checked_rows_are_not_called_companies(
    providers: Providers, checked: list[dict[str, str]]
) -> None:
    others = [row for row in checked if row["expect_kind"] != "company"]
    assert [row["ip"] for row in others if identify_address(row["ip"], providers).kind is Kind.COMPANY] == []


def test_asserted_domains_of_the_checked_rows_are_right(
    providers: Providers, checked: list[dict[str, str]]
) -> None:
    counts = Counter[str]()
    for row in checked:
        domain = identify_address(row["ip"], providers).domain
        if domain and row["expect_domain"]:
            counts["right" if domain in row["expect_domain"].split("|") else "wrong"] += 1
    assert counts["wrong"] <= 0.05 * counts["right"]


def test_domains_of_the_checked_rows_are_found_among_known_companies(providers: Providers) -> None:
    path = SHARED_DATA / "identify_dev.csv"
    if not path.exists():
        pytest.skip(f"the rows to check against are not at {path}")
    right, asked = count_matched(path, providers)
    assert right >= 0.95 * asked


def test_a_guess_counts_only_when_it_is_known() -> None:
    found = Identified("192.0.2.1", Kind.COMPANY, "Acme", candidates=("acme.com", "acme.se", "acme.org"))
    assert find_domain(found, {"acme.org", "acme.se"}) == "acme.se"
    assert find_domain(found, {"other.com"}) == ""
    assert find_domain(replace(found, domain="acme.test"), {"acme.se"}) == "acme.test"
