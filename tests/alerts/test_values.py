from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.conditions import CONDITIONS
from alerts.values import How, parse_interval, plain_interval

GOOD: list[tuple[str, Any]] = [
    ("stage", ["mql", "sql"]),
    ("page_group", ["pricing"]),
    ("page", ["/pricing*", "shop.ours.test/*"]),
    ("target_list", ["Ideal customers"]),
    ("deal", ["open", "won", "lost"]),
    ("product", ["not_owned"]),
    ("product", ["CRM", "Field app"]),
    ("country", ["SE", "NO"]),
    ("employees", {"at_least": 50}),
    ("employees", {"at_most": 50}),
    ("employees", {"between": [50, 2000]}),
    ("traffic_channel", ["Paid Search"]),
    ("visits", {"at_least": 3, "days": 30}),
    ("page_views", {"at_least": 10, "days": 7}),
    ("company", False),
    ("kind", ["education"]),
    ("confidence", 0.85),
]
BAD: list[tuple[str, Any]] = [
    ("stage", ["mqk"]),
    ("stage", []),
    ("stage", [["mql"]]),
    ("stage", None),
    ("page", ""),
    ("page", "https://www.ours.test/x"),
    ("page_group", "a\x00b"),
    ("product", ["owned", "CRM"]),
    ("country", "XX"),
    ("country", True),
    ("employees", {"between": [50]}),
    ("employees", {"between": [200, 50]}),
    ("employees", {"at_least": -1}),
    ("employees", {"at_least": 2**40}),
    ("employees", {}),
    ("employees", "many"),
    ("employees", True),
    ("visits", 3),
    ("visits", {"at_least": 0, "days": 30}),
    ("visits", {"at_least": 1, "days": 366}),
    ("visits", {"at_least": 1, "days": 30, "hours": 2}),
    ("company", "perhaps"),
    ("company", 1),
    ("confidence", 101),
    ("confidence", -0.1),
    ("confidence", float("nan")),
    ("confidence", "eighty"),
    ("confidence", True),
]


@pytest.mark.parametrize(("key", "raw"), GOOD)
def test_a_value_is_the_same_after_it_was_written_and_read(key: str, raw: Any) -> None:
    condition = CONDITIONS[key]
    assert condition.kind.plain(condition.parse(raw)) == raw


@pytest.mark.parametrize(("key", "raw"), GOOD)
def test_a_value_is_the_same_after_a_form_showed_it(key: str, raw: Any) -> None:
    kind = CONDITIONS[key].kind
    how, values = kind.to_form(kind.parse(raw))
    assert kind.parse(kind.from_form(how, values)) == kind.parse(raw)


@pytest.mark.parametrize(("key", "raw"), BAD)
def test_an_odd_value_is_refused_with_a_sentence(key: str, raw: Any) -> None:
    with pytest.raises(ValueError, match=r"\w+.* .*\w+"):
        CONDITIONS[key].parse(raw)


def test_norway_survives_yaml_reading_no_as_false() -> None:
    assert CONDITIONS["country"].parse([False]) == ("NO",)


@pytest.mark.parametrize("raw", [0.8, 80, "80 %", "80%", "0.8", "0,8"])
def test_a_share_is_read_in_every_way_people_write_it(raw: Any) -> None:
    assert CONDITIONS["confidence"].parse(raw) == 80


def test_a_form_reads_numbers_as_people_write_them() -> None:
    kind = CONDITIONS["employees"].kind
    assert kind.from_form(How.AT_LEAST, ["1 500"]) == {"at_least": 1500}
    assert kind.from_form(How.AT_LEAST, ["1.5"]) == {"at_least": "1.5"}


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("90s", timedelta(seconds=90)),
        ("0", timedelta(0)),
    ],
)
def test_an_interval_is_read_and_written(text: str, interval: timedelta) -> None:
    assert parse_interval(text) == interval
    assert plain_interval(interval) == text


@pytest.mark.parametrize("raw", ["", "24", 24, "1w", "-1h", "400d", None, True, False, [], "999999999d"])
def test_an_odd_interval_is_refused(raw: Any) -> None:
    with pytest.raises(ValueError, match="write an interval"):
        parse_interval(raw)
