"""The doors for Segment's clients: `/v1/*`. docs/segment.md says what is answered when."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, request

from tracker.answers import ANYWHERE, FRESH, JSON, READABLE, Answer, Headers, Refusal, refuse
from tracker.collector import Collector, as_response, heed, read_body
from tracker.protocol import ProtocolError, Rejected
from tracker.segment import MOST_BYTES, Batch, Sender, read_batch, take_batch
from tracker.server_keys import is_server_key

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# The last part of the address, and the type of its one message; empty: a batch.
ROUTES: Mapping[str, str] = {
    "batch": "",
    "import": "",
    "b": "",
    "track": "track",
    "t": "track",
    "page": "page",
    "p": "page",
    "identify": "identify",
    "i": "identify",
    "group": "group",
    "g": "group",
    "alias": "alias",
    "a": "alias",
    "screen": "screen",
    "s": "screen",
}
# By name: to a browser `*` does not cover Authorization.
PREFLIGHT: Headers = (
    ("Access-Control-Allow-Methods", "GET, POST"),
    ("Access-Control-Allow-Headers", "authorization, content-type, x-retry-count"),
    ("Access-Control-Max-Age", "86400"),
)


def segment_blueprint(collector: Collector) -> Blueprint:
    """`/v1/*` as Flask views. They need no CSRF protection and no sign-in."""
    blueprint = Blueprint("segment", __name__, url_prefix="/v1")
    methods = ["POST", "OPTIONS"]

    @blueprint.route(f"/<any({','.join(ROUTES)}):route>", methods=methods, provide_automatic_options=False)
    def take(route: str) -> Response:
        return as_response(_answer(collector, ROUTES[route], request.environ))

    @blueprint.route("/projects/<key>/settings", methods=["GET", "OPTIONS"], provide_automatic_options=False)
    def project(key: str) -> Response:
        return as_response(_answer_settings(collector, key, request.environ))

    return blueprint


def _answer(collector: Collector, kind: str, environ: WSGIEnvironment) -> Answer:
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return Answer(204, ANYWHERE + PREFLIGHT)
    try:
        batch = read_batch(read_body(environ, MOST_BYTES, MOST_BYTES), kind)
        taken = take_batch(batch, find_sender(collector, batch, environ))
        collector.keep(*taken.envelopes)
    except (ProtocolError, Refusal) as error:
        return refuse(error)
    return _make_answer(taken.rejected)


def _make_answer(rejected: tuple[Rejected, ...]) -> Answer:
    body: dict[str, Any] = {"success": True}
    if rejected:
        body["rejected"] = [{"index": row.index, "code": row.code} for row in rejected]
    return Answer(200, ANYWHERE + FRESH + READABLE + JSON, msgspec.json.encode(body))


def find_sender(collector: Collector, batch: Batch, environ: WSGIEnvironment) -> Sender:
    """Who sends, by the key of the header or else of the body. Raises Refusal."""
    key = read_basic_user(environ.get("HTTP_AUTHORIZATION", "")) or batch.key
    if not key:
        raise Refusal(401, "key_missing")
    arrival = collector.read_arrival(environ)
    if not is_server_key(key):
        site = collector.admit(key, arrival.address, environ)
        return Sender(site, heed(arrival, site), vouched=False)
    if "HTTP_ORIGIN" in environ:
        # Whoever can read the page has the key now.
        raise Refusal(403, "secret_in_browser")
    site = collector.admit_server(key)
    return Sender(site, heed(arrival, site), vouched=True)


def read_basic_user(header: str) -> str:
    """The user name of an `Authorization: Basic` header; empty when there is none that can be read."""
    scheme, _, packed = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed.strip(), validate=True).decode().partition(":")[0]
    except ValueError:
        return ""


def _answer_settings(collector: Collector, key: str, environ: WSGIEnvironment) -> Answer:
    """What Segment's browser client asks before it sends: where to send to, and nothing else."""
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return Answer(204, ANYWHERE + PREFLIGHT)
    try:
        collector.admit(key, collector.read_arrival(environ).address, environ)
    except Refusal as error:
        return refuse(error)
    place = urlsplit(collector.base_url)
    door = {"apiKey": key, "apiHost": f"{place.netloc}{place.path}/v1", "protocol": place.scheme}
    settings = {"integrations": {"Segment.io": door}, "plan": {}, "enabledMiddleware": {}}
    return Answer(200, ANYWHERE + FRESH + JSON, msgspec.json.encode(settings))
