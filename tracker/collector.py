"""The collector: answers the snippet and servers, puts what they report into the inbox, and nothing more.

`Collector.answer` is the one function behind both doors: the thin WSGI callable in front of Flask, and the
Flask view. docs/protocol.md says what is answered when.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qs

import msgspec
from flask import Blueprint, Response, request

from tracker.address import find_client_address
from tracker.answers import (
    ANYWHERE,
    EMBEDDABLE,
    FOREVER,
    FRESH,
    GIF,
    GIF_TYPE,
    PREFLIGHT,
    SHORT,
    STATUS_LINES,
    Answer,
    Headers,
    Refusal,
    make_answer,
    refuse,
    retry_header,
)
from tracker.clean import find_host
from tracker.db import Database, utc_now
from tracker.filters import find_drop
from tracker.inbox import Inbox, InboxError, InboxFull, wake
from tracker.notes import REFUSED_HOST, SCRIPT, CollectorNotes
from tracker.origin import is_from_site
from tracker.protocol import (
    MOST_BYTES,
    MOST_UNPACKED,
    Arrival,
    ProtocolError,
    make_envelope,
    read_report,
    unpack,
)
from tracker.rate_limit import RateLimit
from tracker.records import Envelope, encode_envelope
from tracker.script import CURRENT, LITE, Script, choose_encoding, is_known, read_scripts
from tracker.segments import MOST_RECORD
from tracker.settings import Settings
from tracker.sites import SiteBook, SiteFacts

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

REPORT_PATH = "/s/e"
FULL_SECONDS = 60
AWAY_SECONDS = 5
MOST_DISCARDED = 1024 * 1024


class Collector:
    """Accepts reports for all sites. It keeps accepting while the database is away."""

    def __init__(
        self,
        settings: Settings,
        sites: SiteBook,
        inbox: Inbox,
        *,
        limit: RateLimit | None = None,
        notes: CollectorNotes | None = None,
        scripts: Mapping[str, Script] | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._sites = sites
        self._inbox = inbox
        self._limit = limit or RateLimit()
        self._notes = notes
        self._scripts = read_scripts() if scripts is None else scripts
        self._clock = clock

    def wsgi(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """`/s/e` as a WSGI application of its own."""
        answer = self.answer(environ)
        length = () if answer.status == 204 else (("Content-Length", str(len(answer.body))),)
        start_response(STATUS_LINES[answer.status], [*answer.headers, *length])
        return [answer.body]

    def answer(self, environ: WSGIEnvironment) -> Answer:
        """The answer to any request for `/s/e`."""
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            return Answer(204, ANYWHERE + PREFLIGHT)
        if method != "POST":
            return refuse(Refusal(405, "method_not_allowed"), ("Allow", "POST, OPTIONS"))
        try:
            return self._accept(environ)
        except (ProtocolError, Refusal) as error:
            return refuse(error)

    def answer_pixel(self, environ: WSGIEnvironment) -> Answer:
        """The `<noscript>` image: a page view of the page that the Referer header names.

        The image comes with every answer, for a broken one would show on the page.
        """
        headers = ANYWHERE + FRESH + EMBEDDABLE + GIF_TYPE
        try:
            if environ["REQUEST_METHOD"] == "GET":
                self._record_pixel(environ)
        except (ProtocolError, Refusal) as error:
            return Answer(error.status, headers + retry_header(error), GIF)
        return Answer(200, headers, GIF)

    def answer_script(self, name: str, environ: WSGIEnvironment) -> Answer:
        """A build of the snippet by its file name, in the best encoding; 404 for a name never released."""
        script = self._scripts.get(name)
        if script is None:
            return Answer(404, ANYWHERE + FRESH)
        self._note("", SCRIPT, environ.get("HTTP_REFERER", ""))
        encoding = choose_encoding(environ.get("HTTP_ACCEPT_ENCODING", ""), script.bodies)
        headers = _script_headers(script, encoding, lasting=name not in (CURRENT, LITE))
        if is_known(script.etag(encoding), environ.get("HTTP_IF_NONE_MATCH", "")):
            return Answer(304, headers)
        kind: Headers = (("Content-Type", "text/javascript; charset=utf-8"),)
        packed: Headers = () if encoding == "identity" else (("Content-Encoding", encoding),)
        return Answer(200, headers + kind + packed, script.bodies[encoding])

    @property
    def base_url(self) -> str:
        return self._settings.base_url

    def refresh_sites(self) -> None:
        """Reads sites and keys now rather than within the second."""
        self._sites.refresh()

    def close(self) -> None:
        self._sites.close()
        self._inbox.close()

    def _accept(self, environ: WSGIEnvironment) -> Answer:
        report = read_report(read_body(environ))
        arrival = self.read_arrival(environ)
        site = self.admit(report.s, arrival.address, environ)
        accepted = make_envelope(report, heed(arrival, site), site.query_parameters)
        self.keep(accepted.envelope)
        return make_answer(accepted, find_dropped(site, accepted.envelope, arrival.received))

    def _record_pixel(self, environ: WSGIEnvironment) -> None:
        keys = parse_qs(environ.get("QUERY_STRING", "")).get("s", [""])
        page = environ.get("HTTP_REFERER", "")
        if not page:
            raise Refusal(400, "referrer_missing")
        hit = {"n": "pageview", "id": str(uuid.uuid4()), "u": page}
        report = read_report(msgspec.json.encode({"s": keys[0], "b": [hit]}))
        arrival = self.read_arrival(environ)
        site = self.admit(report.s, arrival.address, environ)
        self.keep(make_envelope(report, heed(arrival, site), site.query_parameters).envelope)

    def admit_server(self, secret: str) -> SiteFacts:
        """The site of a server's secret key. Raises Refusal."""
        site = self._sites.find_server(secret)
        if site is None:
            self._refuse_unknown("key_unknown", 401)
        return site

    def admit(self, key: str, address: str, environ: WSGIEnvironment) -> SiteFacts:
        """The site of a public key, when the page may report to it and not too often. Raises Refusal."""
        site = self._sites.find(key)
        if site is None:
            self._note_unknown(key, environ)
            self._refuse_unknown("site_unknown", 404)
        if not is_from_site(environ.get("HTTP_ORIGIN", ""), environ.get("HTTP_REFERER", ""), site.hosts):
            self._note(key, REFUSED_HOST, environ.get("HTTP_ORIGIN") or environ.get("HTTP_REFERER", ""))
            raise Refusal(403, "origin_not_allowed")
        wait = self._limit.take(key, address, time.monotonic())
        if wait:
            raise Refusal(429, "rate_limited", retry_after=int(wait) + 1)
        return site

    def _note(self, key: str, kind: str, page: str) -> None:
        host = find_host(page)
        if self._notes and host:
            self._sites.start()
            self._notes.add(key, kind, host)

    def _note_unknown(self, key: str, environ: WSGIEnvironment) -> None:
        if self._notes and self._sites.is_current:
            page = environ.get("HTTP_ORIGIN") or environ.get("HTTP_REFERER", "")
            self._notes.add_unknown(key, find_host(page))

    def _refuse_unknown(self, code: str, status: int) -> NoReturn:
        if not self._sites.is_current:
            raise Refusal(503, "sites_unavailable", retry_after=AWAY_SECONDS)
        raise Refusal(status, code)

    def keep(self, *envelopes: Envelope) -> None:
        """Returns when the envelopes are on the disk and the worker has been told. Raises Refusal."""
        try:
            self._inbox.append_all([record for envelope in envelopes for record in encode_parts(envelope)])
        except InboxFull as error:
            raise Refusal(503, "inbox_full", retry_after=FULL_SECONDS) from error
        except InboxError as error:
            raise Refusal(503, "inbox_unavailable", retry_after=AWAY_SECONDS) from error
        wake(self._settings.wake_path)

    def read_arrival(self, environ: WSGIEnvironment) -> Arrival:
        """Who sent the request, when and how, as far as its headers tell."""
        purpose = f"{environ.get('HTTP_SEC_PURPOSE', '')} {environ.get('HTTP_PURPOSE', '')}"
        from_page = "HTTP_ORIGIN" in environ or "HTTP_REFERER" in environ
        return Arrival(
            received=self._clock(),
            address=find_client_address(
                environ.get("REMOTE_ADDR", ""),
                environ.get("HTTP_X_FORWARDED_FOR", ""),
                self._settings.trusted_proxies,
            ),
            user_agent=environ.get("HTTP_USER_AGENT", ""),
            prerender="prerender" in purpose or "prefetch" in purpose,
            privacy_control=environ.get("HTTP_SEC_GPC") == "1",
            do_not_track=environ.get("HTTP_DNT") == "1",
            source="snippet" if from_page else "server",
        )


def make_collector(settings: Settings, database: Database) -> Collector:
    """The collector of an installation."""
    notes = CollectorNotes(database)
    sites = SiteBook(database, then=notes.save)
    return Collector(settings, sites, Inbox(settings.inbox_dir), notes=notes)


def collector_front(application: WSGIApplication, collector: Collector) -> WSGIApplication:
    """Puts the collector before an application: `/s/e` does not pay for what pages need."""

    def front(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == REPORT_PATH:
            return collector.wsgi(environ, start_response)
        return application(environ, start_response)

    return front


def collector_blueprint(collector: Collector) -> Blueprint:
    """The script, the pixel and `/s/e` as Flask views. They need no CSRF protection and no sign-in."""
    blueprint = Blueprint("collector", __name__, url_prefix="/s")
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    @blueprint.route("/e", methods=methods, provide_automatic_options=False)
    def report() -> Response:
        return as_response(collector.answer(request.environ))

    @blueprint.route("/px", methods=["GET", "OPTIONS"], provide_automatic_options=False)
    def pixel() -> Response:
        return _get_or_options(collector.answer_pixel)

    @blueprint.route("/v.js", methods=["GET", "OPTIONS"], provide_automatic_options=False)
    @blueprint.route("/v.<build>.js", methods=["GET", "OPTIONS"], provide_automatic_options=False)
    def script(build: str = "") -> Response:
        name = f"v.{build}.js" if build else CURRENT
        return _get_or_options(lambda environ: collector.answer_script(name, environ))

    return blueprint


def read_body(environ: WSGIEnvironment, most: int = MOST_BYTES, most_unpacked: int = MOST_UNPACKED) -> bytes:
    """The body as JSON text; `most` bounds its bytes as they were sent.

    Raises ProtocolError when it is too large or wrongly packed.
    """
    stream, length = environ["wsgi.input"], environ.get("CONTENT_LENGTH") or ""
    # A server that knows where the body ends says so; without that and a length, reading could wait forever.
    size = most + 1 if environ.get("wsgi.input_terminated") else 0
    if length:
        # No number of more than nine digits is a size we take; Python itself refuses very long ones.
        size = int(length[:10]) if length.isascii() and length.isdigit() else 0
        if size > most:
            _discard(stream, min(size, MOST_DISCARDED))
            raise ProtocolError(413, "too_large")
    body: bytes = stream.read(size) if size else b""
    if len(body) > most:
        raise ProtocolError(413, "too_large")
    return unpack(body, environ.get("HTTP_CONTENT_ENCODING", "").strip().lower(), most_unpacked)


def _discard(stream: InputStream, size: int) -> None:
    """Reads the body that is refused: a sender that is cut off in the middle never sees the answer."""
    while size > 0 and (data := stream.read(min(size, MOST_BYTES))):
        size -= len(data)


def encode_parts(envelope: Envelope) -> list[bytes]:
    """The envelope as records that the inbox takes: in parts where it is too long for one."""
    record = encode_envelope(envelope)
    middle = len(envelope.hits) // 2
    if len(record) <= MOST_RECORD or not middle:
        return [record]
    halves = envelope.hits[:middle], envelope.hits[middle:]
    return [part for hits in halves for part in encode_parts(msgspec.structs.replace(envelope, hits=hits))]


def heed(arrival: Arrival, site: SiteFacts) -> Arrival:
    """The arrival as the site takes it: Do Not Track counts only where the site honours it."""
    if arrival.do_not_track and not site.do_not_track:
        return replace(arrival, do_not_track=False)
    return arrival


def find_dropped(site: SiteFacts, envelope: Envelope, now: datetime) -> str:
    """Why the hits will be dropped; told only while debug is on."""
    if site.debug_until is None or site.debug_until <= now:
        return ""
    drop = find_drop(envelope, site.staff_networks)
    return drop.reason.value if drop else ""


def _script_headers(script: Script, encoding: str, *, lasting: bool) -> Headers:
    return (
        *ANYWHERE,
        *EMBEDDABLE,
        ("Cache-Control", FOREVER if lasting else SHORT),
        ("ETag", script.etag(encoding)),
        ("Vary", "Accept-Encoding"),
    )


def _get_or_options(answer: Callable[[WSGIEnvironment], Answer]) -> Response:
    if request.method == "OPTIONS":
        allow: Headers = (("Access-Control-Allow-Methods", "GET"), ("Allow", "GET, HEAD, OPTIONS"))
        return as_response(Answer(204, ANYWHERE + allow))
    return as_response(answer(request.environ))


def as_response(answer: Answer) -> Response:
    """The answer as Flask sends it, with no header of Flask's own choice."""
    response = Response(answer.body, answer.status)
    del response.headers["Content-Type"]
    response.headers.extend(answer.headers)
    return response
