"""GeoIP2 databases: what they add, and that a bad file only costs itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from enrichment.chain import Identified, identify_address
from enrichment.kinds import Kind
from enrichment.providers import open_providers
from enrichment.providers.geoip_files import LOOK_AGAIN, GeoipFolder
from enrichment.providers.geoip_organisation import Customer, judge_customer

CUSTOMER = Customer("", "", "", "", 0, "")


@pytest.fixture
def data_dir(tmp_path: Path, unpacked: Path) -> Path:
    """A data directory with the table unpacked already and room for GeoIP files."""
    for path in unpacked.glob("*.mmdb"):
        shutil.copy(path, tmp_path)
    (tmp_path / "geoip").mkdir()
    return tmp_path


def put(data_dir: Path, maxmind: Path, *names: str) -> None:
    for name in names:
        shutil.copy(maxmind / "test-data" / f"{name}.mmdb", data_dir / "geoip")


def ask(data_dir: Path, address: str) -> Identified:
    return identify_address(address, open_providers(data_dir))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("66.92.181.241", "Vikco Insurance"),
        ("38.105.0.65", "GHD"),
        ("65.116.3.82", "ATMI"),
        ("64.17.254.217", "Karlin Peebles LLP"),
    ],
)
def test_the_isp_edition_names_the_customer_on_a_providers_network(
    data_dir: Path, maxmind: Path, address: str, name: str
) -> None:
    put(data_dir, maxmind, "GeoIP2-ISP-Test")
    found = ask(data_dir, address)
    assert (found.kind, found.company) == (Kind.COMPANY, name)


def test_a_provider_that_is_a_customer_is_not_named() -> None:
    judged = judge_customer(Customer("SUMO FIBER", "Cogent Communications", "", "US", 174, ""))
    assert judged.kind is Kind.ISP


@pytest.mark.parametrize(
    ("user_type", "kind"),
    [
        ("business", Kind.COMPANY),
        ("government", Kind.GOVERNMENT),
        ("college", Kind.EDUCATION),
        ("residential", Kind.ISP),
        ("cellular", Kind.ISP),
        ("hosting", Kind.HOSTING),
        ("search_engine_spider", Kind.BOT),
        ("consumer_privacy_network", Kind.VPN),
    ],
)
def test_the_user_type_decides(user_type: str, kind: Kind) -> None:
    customer = Customer("Zyxwvu AB", "Nowhere Telecom", user_type, "SE", 1, "")
    assert judge_customer(customer).kind is kind


def test_the_enterprise_edition_wins_over_the_isp_edition(data_dir: Path, maxmind: Path) -> None:
    put(data_dir, maxmind, "GeoIP2-ISP-Test", "GeoIP2-Enterprise-Test")
    sources = {row.source for row in ask(data_dir, "74.209.24.0").evidence}
    assert "GeoIP2 Enterprise" in sources
    assert "GeoIP2 ISP" not in sources


def test_anonymous_networks_are_denied(data_dir: Path, maxmind: Path) -> None:
    put(data_dir, maxmind, "GeoIP2-Anonymous-IP-Test")
    assert ask(data_dir, "1.2.0.1").kind is Kind.VPN
    assert ask(data_dir, "65.0.0.1").kind in {Kind.TOR, Kind.VPN, Kind.HOSTING}


def test_a_mobile_line_is_nobodys_office(data_dir: Path, maxmind: Path) -> None:
    put(data_dir, maxmind, "GeoIP2-Connection-Type-Test")
    assert ask(data_dir, "80.214.0.1").kind is Kind.ISP


def test_the_country_comes_from_the_country_edition(data_dir: Path, maxmind: Path) -> None:
    put(data_dir, maxmind, "GeoIP2-Country-Test")
    assert ask(data_dir, "81.2.69.160").country == "GB"


@pytest.mark.parametrize("edition", ["GeoIP2-City-Test", "GeoLite2-City-Test", "GeoLite2-ASN-Test"])
def test_other_editions_give_evidence(data_dir: Path, maxmind: Path, edition: str) -> None:
    put(data_dir, maxmind, edition)
    plain = ask(data_dir, "1.128.0.1")
    found = [row for row in plain.evidence if edition.removesuffix("-Test") in row.source]
    other = [
        row for row in ask(data_dir, "81.2.69.160").evidence if edition.removesuffix("-Test") in row.source
    ]
    assert found or other


def test_a_bad_file_is_refused_and_the_good_one_is_used(
    data_dir: Path, maxmind: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(data_dir, maxmind, "GeoIP2-ISP-Test")
    (data_dir / "geoip" / "a-half.mmdb").write_bytes(
        (maxmind / "test-data" / "GeoIP2-Enterprise-Test.mmdb").read_bytes()[:5000]
    )
    (data_dir / "geoip" / "empty.mmdb").write_bytes(b"")
    assert ask(data_dir, "66.92.181.241").company == "Vikco Insurance"
    assert caplog.text.count("GeoIP file refused") == 2


def test_no_bad_file_stops_a_look_up(data_dir: Path, maxmind: Path) -> None:
    for path in [*maxmind.rglob("*.mmdb")]:
        shutil.copy(path, data_dir / "geoip")
    providers = open_providers(data_dir)
    for address in ("1.1.1.1", "81.2.69.160", "148.2.71.144", "2001:218::1", "0.0.0.1", "255.255.255.255"):
        identify_address(address, providers)
    assert identify_address("148.2.71.144", providers).evidence


@pytest.mark.parametrize("shift", range(0, 12_000, 997))
def test_a_file_with_a_hole_in_it_costs_only_itself(data_dir: Path, maxmind: Path, shift: int) -> None:
    content = bytearray((maxmind / "test-data" / "GeoIP2-Enterprise-Test.mmdb").read_bytes())
    content[shift : shift + 300] = b"\xff" * 300
    (data_dir / "geoip" / "holed.mmdb").write_bytes(content)
    providers = open_providers(data_dir)
    for address in ("74.209.24.0", "81.2.69.160", "2.125.160.216"):
        identify_address(address, providers)
    assert identify_address("148.2.71.144", providers).kind is Kind.COMPANY


def test_cutting_a_file_short_while_it_is_open_does_no_harm(data_dir: Path, maxmind: Path) -> None:
    put(data_dir, maxmind, "GeoIP2-ISP-Test")
    providers = open_providers(data_dir)
    (data_dir / "geoip" / "GeoIP2-ISP-Test.mmdb").write_bytes(b"")
    assert identify_address("66.92.181.241", providers).company == "Vikco Insurance"


def test_no_folder_is_no_files(tmp_path: Path) -> None:
    assert GeoipFolder(tmp_path / "geoip").newest("GeoIP2-ISP") is None


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_file_that_is_put_there_later_is_found(data_dir: Path, maxmind: Path) -> None:
    clock = Clock()
    folder = GeoipFolder(data_dir / "geoip", clock)
    put(data_dir, maxmind, "GeoIP2-ISP-Test")
    assert folder.newest("GeoIP2-ISP") is None
    clock.now = LOOK_AGAIN
    assert folder.newest("GeoIP2-ISP") is not None


def test_a_file_that_is_taken_away_is_let_go(data_dir: Path, maxmind: Path) -> None:
    clock = Clock()
    put(data_dir, maxmind, "GeoIP2-ISP-Test")
    folder = GeoipFolder(data_dir / "geoip", clock)
    (data_dir / "geoip" / "GeoIP2-ISP-Test.mmdb").unlink()
    clock.now = LOOK_AGAIN
    assert folder.newest("GeoIP2-ISP") is None


def test_a_bad_file_is_complained_of_once_and_tried_again_when_it_changes(
    data_dir: Path, maxmind: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    path = data_dir / "geoip" / "isp.mmdb"
    path.write_bytes(b"half a copy")
    folder = GeoipFolder(data_dir / "geoip", clock)
    for clock.now in (LOOK_AGAIN, 2 * LOOK_AGAIN):
        assert folder.newest("GeoIP2-ISP") is None
    assert caplog.text.count("GeoIP file refused") == 1
    shutil.copy(maxmind / "test-data" / "GeoIP2-ISP-Test.mmdb", path)
    clock.now = 3 * LOOK_AGAIN
    assert folder.newest("GeoIP2-ISP") is not None


def test_an_unchanged_file_is_not_opened_again(data_dir: Path, maxmind: Path) -> None:
    clock = Clock()
    put(data_dir, maxmind, "GeoIP2-ISP-Test")
    folder = GeoipFolder(data_dir / "geoip", clock)
    first = folder.newest("GeoIP2-ISP")
    clock.now = LOOK_AGAIN
    assert folder.newest("GeoIP2-ISP") is first
