from __future__ import annotations

from pathlib import Path

import pytest

from enrichment.chain import identify_address
from enrichment.kinds import Kind
from enrichment.providers import Provider, open_providers, with_overrides
from enrichment.providers.overrides import Override, OverrideError, parse_network, read_overrides

Providers = tuple[Provider, ...]
TELIA = "2.248.35.152"
SAAB = "148.2.71.144"


def test_an_override_names_a_company_on_a_providers_network(providers: Providers) -> None:
    row = Override("2.248.35.0/24", Kind.COMPANY, "Acme AB", "acme.test")
    found = identify_address(TELIA, with_overrides(providers, [row]))
    assert (found.company, found.domain, found.confidence) == ("Acme AB", "acme.test", 1.0)


def test_an_override_forbids_a_name(providers: Providers) -> None:
    found = identify_address(SAAB, with_overrides(providers, [Override("AS197425", Kind.ISP)]))
    assert (found.kind, found.company) == (Kind.ISP, "")


def test_the_longest_network_wins(providers: Providers) -> None:
    rows = [Override("148.2.0.0/16", Kind.ISP), Override("148.2.71.144", Kind.COMPANY, "Acme AB")]
    assert identify_address(SAAB, with_overrides(providers, rows)).company == "Acme AB"


def test_a_network_wins_over_its_as_number(providers: Providers) -> None:
    rows = [Override("148.2.0.0/16", Kind.COMPANY, "Acme AB"), Override("AS197425", Kind.ISP)]
    assert identify_address(SAAB, with_overrides(providers, rows)).company == "Acme AB"


def test_ipv6_networks_can_be_overridden(providers: Providers) -> None:
    row = Override("2001:998:2000::/48", Kind.COMPANY, "Acme Oy")
    assert identify_address("2001:998:2000::7d52", with_overrides(providers, [row])).company == "Acme Oy"


def test_an_odd_row_is_left_out_and_the_others_count(providers: Providers) -> None:
    rows = [Override("all of it", Kind.ISP), Override("AS197425", Kind.COMPANY, "Acme AB")]
    assert identify_address(SAAB, with_overrides(providers, rows)).company == "Acme AB"


@pytest.mark.parametrize("text", ["", "AS", "ASx", "1.2.3.4/40", "acme.test"])
def test_what_is_no_network_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(OverrideError, match="AS3301"):
        parse_network(text)


def test_the_file_in_the_data_directory_counts(tmp_path: Path, unpacked: Path) -> None:
    (tmp_path / "overrides.csv").write_text(
        "network,kind,organisation,domain\nAS3301,company,Acme AB,acme.test\n"
    )
    assert identify_address(TELIA, open_providers(tmp_path)).company == "Acme AB"


def test_odd_rows_of_the_file_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "overrides.csv"
    path.write_text("network,kind,organisation\nAS1,wizard,X\nnowhere,company,X\nAS2,company,Acme AB\n\n,,\n")
    assert [row.network for row in read_overrides(path)] == ["AS2"]


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "overrides.csv"
    path.write_bytes(b"\xff\xfe\x00\x01" * 100)
    assert read_overrides(path) == []
