"""Broken rows of the reviewed data are refused."""

from __future__ import annotations

import pytest

from tools.check_reviews import Row, find_faults

KNOWN = {10, 20, 30}


def review(**changes: str) -> Row:
    row = {"asn": "10", "kind": "company", "organisation": "Acme AB", "domains": "acme.com|acme.se"}
    return row | {"country": "SE", "reviewed": "2026-11-21", "basis": "known organisation"} | changes


def test_a_good_row_has_no_fault() -> None:
    assert list(find_faults([review()], KNOWN)) == []


def test_a_name_and_a_country_may_be_left_out() -> None:
    assert list(find_faults([review(organisation="", country="", domains="")], KNOWN)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asn": "AS10"}, "the number is not one"),
        ({"asn": "40"}, "no network is announced by this number"),
        ({"kind": "firm", "domains": ""}, "the kind is none of"),
        ({"kind": "bot", "domains": ""}, "the kind is none of"),
        ({"kind": "isp"}, "only companies, schools and authorities have domains"),
        ({"domains": "acme"}, "a domain is not one that can be registered"),
        ({"domains": "www.acme.com"}, "a domain is not one that can be registered"),
        ({"domains": "acme.com|"}, "a domain is not one that can be registered"),
        ({"domains": "acme.com|acme.com"}, "a domain stands there twice"),
        ({"reviewed": "21/11/2026"}, "the date is not of the form"),
        ({"reviewed": "2026-02-30"}, "the date is not of the form"),
        ({"country": "Sweden"}, "the country is not two capital letters"),
        ({"basis": "I think so"}, "the basis is none of"),
        ({"organisation": "Acme  AB"}, "there are stray or invisible signs"),
        ({"organisation": "Acme\u200bAB"}, "there are stray or invisible signs"),
    ],
)
def test_a_broken_row_is_refused(changes: dict[str, str], words: str) -> None:
    faults = list(find_faults([review(**changes)], KNOWN))
    assert len(faults) == 1
    assert words in faults[0]


def test_a_row_without_all_columns_is_refused() -> None:
    row = review()
    del row["basis"]
    assert "the columns are not" in next(iter(find_faults([row], KNOWN)))


def test_a_number_that_stands_there_twice_is_refused() -> None:
    assert list(find_faults([review(), review()], KNOWN)) == ["AS10: it stands there twice"]


def test_rows_out_of_order_are_refused() -> None:
    faults = list(find_faults([review(asn="20"), review(asn="10")], KNOWN))
    assert faults == ["AS10: it stands after AS20; the rows are sorted by number"]
