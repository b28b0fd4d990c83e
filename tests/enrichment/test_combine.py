"""How evidence adds up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrichment.combine import AGREEMENT_CAP, Stance, combine, find_decisive, find_stance
from enrichment.kinds import Kind
from enrichment.providers.base import Evidence

ACME = Evidence("one", "a", Kind.COMPANY, 0.9, "because", organisation="Acme AB", domains=("acme.test",))
GLOBEX = replace(ACME, source="two", basis="b", organisation="Globex Oy", domains=("globex.test",))
PROVIDER = Evidence("three", "c", Kind.ISP, 0.8, "its name", raw_name="Telia")
SHARED = Evidence("four", "shared", Kind.UNKNOWN, 0.0, "many share it", doubt=0.4)


def test_agreement_raises() -> None:
    row = replace(ACME, weight=0.8)
    assert combine(row, [row, replace(row, basis="b", weight=0.6)]) == pytest.approx(0.92)


def test_conflict_lowers() -> None:
    assert combine(ACME, [ACME, replace(GLOBEX, weight=0.6)]) == pytest.approx(0.9 * 0.8)


def test_a_shared_address_lowers() -> None:
    assert combine(ACME, [ACME, SHARED]) == pytest.approx(0.54)


def test_two_views_of_the_same_data_neither_raise_nor_lower() -> None:
    assert combine(ACME, [ACME, replace(ACME, source="x"), replace(GLOBEX, basis="a")]) == 0.9


def test_the_same_conflict_told_twice_lowers_once() -> None:
    twice = [ACME, GLOBEX, replace(GLOBEX, source="again")]
    assert combine(ACME, twice) == combine(ACME, twice[:2])


@pytest.mark.parametrize("basis", ["admin", "first party"])
def test_an_admins_word_and_a_proof_are_not_lowered(basis: str) -> None:
    row = replace(ACME, basis=basis, weight=0.95)
    assert combine(row, [row, GLOBEX, SHARED]) == 0.95


def test_a_customer_on_a_providers_network_is_no_conflict() -> None:
    assert find_stance(ACME, PROVIDER) is Stance.NEITHER
    assert combine(ACME, [ACME, PROVIDER]) == 0.9


def test_a_company_that_is_overruled_by_a_provider_spoke_against() -> None:
    assert find_stance(PROVIDER, ACME) is Stance.AGAINST


def test_the_same_domain_is_the_same_company_whatever_its_name() -> None:
    assert find_stance(ACME, replace(ACME, basis="b", organisation="Acme Holdings")) is Stance.FOR


def test_a_row_that_knows_nothing_is_neither() -> None:
    assert find_stance(ACME, replace(SHARED, doubt=0.0)) is Stance.NEITHER
    assert find_decisive([SHARED]) is None


rows = st.builds(
    Evidence,
    source=st.just("s"),
    basis=st.sampled_from("abcdef"),
    kind=st.sampled_from([Kind.COMPANY, Kind.ISP, Kind.UNKNOWN, Kind.EDUCATION]),
    weight=st.floats(0, 0.95),
    why=st.just(""),
    organisation=st.sampled_from(["Acme AB", "Globex Oy", ""]),
    doubt=st.sampled_from([0.0, 0.2, 0.4]),
)


@given(st.lists(rows, min_size=1, max_size=8))
def test_a_confidence_is_never_out_of_bounds(evidence: list[Evidence]) -> None:
    decisive = find_decisive(evidence)
    if decisive is not None:
        assert 0 <= combine(decisive, evidence) <= max(AGREEMENT_CAP, decisive.weight)
