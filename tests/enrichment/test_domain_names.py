"""What somebody registered, read from hosts, URLs and e-mail addresses."""

from __future__ import annotations

import pytest

from enrichment.domain_names import is_free_mail, registered_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.acme.co.uk:8080/x?y@z", "acme.co.uk"),
        ("eva@räksmörgås.se", "xn--rksmrgs-5wao1o.se"),
        ("ACME.TEST.", "acme.test"),
        ("acme.com/path", "acme.com"),
        ("acme.com:443", "acme.com"),
    ],
)
def test_hosts_urls_and_addresses_give_the_registered_domain(text: str, domain: str) -> None:
    assert registered_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "10.0.0.1",
        "[::1]",
        "http://[",
        "acme..test",
        "a b.se",
        "co.uk",
        "-x.com",
        "\ud800.com",
    ]
    + ["x" * 300 + ".com", "not a domain", "=cmd|' /C calc'!A0"],
)
def test_what_is_no_domain_gives_none(text: str) -> None:
    assert registered_domain(text) is None


def test_free_mail_is_told_from_company_mail() -> None:
    assert is_free_mail("GMAIL.com")
    assert not is_free_mail("scania.com")
