from __future__ import annotations

import pytest

from enrichment.classify import classify_name, find_known, has_legal_form, known_organisations
from enrichment.kinds import Kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Handelsbanken Fonder AB", Kind.COMPANY),
        ("Nowhere Savings Bank", Kind.COMPANY),
        ("Springfield Regional Hospital", Kind.COMPANY),
        ("Universitetet i Ingenstans", Kind.EDUCATION),
        ("Ingenstans kommun", Kind.GOVERNMENT),
        ("Ministry of Silly Walks", Kind.GOVERNMENT),
        ("Ingenstans Bredband AB", Kind.ISP),
        ("Nowhere Telecom Ltd", Kind.ISP),
        ("Nordic Bank Hosting AB", Kind.HOSTING),
        ("Nowhere Cloud GmbH", Kind.HOSTING),
        ("Safe VPN Limited", Kind.VPN),
    ],
)
def test_a_word_in_the_name_says_what_the_holder_is(name: str, kind: Kind) -> None:
    assert classify_name(name).kind is kind


def test_a_provider_word_wins_over_a_business_word() -> None:
    assert classify_name("Insurance Broadband Services Ltd").kind is Kind.ISP


def test_a_legal_form_alone_makes_a_possible_company() -> None:
    judgement = classify_name("Zyxwvu GmbH", "", "DE", 10)
    assert (judgement.kind, judgement.weight) == (Kind.COMPANY, 0.6)


@pytest.mark.parametrize(("country", "size"), [("BR", 10), ("DE", 18)])
def test_a_legal_form_alone_is_not_enough_where_most_are_providers(country: str, size: int) -> None:
    assert classify_name("Zyxwvu AB", "", country, size).kind is Kind.ISP


@pytest.mark.parametrize(("country", "size"), [("SE", 10), ("DE", 14)])
def test_a_legal_form_alone_is_not_named_where_half_are_providers(country: str, size: int) -> None:
    assert classify_name("Zyxwvu AB", "", country, size).kind is Kind.UNKNOWN


def test_a_trade_of_providers_beside_a_legal_form_is_not_named() -> None:
    assert classify_name("Zyxwvu Solutions GmbH", "", "DE", 10).kind is Kind.UNKNOWN


def test_a_person_is_never_a_company() -> None:
    assert classify_name("Jane Doe trading as Doe Metal AB").kind is Kind.UNKNOWN


def test_an_empty_name_says_nothing() -> None:
    assert classify_name("").kind is Kind.UNKNOWN


def test_a_well_known_company_brings_its_domain() -> None:
    assert classify_name("The Boeing Company", "", "US", 21).domains == ("boeing.com",)


def test_size_does_not_make_a_well_known_company_a_provider() -> None:
    assert classify_name("Ford Motor Company", "", "US", 24).kind is Kind.COMPANY


def test_a_longer_beginning_wins_over_a_shorter_one() -> None:
    found = find_known("Volvo Personvagnar Aktiebolag")
    assert found is not None
    assert found.domains == ("volvocars.com",)


def test_a_subsidiary_is_known_by_its_core_name() -> None:
    found = find_known("Securitas Services Sverige AB", "SE")
    assert found is not None
    assert found.domains == ("securitas.com",)


@pytest.mark.parametrize(
    "name", ["Nokia Broadband Ltda", "Puma Internet", "Stripe Hosting", "Bridgewater College"]
)
def test_a_namesake_in_a_providers_trade_is_somebody_else(name: str) -> None:
    assert classify_name(name).kind is not Kind.COMPANY


@pytest.mark.parametrize("name", ["Vispa Steel", "ASML Netherlands B.V.", "Nowhere Automobile Industry"])
def test_a_word_inside_a_word_does_not_make_a_provider(name: str) -> None:
    assert classify_name(name).kind is Kind.COMPANY


@pytest.mark.parametrize("name", ["Nowhere Consulting AB", "Nowhere Software GmbH", "Hotel Nowhere Ltd"])
def test_a_trade_that_providers_share_proves_no_company(name: str) -> None:
    assert classify_name(name).kind is Kind.UNKNOWN


def test_a_postal_address_for_a_name_is_not_a_company() -> None:
    assert classify_name("26th Floor, Insurance Building").kind is Kind.UNKNOWN


def test_a_name_that_others_bear_elsewhere_counts_only_at_home() -> None:
    assert find_known("Target Corporation", "US") is not None
    assert find_known("Target d.o.o.", "HR") is None


@pytest.mark.parametrize(
    "name",
    [
        "Amazon.com, Inc.",
        "Microsoft Corporation",
        "Oracle Corporation",
        "DigitalOcean, LLC",
        "Akamai Technologies",
    ],
)
def test_listed_hosting_companies_are_still_hosting(name: str) -> None:
    assert classify_name(name).kind is Kind.HOSTING


def test_the_end_of_a_handle_says_nothing() -> None:
    assert classify_name("Zyxwvu Brewery", "ZYXNET", "SE", 8).kind is Kind.COMPANY


def test_the_beginning_of_a_handle_gives_a_provider_away() -> None:
    assert classify_name("Zyxwvu AB", "ZYXWVU-BROADBAND", "SE", 8).kind is Kind.ISP


@pytest.mark.parametrize(
    "name", ["Acme AB", "AB Acme", "Acme A/S", "Acme S.p.A.", "Acme, Inc.", "Acme Oyj Abp"]
)
def test_legal_forms_are_recognised(name: str) -> None:
    assert has_legal_form(name)


def test_a_bare_name_has_no_legal_form() -> None:
    assert not has_legal_form("Acme Rockets")


def test_no_provider_in_the_list_of_known_names_has_a_domain() -> None:
    named = {Kind.COMPANY, Kind.EDUCATION, Kind.GOVERNMENT}
    assert [
        name for name, row in known_organisations().items() if row.domains and row.kind not in named
    ] == []
