from __future__ import annotations

import ipaddress
from pathlib import Path

from enrichment.providers.routing_table import RoutingTable, cache_directory, open_routing_table

SAAB = ipaddress.ip_address("148.2.71.144")


def test_the_table_is_unpacked_once(tmp_path: Path) -> None:
    open_routing_table(tmp_path)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_mtime_ns
    open_routing_table(tmp_path)
    assert path.stat().st_mtime_ns == before


def test_a_cut_off_table_is_unpacked_anew(tmp_path: Path) -> None:
    open_routing_table(tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:1000])
    assert open_routing_table(tmp_path).find(SAAB) is not None


def test_the_table_of_an_earlier_version_is_removed(tmp_path: Path) -> None:
    (tmp_path / "asn-0000.mmdb").write_bytes(b"old")
    open_routing_table(tmp_path)
    assert not (tmp_path / "asn-0000.mmdb").exists()


def test_a_route_tells_network_and_holder(routing: RoutingTable) -> None:
    route = routing.find(SAAB)
    assert route is not None
    assert (route.asn, route.name, route.country) == (197425, "Saab AB", "SE")
    assert SAAB in ipaddress.ip_network(route.network)


def test_what_nobody_announces_has_no_route(routing: RoutingTable) -> None:
    assert routing.find(ipaddress.ip_address("192.0.2.1")) is None


def test_without_a_data_directory_the_cache_directory_is_used(monkeypatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "doorbell"
