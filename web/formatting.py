"""Numbers, times and lists in the reader's language and time zone: filters for the templates.

Each function takes a `Reader`, so that it can be tried without a request; `add_filters` binds them
to the user of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime, format_timedelta
from babel.lists import format_list
from babel.numbers import format_compact_currency, format_currency, format_decimal, format_percent
from flask import Flask
from markupsafe import Markup, escape

from alerts.words import zone
from tracker.models import User

UNKNOWN = Markup('<span class="unknown">not known</span>')
# Relative times are for a glance; a day later the weekday and hour say more.
RELATIVE_FOR = timedelta(hours=24)
WITHOUT_YEAR_FOR = timedelta(days=335)


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a page is written."""

    locale: Locale
    zone: tzinfo
    now: datetime


def make_reader(user: User | None, now: datetime) -> Reader:
    """The reader of a page; a stranger, or a user with an odd setting, reads English in UTC."""
    return Reader(
        locale=_find_locale(user.language if user else "en"),
        zone=zone(user.time_zone if user else "UTC"),
        now=now,
    )


def _find_locale(language: str) -> Locale:
    # English dates and digits without a country mean the American order; ours are European.
    name = {"en": "en_GB", "": "en_GB"}.get(language, language)
    try:
        return Locale.parse(name, sep="-" if "-" in name else "_")
    except (ValueError, UnknownLocaleError):
        return Locale.parse("en_GB")


def write_time(moment: datetime | None, reader: Reader) -> Markup:
    """A time for lists: "4 min ago" under a day, then weekday and hour; the exact one in its title."""
    if moment is None:
        return UNKNOWN
    age = reader.now - moment
    if timedelta(0) <= age < RELATIVE_FOR:
        return _time_tag(moment, _write_age(age, reader), reader, relative=True)
    return _time_tag(moment, _write_day(moment, reader), reader)


def _write_age(age: timedelta, reader: Reader) -> str:
    if age < timedelta(seconds=45):
        return {"sv": "nyss"}.get(reader.locale.language, "now")
    unit = timedelta(minutes=1) if age < timedelta(hours=1) else timedelta(hours=1)
    # Whole units, at least one: what the page's own script writes when it renews the text.
    whole = max(age // unit, 1) * unit
    text = format_timedelta(-whole, add_direction=True, threshold=1, format="short", locale=reader.locale)
    return text.replace(".", "")


def _write_day(moment: datetime, reader: Reader) -> str:
    near = abs(reader.now - moment) < WITHOUT_YEAR_FOR
    pattern = "EEE d MMM, HH:mm" if near else "d MMM y, HH:mm"
    return _in_zone(moment, pattern, reader)


def write_moment(moment: datetime | None, reader: Reader) -> Markup:
    """A time with its seconds, for details, logs and hops."""
    if moment is None:
        return UNKNOWN
    return _time_tag(moment, _in_zone(moment, "d MMM y, HH:mm:ss", reader), reader)


def write_clock(moment: datetime | None, reader: Reader, *, millis: bool = False) -> Markup:
    """Only the time of day with seconds (and thousandths), where the day stands beside it."""
    if moment is None:
        return UNKNOWN
    return _time_tag(moment, _in_zone(moment, "HH:mm:ss.SSS" if millis else "HH:mm:ss", reader), reader)


def write_date(moment: datetime | None, reader: Reader) -> Markup:
    if moment is None:
        return UNKNOWN
    return _time_tag(moment, _in_zone(moment, "d MMM y", reader), reader)


def write_heading(moment: datetime, reader: Reader) -> str:
    """A day as a heading of a timeline: "Saturday 21 November"."""
    return _in_zone(moment, "EEEE d MMMM", reader)


def _in_zone(moment: datetime, pattern: str, reader: Reader) -> str:
    return format_datetime(moment, pattern, tzinfo=reader.zone, locale=reader.locale)


def _time_tag(moment: datetime, text: str, reader: Reader, *, relative: bool = False) -> Markup:
    local = moment.astimezone(reader.zone)
    title = _in_zone(moment, "d MMM y, HH:mm:ss zzz", reader)
    language = "" if reader.locale.language == "en" else Markup(' lang="{}"').format(reader.locale.language)
    renewed = Markup(" data-relative") if relative else ""
    return Markup('<time datetime="{}" title="{}"{}{}>{}</time>').format(
        local.isoformat(timespec="seconds"), title, language, renewed, text
    )


def write_number(value: float | Decimal | None, reader: Reader) -> str:
    return UNKNOWN if value is None else format_decimal(value, locale=reader.locale)


def write_percent(value: float | None, reader: Reader) -> str:
    """A share (0 to 1) as whole per cent, rounded down: 0.899 must not read as 90."""
    return UNKNOWN if value is None else format_percent(int(value * 100 + 1e-9) / 100, locale=reader.locale)


def write_money(amount: float | Decimal | None, reader: Reader, currency: str = "") -> str:
    """An amount with its currency, without decimals when it is round."""
    if amount is None:
        return UNKNOWN
    if not currency:
        return format_decimal(amount, locale=reader.locale)
    digits = amount != int(amount)
    pattern = None if digits else reader.locale.currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(
        amount, currency, pattern, locale=reader.locale, currency_digits=digits, format_type="standard"
    )


def write_rough_money(amount: float | Decimal | None, reader: Reader, currency: str) -> str:
    """A large amount in few signs: "SEK 204bn"."""
    if amount is None:
        return UNKNOWN
    return format_compact_currency(amount, currency, locale=reader.locale, fraction_digits=0)


def write_list(values: Sequence[Any], reader: Reader, style: str = "standard") -> str:
    """Words joined as the language does: "a, b and c"; style "or" for choices."""
    return format_list([str(value) for value in values], style=style, locale=reader.locale)  # type: ignore[arg-type]


def write_span(milliseconds: float | None, reader: Reader) -> str:
    """A length of time: "2 min 10 s", "0.6 s", "26 ms"."""
    if milliseconds is None:
        return UNKNOWN
    if milliseconds < 100:
        return f"{int(milliseconds)} ms"
    if milliseconds < 10_000:
        return f"{format_decimal(round(milliseconds / 1000, 1), locale=reader.locale)} s"
    return _long_span(round(milliseconds / 1000))


def _long_span(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2])


def write_breakable(text: str) -> Markup:
    """An address or host that a narrow column breaks after its @ and before its dots, not inside a word."""
    return Markup(str(escape(text)).replace("@", "@<wbr>").replace(".", "<wbr>.").replace("*<wbr>", "*"))


FILTERS: dict[str, Callable[..., str]] = {
    "time": write_time,
    "moment": write_moment,
    "clock": write_clock,
    "date": write_date,
    "day_heading": write_heading,
    "number": write_number,
    "percent": write_percent,
    "money": write_money,
    "rough_money": write_rough_money,
    "listed": write_list,
    "span": write_span,
}


def add_filters(app: Flask, get_reader: Callable[[], Reader]) -> None:
    """Puts the filters into the app's templates, each for the reader of the request."""
    app.jinja_env.filters["breakable"] = write_breakable
    for name, write in FILTERS.items():
        app.jinja_env.filters[name] = _bind(write, get_reader)


def _bind(write: Callable[..., str], get_reader: Callable[[], Reader]) -> Callable[..., str]:
    def bound(value: Any, *more: Any, **named: Any) -> str:
        return write(value, get_reader(), *more, **named)

    return bound
