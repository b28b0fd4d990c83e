from __future__ import annotations

from enrichment.candidates import candidate_domains


def test_words_country_and_handle_give_candidates() -> None:
    found = candidate_domains("Alfa Laval Technologies AB", "SE", "SE-ALFAL-AS")
    assert {"alfalavaltechnologies.com", "alfa.se", "alfal.com", "alfal.se"} <= set(found)


def test_there_are_never_more_than_eight() -> None:
    assert len(candidate_domains("One Two Three Four Five AB", "SE", "SOMETHING-AS")) == 8


def test_a_name_of_nothing_but_signs_gives_none() -> None:
    assert candidate_domains("...", "SE") == ()


def test_a_country_with_its_own_second_level_uses_it() -> None:
    assert "acme.co.uk" in candidate_domains("Acme Ltd", "GB")
