"""The collector's picture of the sites: in memory, a second old at most, kept when the database is away."""

from __future__ import annotations

import ipaddress
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.exc import SQLAlchemyError

from tracker.clean import BadUrl, clean_host
from tracker.db import Database
from tracker.models import Site, SiteKey
from tracker.server_keys import digest_key
from tracker.settings import Network

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 1.0
WAIT_SECONDS = 5.0

_COLUMNS = (
    Site.id,
    Site.key,
    Site.hosts,
    Site.staff_networks,
    Site.page_groups,
    Site.query_parameters,
    Site.debug_until,
    Site.sender_consent,
    Site.do_not_track,
    Site.secret,
)
_SELECT_KEYS = (
    select(SiteKey.digest, Site.key)
    .join(Site, Site.id == SiteKey.site_id)
    .where(SiteKey.revoked_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """What the collector must know of a site. `hosts` are lower case, `*.` stands for any subdomain."""

    id: int
    key: str
    hosts: tuple[str, ...] = ()
    staff_networks: tuple[Network, ...] = ()
    page_groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    query_parameters: frozenset[str] = frozenset()
    debug_until: datetime | None = None
    sender_consent: bool = False
    do_not_track: bool = False
    secret: str = field(default="", repr=False)


class SiteBook:
    """All sites by key, read again every second by a daemon thread, which starts with the first question."""

    def __init__(
        self,
        database: Database,
        *,
        refresh_seconds: float = REFRESH_SECONDS,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """`then` is what else the thread does each time."""
        self._database = database
        self._then = then
        self._refresh_seconds = refresh_seconds
        self._sites: dict[str, SiteFacts] = {}
        self._secrets: dict[str, str] = {}
        self._is_current = False
        self._is_tried = False
        self._begin()
        _books.add(self)

    @property
    def is_current(self) -> bool:
        """False while the database cannot be read: an unknown key may then be a new site's."""
        return self._is_current

    def find(self, key: str) -> SiteFacts | None:
        """The site with this key; an unknown key is looked up in the database at once."""
        self.start()
        return self._sites.get(key) or self._find_anew(key, self._find_public)

    def find_server(self, secret: str) -> SiteFacts | None:
        """The site of a server's secret key that has not been revoked."""
        self.start()
        digest = digest_key(secret)
        return self._find_secret(digest) or self._find_anew(digest, self._find_secret)

    def close(self) -> None:
        self._stop.set()
        if self._thread and self._thread.is_alive():
            self._thread.join(WAIT_SECONDS)

    def refresh(self) -> None:
        """Reads the sites now. When the database is away, the last picture stays."""
        self._refreshed = time.monotonic()
        try:
            with self._database.read() as session:
                rows = session.execute(select(*_COLUMNS)).all()
                keys = session.execute(_SELECT_KEYS).all()
        except SQLAlchemyError as error:
            if self._is_current or not self._is_tried:
                logger.warning("sites cannot be read; the last picture stays: %s", type(error).__name__)
            self._is_current = False
        else:
            self._sites = {site.key: site for row in rows if (site := self._read_site(row))}
            self._secrets = {row.digest: row.key for row in keys}
            self._is_current = True
        self._is_tried = True

    def _begin(self) -> None:
        self._refreshing = threading.Lock()
        self._starting = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._refreshed = 0.0

    def _after_fork(self) -> None:
        # Threads do not survive a fork, locks may have been held, and connections stay with the parent.
        self._database.engine.dispose(close=False)
        self._begin()

    def start(self) -> None:
        """Starts the thread, if it does not run yet."""
        if self._thread:
            return
        with self._starting:
            if not self._thread and not self._stop.is_set():
                self._thread = threading.Thread(target=self._keep_fresh, name="sites", daemon=True)
                self._thread.start()

    def _keep_fresh(self) -> None:
        while not self._stop.wait(self._refresh_seconds):
            with self._refreshing:
                self.refresh()
            if self._is_current:
                self._then()

    def _read_site(self, row: Row[tuple[object, ...]]) -> SiteFacts | None:
        # One odd row must not stop the thread: all other sites would stay as they are for ever.
        try:
            return make_site_facts(row)
        except (TypeError, ValueError, AttributeError):
            logger.warning("site %s has settings of a wrong shape; the last ones stay", row.key)
            return self._sites.get(row.key)

    def _find_public(self, key: str) -> SiteFacts | None:
        return self._sites.get(key)

    def _find_secret(self, digest: str) -> SiteFacts | None:
        return self._sites.get(self._secrets.get(digest, ""))

    def _find_anew(self, key: str, find: Callable[[str], SiteFacts | None]) -> SiteFacts | None:
        # While the database is away, every look may hang until its time is over; the thread alone tries.
        if self._is_tried and not self._is_current:
            return None
        asked = time.monotonic()
        if self._refreshing.acquire(timeout=WAIT_SECONDS):
            try:
                # One look serves all who asked before it began, however many strangers ask at once.
                if self._refreshed <= asked:
                    self.refresh()
            finally:
                self._refreshing.release()
        return find(key)


_books: weakref.WeakSet[SiteBook] = weakref.WeakSet()


def _renew_after_fork() -> None:
    for book in list(_books):
        book._after_fork()


os.register_at_fork(after_in_child=_renew_after_fork)


def make_site_facts(row: Row[tuple[object, ...]]) -> SiteFacts:
    """The facts of a row of `sites`. Hosts and networks that cannot be read are left out."""
    return SiteFacts(
        id=row.id,
        key=row.key,
        hosts=_read_hosts(row.hosts),
        staff_networks=_read_networks(row.staff_networks),
        page_groups=tuple((name, tuple(patterns)) for name, patterns in row.page_groups),
        query_parameters=frozenset(row.query_parameters),
        debug_until=row.debug_until,
        sender_consent=row.sender_consent,
        do_not_track=row.do_not_track,
        secret=row.secret,
    )


def _read_hosts(texts: Sequence[str]) -> tuple[str, ...]:
    """Hosts in one spelling. One that cannot be read stays as it is, and matches nothing: it must not turn a
    closed site into an open one."""
    return tuple(_read_host(text) for text in texts)


def _read_host(text: str) -> str:
    star, bare = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    name, colon, port = bare.partition(":")
    try:
        return star + clean_host(name) + colon + port
    except BadUrl:
        return text


def _read_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            logger.warning("a staff network cannot be read: %r", text)
    return tuple(networks)
