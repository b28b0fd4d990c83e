"""The picture of the sites: fresh, and kept when the database is away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from tests.conftest import Cast, wait_until
from tracker.db import Database
from tracker.models import Site
from tracker.sites import SiteBook


@pytest.fixture
def book(database: Database) -> Iterator[SiteBook]:
    book = SiteBook(database, refresh_seconds=0.05)
    yield book
    book.close()


def add_site(database: Database, now: datetime, key: str, **more: Any) -> None:
    with database.write() as session:
        session.add(Site(key=key, name=key, secret="s", created_at=now, **more))


def test_a_site_is_found_by_its_key(book: SiteBook, cast: Cast) -> None:
    site = book.find("acme-web")
    assert site
    assert (site.id, site.key, site.hosts) == (cast.site.id, "acme-web", ("www.ours.test",))
    assert [str(network) for network in site.staff_networks] == ["203.0.113.0/24"]
    assert site.page_groups[0] == ("pricing", ("/pricing*", "/priser*"))


def test_an_unknown_key_is_nobodys(book: SiteBook, cast: Cast) -> None:
    assert book.find("no-such-site") is None
    assert book.is_current


def test_a_new_site_is_known_at_once(database: Database, cast: Cast, now: datetime) -> None:
    book = SiteBook(database, refresh_seconds=3600)
    assert book.find("new-site") is None
    add_site(database, now, "new-site")
    assert book.find("new-site") is not None
    book.close()


def test_a_change_takes_effect_by_itself(database: Database, book: SiteBook, cast: Cast) -> None:
    assert book.find("acme-web")
    with database.write() as session:
        session.execute(update(Site).values(hosts=["other.test"]))
    wait_until(lambda: (site := book.find("acme-web")) and site.hosts == ("other.test",))


def test_a_deleted_site_is_forgotten(database: Database, book: SiteBook, cast: Cast) -> None:
    assert book.find("acme-web")
    with database.write() as session:
        session.execute(delete(Site))
    wait_until(lambda: book.find("acme-web") is None)


def test_the_last_picture_stays_while_the_database_is_away(
    database: Database, book: SiteBook, cast: Cast
) -> None:
    assert book.find("acme-web")
    with database.write() as session:
        session.execute(text("ALTER TABLE sites RENAME TO away"))
    wait_until(lambda: not book.is_current)
    assert book.find("acme-web") is not None
    assert book.find("new-site") is None
    with database.write() as session:
        session.execute(text("ALTER TABLE away RENAME TO sites"))
    wait_until(lambda: book.is_current)


def test_a_database_that_was_never_there_is_told_from_an_unknown_key(database: Database) -> None:
    with database.write() as session:
        session.execute(text("ALTER TABLE sites RENAME TO away"))
    book = SiteBook(database)
    assert book.find("acme-web") is None
    assert not book.is_current
    book.close()


def test_hosts_have_one_spelling_and_odd_ones_never_open_a_site(
    database: Database, book: SiteBook, now: datetime
) -> None:
    hosts = ["WWW.Acme.test.", "*.Acme.test", "acme.test:8080", "räksmörgås.test", "not a host"]
    add_site(database, now, "hosts", hosts=hosts)
    site = book.find("hosts")
    assert site
    assert site.hosts == (
        "www.acme.test", "*.acme.test", "acme.test:8080", "xn--rksmrgs-5wao1o.test", "not a host"
    )  # fmt: skip


def test_an_odd_staff_network_is_passed_over(database: Database, book: SiteBook, now: datetime) -> None:
    add_site(database, now, "networks", staff_networks=["odd", "192.0.2.1/24"])
    site = book.find("networks")
    assert site
    assert [str(network) for network in site.staff_networks] == ["192.0.2.0/24"]


def test_a_site_of_a_wrong_shape_keeps_its_last_settings_and_harms_no_other(
    database: Database, book: SiteBook, cast: Cast, now: datetime
) -> None:
    assert book.find("acme-web")
    with database.write() as session:
        session.execute(update(Site).values(hosts=[5], page_groups=["odd"]))
    add_site(database, now, "new-site")
    assert book.find("new-site") is not None
    site = book.find("acme-web")
    assert site
    assert site.hosts == ("www.ours.test",)


def test_a_forked_child_looks_for_itself(database: Database, book: SiteBook, cast: Cast) -> None:
    assert book.find("acme-web")
    child = os.fork()
    if child == 0:
        os._exit(0 if book.find("acme-web") and book.find("none") is None and book.is_current else 1)
    assert os.waitpid(child, 0)[1] == 0
