"""Words that rules and messages share, by language; English where a language lacks one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent

LANGUAGES = ("en", "sv")
# British English has no comma before the last "or", and writes days before months.
_LOCALES = {"en": "en_GB", "sv": "sv_SE"}

Words = Mapping[str, str]

STAGES: Mapping[str, Words] = {
    "subscriber": {"en": "Subscriber", "sv": "Prenumerant"},
    "lead": {"en": "Lead", "sv": "Lead"},
    "mql": {"en": "MQL", "sv": "MQL"},
    "sql": {"en": "SQL", "sv": "SQL"},
    "opportunity": {"en": "Opportunity", "sv": "Affärsmöjlighet"},
    "customer": {"en": "Customer", "sv": "Kund"},
    "evangelist": {"en": "Evangelist", "sv": "Ambassadör"},
    "other": {"en": "Other", "sv": "Annat"},
}
KINDS: Mapping[str, Words] = {
    "company": {"en": "company", "sv": "företag"},
    "isp": {"en": "internet provider", "sv": "internetleverantör"},
    "hosting": {"en": "hosting", "sv": "webbhotell"},
    "education": {"en": "education", "sv": "utbildning"},
    "government": {"en": "government", "sv": "myndighet"},
    "bot": {"en": "bot", "sv": "robot"},
    "vpn": {"en": "VPN", "sv": "VPN"},
    "tor": {"en": "Tor", "sv": "Tor"},
    "reserved": {"en": "reserved address", "sv": "reserverad adress"},
    "unknown": {"en": "unknown", "sv": "okänt"},
}
DEAL_STATES: Mapping[str, Words] = {
    "open": {"en": "an open", "sv": "en öppen"},
    "won": {"en": "a won", "sv": "en vunnen"},
    "lost": {"en": "a lost", "sv": "en förlorad"},
}
CHANNEL_KINDS: Mapping[str, Words] = {
    "slack": {"en": "in Slack", "sv": "i Slack"},
    "sms": {"en": "by SMS", "sv": "via SMS"},
}


def language(locale: str) -> str:
    """The language we have for a user's locale: `sv-SE` is sv, anything unknown English."""
    short = locale.replace("-", "_").split("_")[0].lower()
    return short if short in LANGUAGES else "en"


def say(words: Words, locale: str) -> str:
    return words.get(language(locale)) or words["en"]


def or_list(items: Sequence[str], locale: str) -> str:
    return format_list(list(items), style="or", locale=_LOCALES[language(locale)])


def and_list(items: Sequence[str], locale: str) -> str:
    return format_list(list(items), style="standard", locale=_LOCALES[language(locale)])


def number(value: int, locale: str) -> str:
    return format_decimal(value, locale=_LOCALES[language(locale)])


def per_cent(value: int, locale: str) -> str:
    return format_percent(value / 100, locale=_LOCALES[language(locale)])


def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name; an unknown one counts as UTC."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def day(moment: datetime, locale: str, time_zone: str = "UTC") -> str:
    """Day and month, as `14 Nov`; time_zone is an IANA name, an unknown one counts as UTC."""
    local = moment.astimezone(zone(time_zone))
    return format_date(local, "d MMM", locale=_LOCALES[language(locale)]).rstrip(".")


_UNIT_WORDS: tuple[tuple[int, Mapping[str, tuple[str, str]]], ...] = (
    (86_400, {"en": ("day", "days"), "sv": ("dag", "dagar")}),
    (3600, {"en": ("hour", "hours"), "sv": ("timme", "timmar")}),
    (60, {"en": ("minute", "minutes"), "sv": ("minut", "minuter")}),
    (1, {"en": ("second", "seconds"), "sv": ("sekund", "sekunder")}),
)


def exact_span(span: timedelta, locale: str) -> str:
    """The span in the largest unit that divides it: 24 hours, 7 days, 90 minutes."""
    seconds = int(span.total_seconds())
    for size, words in _UNIT_WORDS:
        if seconds % size == 0 and (size < 86_400 or seconds >= 2 * size):
            return _counted(seconds // size, words[language(locale)])
    raise AssertionError("a second divides every span")


def rough_span(span: timedelta, locale: str) -> str:
    """The span in its largest unit, cut: 3 hours, 12 minutes."""
    seconds = max(0, int(span.total_seconds()))
    for size, words in _UNIT_WORDS:
        if seconds >= size or size == 1:
            return _counted(seconds // size, words[language(locale)])
    raise AssertionError("seconds are the last unit")


def _counted(count: int, words: tuple[str, str]) -> str:
    return f"{count} {words[count != 1]}"


def country_name(code: str, locale: str) -> str:
    return str(Locale.parse(_LOCALES[language(locale)]).territories.get(code, code))


def country_codes() -> tuple[str, ...]:
    """ISO 3166-1 alpha-2 codes, from the Unicode data that Babel carries."""
    territories = [str(code) for code in Locale.parse("en").territories]
    unions = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"}
    return tuple(
        sorted(code for code in territories if len(code) == 2 and code.isalpha() and code not in unions)
    )


def group_name(key: str) -> str:
    """A page group as people read it: pricing is Pricing; a name with capitals stays as it is."""
    return key[:1].upper() + key[1:].replace("_", " ") if key == key.lower() else key
