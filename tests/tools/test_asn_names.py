from __future__ import annotations

import pytest

from tools.asn_names import clean_name, short_handle


@pytest.mark.parametrize(
    ("name", "handle", "clean"),
    [
        ("SAP_SCI SAP SE", "SAP_SCI", "SAP SE"),
        ("BNP-Paribas BNP PARIBAS S.A.", "BNP-PARIBAS", "BNP PARIBAS S.A."),
        ("cke-as Circle K", "CKE-AS", "Circle K"),
        ("VolvoIT Volvo Information Technology AB", "VOLVOIT", "Volvo Information Technology AB"),
        ("ABN-AS-KR-KR - ABN", "", "ABN"),
        ("Xneelo (Pty) Ltd - Xneelo (Pty) Ltd", "", "Xneelo (Pty) Ltd"),
    ],
)
def test_a_handle_before_the_name_is_taken_off(name: str, handle: str, clean: str) -> None:
    assert clean_name(name, handle) == clean


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Google LLC", "GOOGLE"),
        ("DSV A/S", "DSV"),
        ("Tele2 Sverige AB", "TELE2"),
        ("Coca-Cola Company", "COCA-COLA"),
        ("manitu GmbH", "MANITU"),
        ("mono solutions ApS", "MONO"),
        ("Incapsula Inc", "INCAPSULA"),
        ("PLAY2GO - FZCO", "PLAY2GO"),
    ],
)
def test_a_handle_that_is_the_name_stays(name: str, handle: str) -> None:
    assert clean_name(name, handle) == name


def test_a_handle_stays_where_there_is_no_name() -> None:
    assert clean_name("SONATEL - IDDQD", "SONATEL") == "SONATEL"


def test_a_name_with_a_dash_in_it_stays() -> None:
    assert clean_name("A.P. MOLLER - MAERSK A/S", "SCL-AS") == "A.P. MOLLER - MAERSK A/S"


def test_a_handle_that_only_repeats_the_name_is_left_out() -> None:
    assert short_handle("Adform A/S", "ADFORM") == ""


def test_a_handle_that_tells_more_is_kept() -> None:
    assert short_handle("Lyse Tele", "ALTIBOX_AS") == "ALTIBOX_AS"
