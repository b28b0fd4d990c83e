from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from tests.alerts.scene import Scene
from tests.conftest import Cast
from tests.fakes.elks import Fake46elks
from tests.fakes.slack import FakeSlack
from tests.fakes.twilio import FakeTwilio
from tracker.db import Database
from tracker.settings import Settings


@pytest.fixture
def scene(database: Database, cast: Cast, now: datetime) -> Scene:
    return Scene(database, cast, now)


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with FakeSlack() as server:
        yield server


@pytest.fixture
def twilio() -> Iterator[FakeTwilio]:
    with FakeTwilio() as server:
        yield server


@pytest.fixture
def elks() -> Iterator[Fake46elks]:
    with Fake46elks() as server:
        yield server


@pytest.fixture
def far_ends(settings: Settings, slack: FakeSlack, twilio: FakeTwilio, elks: Fake46elks) -> Settings:
    """Settings that point at the far ends of this test."""
    return replace(
        settings, slack_api_url=slack.api_url, twilio_api_url=twilio.url, elks_api_url=elks.api_url
    )
