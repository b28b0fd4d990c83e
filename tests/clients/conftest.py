from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.door import Door
from tests.conftest import Cast
from tracker.db import Database


@pytest.fixture
def database_kind() -> str:
    """The clients talk to the collector, which asks the database for sites and keys only."""
    return "sqlite"


@pytest.fixture
def door(database: Database, cast: Cast, tmp_path: Path) -> Iterator[Door]:
    door = Door(database, tmp_path)
    yield door
    door.close()


@pytest.fixture
def server_key(door: Door, cast: Cast) -> str:
    return door.make_key(cast.site.id)
