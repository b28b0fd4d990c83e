"""Numbers, times and lists as the reader's language and zone write them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tracker.models import User
from web.formatting import (
    Reader,
    make_reader,
    write_breakable,
    write_list,
    write_moment,
    write_money,
    write_number,
    write_percent,
    write_span,
    write_time,
)


@pytest.fixture
def english(now: datetime) -> Reader:
    return make_reader(User(language="en", time_zone="Europe/Stockholm"), now)


@pytest.fixture
def swedish(now: datetime) -> Reader:
    return make_reader(User(language="sv", time_zone="Europe/Stockholm"), now)


def test_a_recent_time_is_relative_and_keeps_its_exact_form(english: Reader, now: datetime) -> None:
    assert write_time(now - timedelta(minutes=4), english) == (
        '<time datetime="2026-11-21T15:26:00+01:00" title="21 Nov 2026, 15:26:00 CET" data-relative>'
        "4 min ago</time>"
    )


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=3), ">now<"),
        (timedelta(hours=23), ">23 hr ago<"),
        (timedelta(days=2), ">Thu 19 Nov, 15:30<"),
        (timedelta(days=400), ">17 Oct 2025, 16:30<"),
        (-timedelta(minutes=5), ">Sat 21 Nov, 15:35<"),
    ],
)
def test_older_and_coming_times_name_their_day(
    english: Reader, now: datetime, age: timedelta, text: str
) -> None:
    assert text in write_time(now - age, english)


def test_details_show_seconds(english: Reader, now: datetime) -> None:
    assert ">21 Nov 2026, 15:30:00<" in write_moment(now, english)


def test_numbers_follow_the_language(english: Reader, swedish: Reader) -> None:
    assert write_number(57_000, english) == "57,000"
    assert write_number(57_000, swedish) == "57\u00a0000"
    assert write_percent(0.88, swedish) == "88\u00a0%"


def test_a_share_is_never_rounded_up(english: Reader) -> None:
    assert write_percent(0.899, english) == "89%"
    assert write_percent(0.29, english) == "29%"


def test_money_has_its_currency_and_no_needless_decimals(english: Reader) -> None:
    assert write_money(Decimal("420000.00"), english, "SEK") == "SEK420,000"
    assert write_money(Decimal("42.50"), english, "EUR") == "€42.50"


def test_what_is_not_known_is_said_and_never_nought(english: Reader) -> None:
    for write in (write_number, write_percent, write_money, write_time, write_span):
        assert "not known" in write(None, english)


def test_choices_are_joined_as_the_language_does(english: Reader, swedish: Reader) -> None:
    assert write_list(["Pricing", "Contact", "Cases"], english, "or") == "Pricing, Contact or Cases"
    assert write_list(["Priser", "Kontakt"], swedish, "or") == "Priser eller Kontakt"


def test_an_address_breaks_at_its_signs_and_stays_text() -> None:
    assert write_breakable("eva@a.test") == "eva@<wbr>a<wbr>.test"
    assert write_breakable("*.a.test") == "*.a<wbr>.test"
    assert "<script>" not in write_breakable("<script>")


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(26, "26 ms"), (608, "0.6 s"), (130_000, "2 min 10 s"), (90_000_000, "1 d 1 h")],
)
def test_spans_are_short(english: Reader, milliseconds: int, text: str) -> None:
    assert write_span(milliseconds, english) == text


@pytest.mark.parametrize(
    ("language", "zone"), [("xx", "Nowhere/At-All"), ("../..", "../../etc/passwd"), ("", "")]
)
def test_an_odd_setting_falls_back_to_english_in_utc(now: datetime, language: str, zone: str) -> None:
    reader = make_reader(User(language=language, time_zone=zone), now)
    assert ">21 Nov 2026, 14:30:00<" in write_moment(now, reader)
