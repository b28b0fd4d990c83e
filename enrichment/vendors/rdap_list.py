"""Which registry's server answers for an address: IANA's list (RFC 9224), fetched once and kept."""

from __future__ import annotations

import ipaddress
import json
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from enrichment.providers.address import Address
from tracker.outbound import OutboundError, get
from tracker.settings import Settings

IANA = "https://data.iana.org/rdap"
FOLDER = "rdap"
# Registries get new blocks a few times a year.
KEEP = timedelta(days=30)


class RdapListError(RuntimeError):
    """There is no list of registries to go by; the message says why."""


def find_server(address: Address, settings: Settings, place: str, now: datetime) -> str:
    """The address of the server to ask, ending in a slash; empty where no registry is responsible.

    `place` is where the lists are fetched. Raises RdapListError.
    """
    text = _get_list(f"ipv{address.version}.json", settings, place, now)
    return pick_server(read_services(text), address)


def read_services(text: str) -> list[tuple[list[str], list[str]]]:
    """The list's pairs of networks and servers. Raises RdapListError for anything else."""
    try:
        services = json.loads(text)["services"]
        return [(_texts(networks), _texts(servers)) for networks, servers in services]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise RdapListError("the list of registries cannot be read") from error


def pick_server(services: list[tuple[list[str], list[str]]], address: Address) -> str:
    """The server of the longest network around the address, by https where there is a choice."""
    best, longest = "", -1
    for networks, servers in services:
        for network in networks:
            length = _length_around(network, address)
            if length > longest and servers:
                best, longest = _preferred(servers), length
    return best


def _length_around(text: str, address: Address) -> int:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return -1
    return network.prefixlen if address in network else -1


def _preferred(servers: list[str]) -> str:
    chosen = next((server for server in servers if server.startswith("https://")), servers[0])
    return chosen if chosen.endswith("/") else f"{chosen}/"


def _texts(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)]


def _get_list(name: str, settings: Settings, place: str, now: datetime) -> str:
    path = settings.data_dir / FOLDER / name
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    if kept and now - datetime.fromtimestamp(path.stat().st_mtime, UTC) < KEEP:
        return kept
    try:
        text = _fetch(f"{place or IANA}/{name}", settings)
    except RdapListError:
        if kept:
            # An old list is right nearly everywhere, and the next question tries again.
            return kept
        raise
    _write(path, text, now)
    return text


def _fetch(url: str, settings: Settings) -> str:
    try:
        reply = get(url, settings, headers={"Accept": "application/json"})
    except OutboundError as error:
        raise RdapListError(f"the list of registries was not fetched: {error}") from error
    if reply.status != 200:
        raise RdapListError(f"the list of registries was not fetched: the answer was {reply.status}")
    read_services(reply.text)
    return reply.text


def _write(path: Path, text: str, now: datetime) -> None:
    path.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.utime(file.name, (now.timestamp(), now.timestamp()))
    Path(file.name).replace(path)
