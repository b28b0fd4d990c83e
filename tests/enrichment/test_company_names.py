"""Two names of one company have one key, and two companies have two."""

from __future__ import annotations

import pytest

from enrichment.company_names import name_key

SAME = [
    ("Acme AB", "ACME"),
    ("AB Volvo", "Volvo AB (publ)"),
    ("Oy Karl Fazer Ab", "Karl Fazer"),
    ("Initech A/S", "Initech AS"),
    ("Göteborgs Spårvägar AB", "GOTEBORGS SPARVAGAR"),
    ("Meyer GmbH & Co. KG", "meyer"),
    ("Procter & Gamble, Inc.", "Procter and Gamble"),
    ("ENI S.p.A.", "Eni SpA"),
    ("CD Projekt Sp. z o.o.", "CD Projekt"),
    ("McDonald's Corp.", "McDonald’s"),
    ("株式会社 トヨタ", "トヨタ"),
    ("Coca-Cola", "Coca Cola"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_that_differ_in_form_only_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(("one", "other"), [("Volvo Cars", "Volvo"), ("SAS AB", "SA AB"), ("AB", "AS")])
def test_names_of_different_companies_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_a_name_of_punctuation_has_no_key() -> None:
    assert name_key("!!! \x00 ---") == ""
