"""Segment's package for Node sends to Doorbell."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.door import Door
from tests.clients.test_whole_way import ask_for_consent

HERE = Path(__file__).parent
MODULES = HERE / "node_modules" / "@segment"


@pytest.fixture(scope="session", autouse=True)
def node() -> None:
    if shutil.which("node") is None or not MODULES.exists():
        pytest.skip("no Node packages here: npm ci in tests/clients")


def send(key: str, url: str, names: str) -> list[Any]:
    """The client's errors."""
    command = ["node", "send.cjs", key, url, names]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=100, check=True)
    errors: list[Any] = json.loads(done.stdout)
    return errors


def test_messages_arrive(door: Door, server_key: str) -> None:
    ask_for_consent(door.database)
    assert send(server_key, door.url, "page,Signed up,identify,group,alias") == []
    assert sorted(hit.name for hit in door.hits()) == ["Signed up", "alias", "group", "identify", "pageview"]
    assert {envelope.address for envelope in door.envelopes()} == {"198.51.100.7"}
    for name in ("identify", "group", "alias"):
        assert "sig" in door.named(name)[0].props
    assert door.named("group")[0].props["domain"] == "https://acme.test"


def test_a_refused_batch_is_sent_again(door: Door, server_key: str) -> None:
    door.refusals.append(503)
    assert send(server_key, door.url, "Signed up") == []
    assert door.received[1]["HTTP_X_RETRY_COUNT"] == "1"
    assert [hit.name for hit in door.hits()] == ["Signed up"]


def test_an_unknown_key_is_told(door: Door) -> None:
    errors = send("server_" + "0" * 48, door.url, "Signed up")
    assert errors[0]["code"] == "delivery_failure"
    assert door.hits() == []
