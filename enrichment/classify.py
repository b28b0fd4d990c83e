"""What the name of a network's holder says about it: an organisation to name, or a provider never to name.

Deny first, allow by evidence: the kinds of `data/words.txt` are tried in its order, providers before
companies. Well-known organisations are looked up in `data/organisations.csv` before any word counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from enrichment.company_names import name_key
from enrichment.kinds import Kind

KNOWN_WEIGHT = 0.9
BUSINESS_WORD_WEIGHT = 0.85
# Measured on samples judged by hand: two of three holders with nothing but a legal form are businesses.
LEGAL_FORM_WEIGHT = 0.6
WORD_WEIGHTS = {
    Kind.UNKNOWN: 0.0,
    Kind.EDUCATION: 0.9,
    Kind.GOVERNMENT: 0.9,
    Kind.COMPANY: BUSINESS_WORD_WEIGHT,
}
PROVIDER_WORD_WEIGHT = 0.8
GUESS_WEIGHT = 0.5
# 2^18 IPv4 addresses and more: ordinary businesses do not have that many without being well known.
LARGE_SIZE = 18
# Where most small networks with an unclear name are local internet providers.
PROVIDER_COUNTRIES = frozenset(
    (
        "AF AL AM AO AR AZ BA BD BG BJ BO BR BY CD CL CM CO CR DO EC EG GE GH GT HN ID IN IQ IR KE KG KH "
        "KZ LA LB LK MD ME MK MM MN MX MZ NG NI NP PA PE PH PK PL PY RO RS RU SV TH TJ TZ UA UG UY UZ VE "
        "VN ZM ZW"
    ).split()
)
# Where a legal form alone says too little: half of the small networks there are providers.
UNCLEAR_COUNTRIES = frozenset(
    "AE CY CZ DK EE ES FI HK HR HU IL IS IT KR LT LV MY NO SC SE SG SI SK TR TW VG ZA".split()
)
# 2^13 IPv4 addresses and more with nothing but a legal form: in a sample nearly all were providers.
SUSPECT_SIZE = 13
# These stand in the handles of all sorts of networks and say nothing.
_HANDLE_NOISE = frozenset("as asn net network networks nets inet internet isp online link global ip".split())
# A person, or a postal address where the name should be.
_NO_HOLDER = re.compile(r"\b(trading as|t/a|\d+/f|\d+(st|nd|rd|th) floor|building no|road,)", re.IGNORECASE)
_PART = re.compile(r"[^a-z0-9]+")
_LETTER_RUN = re.compile(r"\b[a-z](?: [a-z]\b)+")
_GENERIC_ENDINGS = frozenset(
    (
        "group gruppen groep groupe konsern koncern holding holdings international global worldwide "
        "technologies technology services service systems information it solutions digital operations "
        "operational europe usa us america north sverige sweden norge norway danmark denmark suomi "
        "finland deutschland germany uk nordic nordics companies company corporate"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a name says: kind, how sure (0 to 1), why in words, and the domains if it is well known."""

    kind: Kind
    weight: float
    why: str
    domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownOrganisation:
    """A row of `organisations.csv`, its name folded; `countries` limits names that others bear elsewhere."""

    name: str
    kind: Kind
    is_prefix: bool
    domains: tuple[str, ...]
    countries: frozenset[str]


@lru_cache(maxsize=20_000)
def classify_name(name: str, handle: str = "", country: str = "", size: int = 0) -> Judgement:
    """Judge the holder of a network by its name, short handle, country and size (log2 of addresses)."""
    known = find_known(name, country)
    if known is not None and not _is_someone_else(name, known):
        return Judgement(known.kind, KNOWN_WEIGHT, "its name is well known", known.domains)
    if not name:
        return Judgement(Kind.UNKNOWN, 0.0, "the network has no name")
    if _NO_HOLDER.search(name):
        return Judgement(Kind.UNKNOWN, 0.0, "the network is held by a person or has no proper name")
    by_words = _by_words(name, handle)
    if by_words is None or (by_words.kind is Kind.UNKNOWN and _looks_like_provider(country, size)):
        return _by_shape(name, country, size)
    return by_words


def _is_someone_else(name: str, known: KnownOrganisation) -> bool:
    """Whether what follows a known company's name is a provider's trade: "Acme Broadband" is not Acme."""
    rest = organisation_key(name).removeprefix(known.name)
    return known.kind is Kind.COMPANY and any(
        words.name.search(rest) for kind, words in kind_words() if kind not in (Kind.COMPANY, Kind.UNKNOWN)
    )


def organisation_key(name: str) -> str:
    """`name` folded for looking it up among well-known organisations; may be empty."""
    parts = [part for part in _PART.split(name_key(name)) if part not in ("", "and", "the")]
    # "A.P. Moller" and "A P Moller", "H & M" and "HM" are the same.
    return _LETTER_RUN.sub(lambda run: run.group().replace(" ", ""), " ".join(parts))


def find_known(name: str, country: str = "") -> KnownOrganisation | None:
    """The well-known organisation of that name: the whole name, its longest beginning, or its core."""
    words = organisation_key(name).split()
    if not words:
        return None
    for candidate in (words, _without_generic_endings(words)):
        found = _known_exactly(candidate, country) or _known_by_beginning(candidate, country)
        if found is not None:
            return found
    return None


def _known_exactly(words: list[str], country: str) -> KnownOrganisation | None:
    return _in_country(known_organisation(" ".join(words)), country)


def _known_by_beginning(words: list[str], country: str) -> KnownOrganisation | None:
    for length in range(len(words), 0, -1):
        found = _known_exactly(words[:length], country)
        if found is not None and found.is_prefix:
            return found
    return None


def _in_country(found: KnownOrganisation | None, country: str) -> KnownOrganisation | None:
    if found is None or not found.countries or country in found.countries:
        return found
    return None


def _without_generic_endings(words: list[str]) -> list[str]:
    end = len(words)
    while end > 1 and words[end - 1] in _GENERIC_ENDINGS:
        end -= 1
    return words[:end]


@lru_cache(maxsize=2_000)
def known_organisation(name: str) -> KnownOrganisation | None:
    """The row of `organisations.csv` whose name, already folded, is this one."""
    line = _organisation_lines().get(name)
    return _read_organisation(line) if line else None


def known_organisations() -> dict[str, KnownOrganisation]:
    """All rows of `organisations.csv` by name."""
    return {name: _read_organisation(line) for name, line in _organisation_lines().items()}


@cache
def _organisation_lines() -> dict[str, str]:
    """The lines by name; most are never asked for, and as text they take a third of the memory."""
    text = (files("enrichment") / "data" / "organisations.csv").read_text(encoding="utf-8")
    return {line.partition(",")[0]: line for line in text.splitlines()[1:]}


def _read_organisation(line: str) -> KnownOrganisation:
    name, match, kind, domains, countries = line.split(",")
    return KnownOrganisation(
        name=name,
        kind=Kind(kind),
        is_prefix=match == "start",
        domains=tuple(domains.split("|")) if domains else (),
        countries=frozenset(countries.split("|") if countries else ()),
    )


def _by_words(name: str, handle: str) -> Judgement | None:
    """The first kind whose words stand in the name, or (for kinds not to be named) begin the handle."""
    text = " ".join(_PART.split(_fold(name)))
    handle_text = _handle_text(handle)
    for kind, words in kind_words():
        if hit := words.name.search(text):
            return Judgement(kind, _word_weight(kind), f"its name has the word “{hit.group().strip()}”")
        if (
            kind not in (Kind.COMPANY, Kind.UNKNOWN)
            and handle_text
            and (hit := words.handle.search(handle_text))
        ):
            return Judgement(kind, _word_weight(kind), f"its handle has the word “{hit.group().strip()}”")
    return None


def _word_weight(kind: Kind) -> float:
    return WORD_WEIGHTS.get(kind, PROVIDER_WORD_WEIGHT)


def _fold(name: str) -> str:
    """Lower-case ASCII with the legal forms still in place; apostrophes vanish."""
    # A word of its own in front keeps `name_key` from taking the only word for a legal form.
    return name_key(f"x {name}").removeprefix("x ")


def _handle_text(handle: str) -> str:
    parts = _PART.split(handle.lower())
    return " ".join(part for part in parts if part not in _HANDLE_NOISE)


def _looks_like_provider(country: str, size: int) -> bool:
    return size >= LARGE_SIZE or country in PROVIDER_COUNTRIES


def _by_shape(name: str, country: str, size: int) -> Judgement:
    """What remains when no word helps: size, country, legal form."""
    if size >= LARGE_SIZE:
        return Judgement(Kind.ISP, 0.6, "more addresses than an ordinary business has")
    if country in PROVIDER_COUNTRIES:
        return Judgement(Kind.ISP, GUESS_WEIGHT, "most small networks in its country are providers")
    if size >= SUSPECT_SIZE or country in UNCLEAR_COUNTRIES:
        return Judgement(Kind.UNKNOWN, 0.0, "its name does not tell a business from a provider")
    if has_legal_form(name):
        return Judgement(Kind.COMPANY, LEGAL_FORM_WEIGHT, "a legal form and no sign of a provider")
    return Judgement(Kind.UNKNOWN, 0.0, "nothing in its name says what it is")


def has_legal_form(name: str) -> bool:
    """Whether the name ends or begins with a legal form such as AB, GmbH or Inc."""
    bare = _PART.split(name.lower().replace("/", "").replace(".", "").strip())
    return len([part for part in bare if part]) > len(name_key(name).split())


@dataclass(frozen=True, slots=True)
class KindWords:
    """The words of one kind as patterns: for names, and the stricter one for handles."""

    name: re.Pattern[str]
    handle: re.Pattern[str]


@cache
def kind_words() -> tuple[tuple[Kind, KindWords], ...]:
    """The kinds of `words.txt` in its order, each with its patterns."""
    words: dict[Kind, list[str]] = {}
    kind = Kind.UNKNOWN
    text = (files("enrichment") / "data" / "words.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("["):
            kind = Kind(line.strip("[]"))
        elif line and not line.startswith("#"):
            words.setdefault(kind, []).extend(line.split())
    return tuple((kind, _patterns(found)) for kind, found in words.items() if found)


def _patterns(words: list[str]) -> KindWords:
    # A company's own network is often called after it with "net" at the end, so a handle's end says nothing.
    return KindWords(
        name=re.compile("|".join(map(_pattern, words))),
        handle=re.compile("|".join(_pattern(word) for word in words if not word.startswith("*"))),
    )


def _pattern(word: str) -> str:
    start = "" if word.startswith("*") else r"\b"
    end = "" if word.endswith("*") else r"\b"
    return start + re.escape(word.strip("*").replace("_", " ")) + end
