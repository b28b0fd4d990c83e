"""The body of a report to an envelope: docs/protocol.md in code. Pure; the collector acts on the outcome."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from tracker.clean import BadUrl, clean_text, clean_url
from tracker.clean import scrub_url as scrub_url
from tracker.records import Envelope, Hit, to_micros
from tracker.strict_json import BadJson, TooLarge, gunzip, read_json

MOST_BYTES = 65_536
MOST_UNPACKED = 10 * MOST_BYTES
MOST_HITS = 50
MOST_PROPS = 30
MOST_FIELDS = 20
# Hits about a link; its query may hold what a visitor typed, or a ticket that opens doors.
LINKS = frozenset({"outbound", "download", "mailto", "tel"})
LONGEST_SKEW = 7 * 86_400 * 1_000  # milliseconds

Millis = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Value = str | bool | Millis | float

MESSAGES: Mapping[str, str] = {
    "all_refused": "None of the hits could be accepted; `rejected` says why.",
    "consent_invalid": "`c` must be y or n.",
    "encoding_unknown": "Content-Encoding must be gzip or absent.",
    "hits_missing": "`b` must hold 1 to 50 hits.",
    "hits_too_many": "`b` must hold 1 to 50 hits.",
    "invalid_gzip": "The body is not one complete gzip stream.",
    "invalid_json": "The body is not strict JSON in UTF-8.",
    "not_an_object": "The body must be one JSON object.",
    "site_missing": "`s` must hold the key of the site.",
    "site_invalid": "`s` must be 4 to 40 letters, digits, _ or -.",
    "too_deep": "The body nests deeper than 20 levels.",
    "too_many_values": "The body holds more values than are taken here.",
    "too_large": "The body is larger than is taken here.",
    "version_unknown": "`v` must be 1.",
    "visitor_invalid": "`i` must be 8 to 64 lower-case letters, digits or -.",
}

_SITE = re.compile(r"[A-Za-z0-9_-]{4,40}")
_VISITOR = re.compile(r"[0-9a-z-]{8,64}")
_PATH = re.compile(r"`\$\.(\w+)")
_WORDS = {
    "s": "site",
    "v": "version",
    "at": "sent_time",
    "c": "consent",
    "i": "visitor",
    "ss": "session",
    "uid": "user_id",
    "w": "viewport",
    "z": "language",
    "wd": "webdriver",
    "b": "hits",
    "n": "name",
    "id": "id",
    "t": "time",
    "k": "sequence",
    "pv": "page",
    "u": "url",
    "r": "referrer",
    "ti": "title",
    "p": "props",
    "e": "engaged",
    "sd": "scroll",
    "f": "form",
    "g": "group",
}


class ProtocolError(Exception):
    """Why a request is refused: an HTTP status, a code for programs and a sentence for people."""

    def __init__(self, status: int, code: str, rejected: tuple[Rejected, ...] = ()) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = MESSAGES.get(code, "A field has the wrong type or is out of range.")
        self.rejected = rejected


class HitError(Exception):
    """Why one hit of a request is refused."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused hit: its place in `b` and a code."""

    index: int
    code: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the collector knows of a request beside its body. `do_not_track`: a DNT that the site honours."""

    received: datetime
    address: str
    user_agent: str = ""
    prerender: bool = False
    privacy_control: bool = False
    do_not_track: bool = False
    source: str = "snippet"

    @property
    def says_no(self) -> bool:
        """Whether the browser itself asks not to be recognised, which outweighs what the page says."""
        return self.privacy_control or self.do_not_track


@dataclass(frozen=True, slots=True)
class Accepted:
    """The envelope for the inbox, and the hits of the request that are not in it."""

    envelope: Envelope
    rejected: tuple[Rejected, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """The outer object of a body, typed but not yet cut; its hits are still plain values."""

    s: str = ""
    v: int = 1
    at: Millis | None = None
    c: Literal["y", "n"] = "n"
    i: str = ""
    ss: str = ""
    uid: str = ""
    w: int | None = None
    z: str = ""
    wd: bool | int = 0
    b: list[Any] = []


class _RawHit(msgspec.Struct, frozen=True):
    n: str = ""
    id: str = ""
    t: Millis | None = None
    k: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    pv: str = ""
    u: str = ""
    r: str = ""
    ti: str = ""
    p: dict[str, Value] = {}
    e: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] | None = None
    sd: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    f: dict[str, str] = {}
    g: str = ""


def parse_request(body: bytes, arrival: Arrival, *, extra: frozenset[str] = frozenset()) -> Accepted:
    """The whole way from bytes to envelope; `extra` names further query parameters to keep.

    Raises ProtocolError.
    """
    return make_envelope(read_report(body), arrival, extra)


def unpack(body: bytes, encoding: str, most: int = MOST_UNPACKED) -> bytes:
    """The body as JSON text, when packed of at most `most` bytes. Raises ProtocolError."""
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise ProtocolError(400, "encoding_unknown")
    if encoding in ("", "identity"):
        return body
    try:
        return gunzip(body, most)
    except TooLarge:
        raise ProtocolError(413, "too_large") from None
    except BadJson as error:
        raise ProtocolError(400, error.code) from None


def read_report(body: bytes) -> Report:
    """The outer object, checked, so that the site can be looked up. Raises ProtocolError with status 400."""
    try:
        value = read_json(body)
    except BadJson as error:
        raise ProtocolError(400, error.code) from None
    if not isinstance(value, dict):
        raise ProtocolError(400, "not_an_object")
    try:
        report = msgspec.convert(value, Report)
    except msgspec.ValidationError as error:
        raise ProtocolError(400, _code(error)) from None
    _check_report(report)
    return report


def make_envelope(report: Report, arrival: Arrival, extra: frozenset[str] = frozenset()) -> Accepted:
    """What of the report goes to the inbox. Without consent nothing that tells visitors apart does.

    Raises ProtocolError when no hit is left.
    """
    consented = report.c == "y" and not arrival.says_no
    if consented and report.i and not _VISITOR.fullmatch(report.i):
        raise ProtocolError(400, "visitor_invalid")
    hits, rejected = _read_hits(report, arrival, extra, consented=consented)
    if not hits:
        raise ProtocolError(400, "all_refused", rejected)
    envelope = Envelope(
        site=report.s,
        received=to_micros(arrival.received),
        address=arrival.address,
        hits=hits,
        user_agent=clean_text(arrival.user_agent, 512),
        consent="y" if consented else "n",
        visitor=report.i if consented else "",
        session=clean_text(report.ss, 32) if consented else "",
        user_id=clean_text(report.uid, 255) if consented else "",
        language=clean_text(report.z, 35),
        viewport=report.w if report.w is not None and 0 <= report.w <= 100_000 else None,
        webdriver=bool(report.wd),
        prerender=arrival.prerender,
        privacy_signal=arrival.says_no,
        source=arrival.source,
    )
    return Accepted(envelope, rejected)


def _check_report(report: Report) -> None:
    if not report.s:
        raise ProtocolError(400, "site_missing")
    if not _SITE.fullmatch(report.s):
        raise ProtocolError(400, "site_invalid")
    if report.v != 1:
        raise ProtocolError(400, "version_unknown")
    if not report.b:
        raise ProtocolError(400, "hits_missing")
    if len(report.b) > MOST_HITS:
        raise ProtocolError(400, "hits_too_many")


def _read_hits(
    report: Report, arrival: Arrival, extra: frozenset[str], *, consented: bool
) -> tuple[list[Hit], tuple[Rejected, ...]]:
    hits, rejected = [], []
    received = to_micros(arrival.received)
    for index, value in enumerate(report.b):
        try:
            raw = _convert_hit(value)
            seen = decide_time(received, report.at, raw.t)
            hits.append(_make_hit(raw, seen, extra, consented=consented))
        except HitError as error:
            rejected.append(Rejected(index, error.code))
    return hits, tuple(rejected)


def _convert_hit(value: object) -> _RawHit:
    try:
        return msgspec.convert(value, _RawHit)
    except msgspec.ValidationError as error:
        raise HitError(_code(error)) from None


def _make_hit(raw: _RawHit, seen: int, extra: frozenset[str], *, consented: bool) -> Hit:
    name, hit_id, page = clean_text(raw.n, 64), clean_text(raw.id, 65), clean_text(raw.pv, 16)
    _check_hit(raw, name, hit_id, page)
    return Hit(
        name=name,
        id=hit_id,
        seen=seen,
        url=_page_url(raw.u, extra),
        referrer=scrub_url(raw.r, extra) if raw.r else "",
        title=clean_text(raw.ti, 300),
        page=page,
        sequence=raw.k,
        client_time=raw.t,
        props=_clean_props(name, raw.p),
        engaged=raw.e,
        scroll=raw.sd,
        form=_clean_form(raw.f) if consented else {},
        group=clean_text(raw.g, 255),
    )


def _check_hit(raw: _RawHit, name: str, hit_id: str, page: str) -> None:
    if not name:
        raise HitError("name_missing")
    if not hit_id:
        raise HitError("id_missing")
    # Two ids cut to the same text would make the second hit a duplicate, so a long one is refused.
    if len(hit_id) > 64:
        raise HitError("id_invalid")
    if raw.pv and len(page) < 4:
        raise HitError("page_invalid")
    if name == "pageview" and not raw.u:
        raise HitError("url_missing")
    if len(raw.p) > MOST_PROPS:
        raise HitError("props_too_many")
    if len(raw.f) > MOST_FIELDS:
        raise HitError("form_too_many")


def decide_time(received: int, sent_ms: int | None, client_ms: int | None) -> int:
    """When a hit happened, in microseconds by the server's clock.

    A client's clock may be years off, but the span between two of its readings is right: the hit's age is
    the sent time minus its time. An age below zero or above 7 days is not believed.
    """
    if sent_ms is None or client_ms is None:
        return received
    age = sent_ms - client_ms
    return received - age * 1_000 if 0 <= age <= LONGEST_SKEW else received


def _page_url(text: str, extra: frozenset[str]) -> str:
    if not text:
        return ""
    try:
        return clean_url(text, extra)
    except BadUrl:
        raise HitError("url_invalid") from None


def _clean_props(name: str, props: dict[str, Value]) -> dict[str, Value]:
    """Properties within their limits; a followed link goes without its query, whoever sends it."""
    clean = {clean_text(key, 64): _clean_value(value) for key, value in props.items()}
    if name in LINKS and isinstance(url := clean.get("url"), str):
        clean["url"] = url.partition("#")[0].partition("?")[0]
    return clean


def _clean_value(value: Value) -> Value:
    return clean_text(value, 500) if isinstance(value, str) else value


def _clean_form(fields: dict[str, str]) -> dict[str, str]:
    return {clean_text(name, 200): clean_text(value, 200) for name, value in fields.items()}


def _code(error: msgspec.ValidationError) -> str:
    """`url_invalid` for a message that ends in "at `$.u`"; `hit_invalid` when it is about the whole."""
    match = _PATH.search(str(error))
    return f"{_WORDS.get(match[1], 'hit') if match else 'hit'}_invalid"
