"""What tests of identification share: the embedded data, unpacked once, and rows to make a table of."""

from __future__ import annotations

from asyncio import events
from collections.abc import Iterator
from pathlib import Path

import pytest

from enrichment.providers import Provider, open_providers
from enrichment.providers.routing_table import RoutingTable, open_routing_table

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
MAXMIND = SHARED_DATA / "maxmind"


@pytest.fixture(autouse=True)
def no_running_loop() -> Iterator[None]:
    """A browser that an earlier test of this process started leaves its event loop running."""
    loop = events._get_running_loop()
    events._set_running_loop(None)
    yield
    events._set_running_loop(loop)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with nothing in it but the unpacked table."""
    folder = tmp_path_factory.mktemp("data")
    open_routing_table(folder)
    return folder


@pytest.fixture(scope="session")
def routing(unpacked: Path) -> RoutingTable:
    return open_routing_table(unpacked)


@pytest.fixture(scope="session")
def providers(unpacked: Path) -> tuple[Provider, ...]:
    """The providers of a fresh installation."""
    return open_providers(unpacked)


@pytest.fixture(scope="session")
def maxmind() -> Path:
    """MaxMind's public test databases."""
    if not MAXMIND.is_dir():
        pytest.skip(f"MaxMind's test databases are not at {MAXMIND}")
    return MAXMIND
