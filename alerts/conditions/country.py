"""Where the company is, or the address where that is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from alerts import words
from alerts.conditions.base import Check, Condition, Part, any_of, phrases
from alerts.facts import Facts
from alerts.values import ChoicesKind, fold

COUNTRY_CODES = words.country_codes()


def _country(facts: Facts, value: tuple[str, ...]) -> Check:
    of_company = bool(facts.company and facts.company.country)
    code = facts.company.country if facts.company and facts.company.country else facts.visit.country
    name = words.country_name(code, "en") if code else "not known"
    if code in value:
        return Check(True, f"the country is {name}", of_company)
    return Check(False, f"the country is {name}, the rule asks for {any_of(value, _countries)}", of_company)


def _countries(value: Sequence[str], locale: str) -> list[str]:
    return [words.country_name(item, locale) for item in value]


def _country_aliases() -> dict[Any, str]:
    """Names in both languages, and False: YAML reads the bare word NO, Norway, as no."""
    names = {
        fold(words.country_name(code, locale)): code
        for locale in words.LANGUAGES
        for code in words.country_codes()
    }
    return {**names, False: "NO"}


COUNTRY = Condition(
    key="country",
    label={"en": "Country", "sv": "Land"},
    help="The company's country, or that of the address where the company's is not known.",
    kind=ChoicesKind("a country", COUNTRY_CODES, _country_aliases()),
    choices=COUNTRY_CODES,
    part=Part.SUBJECT,
    test=_country,
    show=_countries,
    phrases=phrases(("in {}", "it is in {}"), ("i {}", "det är i {}")),
)
