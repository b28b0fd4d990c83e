"""Visits that get a company after the rules have spoken: decided again once, and never alerted on twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from alerts.engine import decide_waiting
from alerts.models import Alert
from enrichment.identify import identify_waiting
from enrichment.models import NetworkOverride
from enrichment.providers import Provider, open_providers
from tests.alerts.scene import Scene
from tests.enrichment.test_identify import TELIA
from tracker.models import PageView, Visit
from tracker.settings import Settings


@pytest.fixture(scope="module")
def providers() -> tuple[Provider, ...]:
    return open_providers(None)


class Late:
    """A scene in which the network of all visits gets its name later."""

    def __init__(self, scene: Scene, settings: Settings, providers: tuple[Provider, ...]) -> None:
        self.scene, self.settings, self.providers = scene, settings, providers
        scene.channel()

    def turn(self) -> int:
        """What the worker does; how many alerts there are then."""
        identify_waiting(self.scene.database, self.providers, self.scene.now)
        decide_waiting(self.scene.database, self.settings, self.scene.now)
        with self.scene.database.read() as session:
            return len(session.scalars(select(Alert.id)).all())

    def see(self, at: datetime | None = None) -> PageView:
        page = self.scene.see(identified=False, at=at)
        with self.scene.database.write() as session:
            session.execute(update(Visit).values(address=TELIA))
        return page

    def name(self) -> None:
        with self.scene.database.write() as session:
            session.add(
                NetworkOverride(
                    network=f"{TELIA}/32",
                    kind="company",
                    organisation="Acme",
                    domain="acme.test",
                    created_at=self.scene.now,
                )
            )
        self.identify_anew()

    def identify_anew(self) -> None:
        with self.scene.database.write() as session:
            session.execute(update(Visit).values(identified_at=None))


@pytest.fixture
def late(scene: Scene, settings: Settings, providers: tuple[Provider, ...]) -> Late:
    return Late(scene, settings, providers)


def test_a_fresh_visit_that_is_named_later_rings_once(late: Late) -> None:
    late.scene.rule({"page_group": "pricing"}, repeat_after="0")
    late.see()
    assert late.turn() == 0
    late.name()
    assert late.turn() == 1
    late.identify_anew()
    assert late.turn() == 1


def test_an_old_one_does_not_ring(late: Late) -> None:
    late.scene.rule({"page_group": "pricing"})
    late.see(at=late.scene.now - timedelta(minutes=61))
    late.turn()
    late.name()
    assert late.turn() == 0


def test_a_linked_persons_visit_is_not_decided_twice(late: Late) -> None:
    late.scene.rule({"page_group": "pricing"})
    page = late.see()
    late.scene.link(page)
    assert late.turn() == 1
    late.name()
    assert late.turn() == 1


def test_a_page_view_that_rang_never_rings_again(late: Late) -> None:
    late.scene.rule({"page_group": "pricing"}, repeat_after="0")
    late.scene.see(late.scene.cast.acme)
    assert late.turn() == 1
    with late.scene.database.write() as session:
        session.execute(update(PageView).values(decided_at=None))
    assert late.turn() == 1
