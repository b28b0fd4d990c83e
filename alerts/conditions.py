"""The table of conditions: one named yes/no test a row, with its value, its test and its words.

A new condition is a new row here (its key is what YAML and the form use), a test and a heading in
docs/rules.md. Every test is pure and gives its reason for yes and for no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alerts import words
from alerts.facts import Facts
from alerts.values import (
    ChoicesKind,
    Kind,
    Often,
    OftenKind,
    PatternsKind,
    ProductsKind,
    Range,
    RangeKind,
    ShareKind,
    TextsKind,
    YesNoKind,
    fold,
)
from alerts.words import Words
from enrichment.kinds import Kind as AddressKind
from enrichment.models import DealState, Stage
from tracker.pages import matches
from tracker.sources import CHANNEL_NAMES


class Part(StrEnum):
    """Where a condition stands in the sentence of a rule."""

    SUBJECT = "subject"
    HAPPENING = "happening"
    GUARD = "guard"


class Source(StrEnum):
    """Where the choices of a condition come from when they are not fixed."""

    PAGE_GROUPS = "page_groups"
    TARGET_LISTS = "target_lists"
    PRODUCTS = "products"


@dataclass(frozen=True, slots=True)
class Check:
    """What one condition said, and why; `of_company` when it rests on which company it is."""

    holds: bool
    reason: str
    of_company: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words of a condition in one language: within the sentence, and as a clause of its own.

    `{}` stands for the value.
    """

    inside: str
    clause: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the table."""

    key: str
    label: Words
    help: str
    kind: Kind
    part: Part
    test: Callable[[Facts, Any], Check]
    phrases: Mapping[str, Phrase]
    show: Callable[[Any, str], list[str]]
    source: Source | None = None
    choices: tuple[str, ...] = field(default=())

    def parse(self, raw: Any) -> Any:
        """The typed value of what stands in YAML; raises ValueError that says what would be right."""
        return self.kind.parse(raw)

    def holds(self, facts: Facts, value: Any) -> Check:
        check = self.test(facts, value)
        return Check(check.holds, check.reason, check.of_company, self.key)

    def choice_label(self, choice: str, locale: str) -> str:
        return self.show((choice,), locale)[0]


def _labels(table: Mapping[str, Words]) -> Callable[[Any, str], list[str]]:
    return lambda value, locale: [words.say(table[item], locale) for item in value]


_stages = _labels(words.STAGES)


def _texts(value: Sequence[str], locale: str) -> list[str]:
    return list(value)


def _groups(value: Sequence[str], locale: str) -> list[str]:
    return [words.group_name(item) for item in value]


def _countries(value: Sequence[str], locale: str) -> list[str]:
    return [words.country_name(item, locale) for item in value]


def _range(value: Range, locale: str) -> list[str]:
    low, high = (words.number(end, locale) if end is not None else "" for end in (value.low, value.high))
    if low and high:
        return [words.say({"en": f"{low} to {high}", "sv": f"{low} till {high}"}, locale)]
    ends = {"en": f"at least {low}", "sv": f"minst {low}"}
    return [words.say(ends if low else {"en": f"at most {high}", "sv": f"högst {high}"}, locale)]


def _often(value: Often, locale: str) -> list[str]:
    return [words.number(value.at_least, locale), words.number(value.days, locale)]


def _share(value: int, locale: str) -> list[str]:
    return [words.per_cent(value, locale)]


def _nothing(value: Any, locale: str) -> list[str]:
    return []


def company_name(facts: Facts) -> str:
    return facts.company.name if facts.company else "the company"


def _any_of(value: Sequence[str], show: Callable[[Any, str], list[str]]) -> str:
    return words.or_list(show(value, "en"), "en")


def _not_known(what: str) -> Check:
    return Check(False, f"the company is not known, so {what}", True)


def _stage(facts: Facts, value: tuple[str, ...]) -> Check:
    by_company = _stage_of_company(facts, value)
    by_contact = _stage_of_contact(facts, value)
    # A company we are not sure of must not stand in the way of a person we know.
    if by_company.holds and by_contact.holds and facts.company and facts.company.confidence < 0.8:
        return by_contact
    return by_contact if by_contact.holds and not by_company.holds else by_company


def _stage_of_company(facts: Facts, value: tuple[str, ...]) -> Check:
    wanted = _any_of(value, _stages)
    if facts.company is None:
        has = (
            f"{facts.contact.email} has {_stage_words(facts.contact.stage)}"
            if facts.contact
            else "no company"
        )
        return Check(False, f"{has}, the rule asks for {wanted}")
    if facts.company.stage in value:
        return Check(True, f"{facts.company.name} is at {_stage_words(facts.company.stage)}", True)
    has = f"{facts.company.name} has {_stage_words(facts.company.stage)}"
    return Check(False, f"{has}, the rule asks for {wanted}", True)


def _stage_of_contact(facts: Facts, value: tuple[str, ...]) -> Check:
    for contact in facts.contacts:
        if contact.stage in value:
            return Check(True, f"{contact.email} ({contact.proof}) is at {_stage_words(contact.stage)}")
    return Check(False, "no contact has such a stage")


def _stage_words(stage: str) -> str:
    return f"stage {words.say(words.STAGES[stage], 'en')}" if stage in words.STAGES else "no stage"


def _page_group(facts: Facts, value: tuple[str, ...]) -> Check:
    group = facts.page.group
    if group and fold(group) in {fold(item) for item in value}:
        return Check(True, f"{facts.page.path} is in {words.group_name(group)}")
    where = f"is in {words.group_name(group)}" if group else "is in no page group"
    return Check(False, f"{facts.page.path} {where}, the rule asks for {_any_of(value, _groups)}")


def _page(facts: Facts, value: tuple[str, ...]) -> Check:
    for pattern in value:
        if matches(pattern, facts.page.url):
            return Check(True, f"{facts.page.path} matches {pattern}")
    return Check(False, f"{facts.page.path} does not match {_any_of(value, _texts)}")


def _target_list(facts: Facts, value: tuple[str, ...]) -> Check:
    if facts.company is None:
        return _not_known("neither are its lists")
    wanted = {fold(item) for item in value}
    for name in facts.company.target_lists:
        if fold(name) in wanted:
            return Check(True, f"{facts.company.name} is on the list {name}", True)
    return Check(False, f"{facts.company.name} is not on the list {_any_of(value, _texts)}", True)


def _deal(facts: Facts, value: tuple[str, ...]) -> Check:
    if facts.company is None:
        return _not_known("neither are its deals")
    for deal in facts.company.deals:
        if deal.state in value:
            return Check(True, f"the deal {deal.name} is {deal.state}", True)
    return Check(False, f"{facts.company.name} has no deal that is {_any_of(value, _texts)}", True)


def _product(facts: Facts, value: tuple[str, ...]) -> Check:
    about = facts.page.products
    if not about:
        return Check(False, f"{facts.page.path} is about no product")
    if value not in (("not_owned",), ("owned",)):
        return _named_product(about, value)
    if facts.company is None:
        return _not_known("neither is what it owns")
    owned = [name for name in about if name in facts.company.owned_products]
    missing = [name for name in about if name not in facts.company.owned_products]
    if value == ("owned",):
        named, word = owned or missing, "owns" if owned else "does not own"
    else:
        named, word = missing or owned, "does not own" if missing else "owns"
    holds = bool(owned if value == ("owned",) else missing)
    return Check(holds, f"the page is about {named[0]}, which {facts.company.name} {word}", True)


def _named_product(about: tuple[str, ...], value: tuple[str, ...]) -> Check:
    wanted = {fold(item) for item in value}
    for name in about:
        if fold(name) in wanted:
            return Check(True, f"the page is about {name}")
    return Check(False, f"the page is about {about[0]}, the rule asks for {_any_of(value, _texts)}")


def _country(facts: Facts, value: tuple[str, ...]) -> Check:
    of_company = bool(facts.company and facts.company.country)
    code = facts.company.country if facts.company and facts.company.country else facts.visit.country
    name = words.country_name(code, "en") if code else "not known"
    if code in value:
        return Check(True, f"the country is {name}", of_company)
    return Check(False, f"the country is {name}, the rule asks for {_any_of(value, _countries)}", of_company)


def _employees(facts: Facts, value: Range) -> Check:
    if facts.company is None:
        return _not_known("neither is its size")
    wanted = _range(value, "en")[0]
    count = facts.company.employees
    if count is None:
        return Check(False, f"the number of employees is not known, the rule asks for {wanted}", True)
    reason = f"{facts.company.name} has {words.number(count, 'en')} employees, the rule asks for {wanted}"
    return Check(value.holds(count), reason, True)


def _traffic_channel(facts: Facts, value: tuple[str, ...]) -> Check:
    channel = facts.visit.traffic_channel
    if fold(channel) in {fold(item) for item in value}:
        return Check(True, f"the visit came by {channel}")
    return Check(False, f"the visit came by {channel}, the rule asks for {_any_of(value, _texts)}")


def _visits(facts: Facts, value: Often) -> Check:
    count = facts.visits.get(value.days, 0)
    reason = f"{count} visits in {value.days} days, the rule asks for {value.at_least}"
    return Check(count >= value.at_least, reason, facts.company is not None)


def _page_views(facts: Facts, value: Often) -> Check:
    count = facts.page_views.get(value.days, 0)
    reason = f"{count} page views in {value.days} days, the rule asks for {value.at_least}"
    return Check(count >= value.at_least, reason, facts.company is not None)


def _company(facts: Facts, value: bool) -> Check:
    if facts.company:
        return Check(value, f"the company is known: {facts.company.name}", True)
    return Check(not value, "the company is not known")


def _kind(facts: Facts, value: tuple[str, ...]) -> Check:
    kind = facts.visit.kind
    show = _labels(words.KINDS)
    known = show([kind], "en")[0] if kind in words.KINDS else kind
    if kind in value:
        return Check(True, f"the address is of the kind {known}")
    return Check(False, f"the address is of the kind {known}, the rule asks for {_any_of(value, show)}")


def _confidence(facts: Facts, value: int) -> Check:
    if facts.company is None:
        return _not_known("there is nothing to be sure of")
    sure = share_of(facts.company.confidence)
    reason = f"we are {sure}% sure of {facts.company.name}, the rule asks for {value}%"
    return Check(sure >= value, reason, True)


def share_of(confidence: float) -> int:
    """Whole per cent, cut and not rounded: 79.9 is not 80."""
    return int(confidence * 100 + 1e-9)


def _phrases(en: tuple[str, str], sv: tuple[str, str]) -> Mapping[str, Phrase]:
    return {"en": Phrase(*en), "sv": Phrase(*sv)}


def _country_aliases() -> dict[Any, str]:
    """Names in both languages, and False: YAML reads the bare word NO, Norway, as no."""
    names = {
        fold(words.country_name(code, locale)): code
        for locale in words.LANGUAGES
        for code in words.country_codes()
    }
    return {**names, False: "NO"}


STAGE_KEYS = tuple(stage.value for stage in Stage)
DEAL_KEYS = tuple(state.value for state in DealState)
COUNTRY_CODES = words.country_codes()
KIND_KEYS = tuple(kind.value for kind in AddressKind)

_TABLE = (
    Condition(
        key="stage",
        label={"en": "Lifecycle stage", "sv": "Livscykelstadium"},
        help="The stage of the company, or of a contact who is linked to the visitor.",
        kind=ChoicesKind("a lifecycle stage", STAGE_KEYS),
        choices=STAGE_KEYS,
        part=Part.SUBJECT,
        test=_stage,
        show=_stages,
        phrases=_phrases(
            ("at stage {}", "it is at stage {}"),
            ("i stadiet {}", "det är i stadiet {}"),
        ),
    ),
    Condition(
        key="page_group",
        label={"en": "Page group", "sv": "Sidgrupp"},
        help="The page group of the page that is opened.",
        kind=TextsKind("the name of a page group"),
        source=Source.PAGE_GROUPS,
        part=Part.HAPPENING,
        test=_page_group,
        show=_groups,
        phrases=_phrases(
            ("opens a page in {}", "it opens a page in {}"),
            ("öppnar en sida i {}", "det öppnar en sida i {}"),
        ),
    ),
    Condition(
        key="page",
        label={"en": "Page", "sv": "Sida"},
        help="A pattern of the page's address: * stands for anything, as in /pricing*.",
        kind=PatternsKind("a page pattern such as /pricing*"),
        part=Part.HAPPENING,
        test=_page,
        show=_texts,
        phrases=_phrases(
            ("opens a page like {}", "it opens a page like {}"),
            ("öppnar en sida som liknar {}", "det öppnar en sida som liknar {}"),
        ),
    ),
    Condition(
        key="target_list",
        label={"en": "Target list", "sv": "Mållista"},
        help="The company is on the list, by its domain.",
        kind=TextsKind("the name of a target list"),
        source=Source.TARGET_LISTS,
        part=Part.SUBJECT,
        test=_target_list,
        show=_texts,
        phrases=_phrases(
            ("on the list {}", "it is on the list {}"),
            ("på listan {}", "det är på listan {}"),
        ),
    ),
    Condition(
        key="deal",
        label={"en": "Deal", "sv": "Affär"},
        help="The company has a deal in this state.",
        kind=ChoicesKind("a state of a deal", DEAL_KEYS),
        choices=DEAL_KEYS,
        part=Part.SUBJECT,
        test=_deal,
        show=_labels(words.DEAL_STATES),
        phrases=_phrases(
            ("with {} deal", "it has {} deal"),
            ("med {} affär", "det har {} affär"),
        ),
    ),
    Condition(
        key="product",
        label={"en": "Product", "sv": "Produkt"},
        help="The page is about a product the company does not own, owns, or about one of these products.",
        kind=ProductsKind("not_owned, owned or the name of a product"),
        source=Source.PRODUCTS,
        choices=ProductsKind.words,
        part=Part.HAPPENING,
        test=_product,
        show=_texts,
        phrases=_phrases(
            ("opens a page about {}", "it opens a page about {}"),
            ("öppnar en sida om {}", "det öppnar en sida om {}"),
        ),
    ),
    Condition(
        key="country",
        label={"en": "Country", "sv": "Land"},
        help="The company's country, or that of the address where the company's is not known.",
        kind=ChoicesKind("a country", COUNTRY_CODES, _country_aliases()),
        choices=COUNTRY_CODES,
        part=Part.SUBJECT,
        test=_country,
        show=_countries,
        phrases=_phrases(("in {}", "it is in {}"), ("i {}", "det är i {}")),
    ),
    Condition(
        key="employees",
        label={"en": "Employees", "sv": "Anställda"},
        help="The company's number of employees; a company whose size is not known never matches.",
        kind=RangeKind(),
        part=Part.SUBJECT,
        test=_employees,
        show=_range,
        phrases=_phrases(
            ("with {} employees", "it has {} employees"),
            ("med {} anställda", "det har {} anställda"),
        ),
    ),
    Condition(
        key="traffic_channel",
        label={"en": "Traffic channel", "sv": "Trafikkanal"},
        help="The class of the visit's source.",
        kind=ChoicesKind("a traffic channel", CHANNEL_NAMES),
        choices=CHANNEL_NAMES,
        part=Part.HAPPENING,
        test=_traffic_channel,
        show=_texts,
        phrases=_phrases(("comes by {}", "it comes by {}"), ("kommer via {}", "det kommer via {}")),
    ),
    Condition(
        key="visits",
        label={"en": "Number of visits", "sv": "Antal besök"},
        help="Visits of the company in so many days, this one included; else those of the visitor.",
        kind=OftenKind(),
        part=Part.HAPPENING,
        test=_visits,
        show=_often,
        phrases=_phrases(
            ("has made at least {} visits in {} days", "it has made at least {} visits in {} days"),
            ("har gjort minst {} besök på {} dagar", "det har gjort minst {} besök på {} dagar"),
        ),
    ),
    Condition(
        key="page_views",
        label={"en": "Number of page views", "sv": "Antal sidvisningar"},
        help="Pages the company opened in so many days, this one included; else the visitor.",
        kind=OftenKind(),
        part=Part.HAPPENING,
        test=_page_views,
        show=_often,
        phrases=_phrases(
            ("has opened at least {} pages in {} days", "it has opened at least {} pages in {} days"),
            ("har öppnat minst {} sidor på {} dagar", "det har öppnat minst {} sidor på {} dagar"),
        ),
    ),
    Condition(
        key="company",
        label={"en": "Company known", "sv": "Känt företag"},
        help="Whether the visit's company is known at all.",
        kind=YesNoKind(),
        part=Part.SUBJECT,
        test=_company,
        show=_nothing,
        phrases=_phrases(
            ("that is identified", "it is identified"),
            ("som är identifierat", "det är identifierat"),
        ),
    ),
    Condition(
        key="kind",
        label={"en": "Kind of address", "sv": "Slag av adress"},
        help="What stands behind the visit's address.",
        kind=ChoicesKind("a kind of address", KIND_KEYS),
        choices=KIND_KEYS,
        part=Part.SUBJECT,
        test=_kind,
        show=_labels(words.KINDS),
        phrases=_phrases(
            ("at an address of the kind {}", "its address is of the kind {}"),
            ("på en adress av slaget {}", "dess adress är av slaget {}"),
        ),
    ),
    Condition(
        key="confidence",
        label={"en": "Confidence", "sv": "Säkerhet"},
        help="How sure we are of the company, 0 to 1 or per cent. A rule without it asks for 80 %.",
        kind=ShareKind(),
        part=Part.GUARD,
        test=_confidence,
        show=_share,
        phrases=_phrases(
            ("we are at least {} sure of the company", "we are at least {} sure of the company"),
            ("vi är minst {} säkra på företaget", "vi är minst {} säkra på företaget"),
        ),
    ),
)

CONDITIONS: dict[str, Condition] = {condition.key: condition for condition in _TABLE}
