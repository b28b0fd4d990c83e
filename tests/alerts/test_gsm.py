from __future__ import annotations

import pytest

from alerts.gsm import cut_to_units, parts, to_gsm, units


@pytest.mark.parametrize(
    "text", ["Träffa oss på Åkarp §3", "Æbleø i København", "prix: 3 € @ £", "{a}[b]~|^\\"]
)
def test_what_fits_stays_as_it_is(text: str) -> None:
    assert to_gsm(text) == text


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Škoda Plzeň – “auto”…", 'Skoda Plzen - "auto"...'),
        ("Łódź", "Lodz"),
        ("ﬁn\u00a0de", "fin de"),
        ("Íslandsbanki Þór", "Islandsbanki Thór".replace("ó", "o")),
        ("東京 🚪", "?? ?"),
        ("e\u0301", "é"),
    ],
)
def test_what_does_not_fit_becomes_the_nearest_that_does(text: str, near: str) -> None:
    assert to_gsm(text) == near


def test_brackets_and_the_euro_sign_count_twice() -> None:
    assert units("[€]") == 6


@pytest.mark.parametrize(("length", "count"), [(0, 1), (160, 1), (161, 2), (306, 2), (307, 3)])
def test_parts_are_counted_as_providers_charge_them(length: int, count: int) -> None:
    assert parts("a" * length) == count


def test_a_sign_that_counts_twice_is_not_torn_between_two_parts() -> None:
    assert parts("a" * 152 + "€" + "b" * 152) == 3


def test_a_cut_never_splits_a_sign_that_counts_twice() -> None:
    assert cut_to_units("ab[c", 3) == "ab"
