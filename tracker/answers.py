"""What the collector answers: statuses, headers, and the codes and sentences of refusals.

All texts are fixed: nothing of a request comes back in its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tracker.protocol import Accepted, ProtocolError, Rejected

Headers = tuple[tuple[str, str], ...]

ANYWHERE: Headers = (("Access-Control-Allow-Origin", "*"), ("X-Content-Type-Options", "nosniff"))
FRESH: Headers = (("Cache-Control", "no-store"),)
EMBEDDABLE: Headers = (("Cross-Origin-Resource-Policy", "cross-origin"),)
JSON: Headers = (("Content-Type", "application/json"),)
# A script on another site may read only these of our headers beside the usual ones.
READABLE: Headers = (("Access-Control-Expose-Headers", "Retry-After, X-Dropped"),)
PREFLIGHT: Headers = (
    ("Access-Control-Allow-Methods", "POST"),
    ("Access-Control-Allow-Headers", "content-type"),
    ("Access-Control-Max-Age", "86400"),
)
SHORT = "public, max-age=3600, stale-while-revalidate=86400"
FOREVER = "public, max-age=31536000, immutable"

GIF_TYPE: Headers = (("Content-Type", "image/gif"),)
# One transparent pixel.
GIF = bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b")

STATUS_LINES = {
    200: "200 OK",
    202: "202 Accepted",
    204: "204 No Content",
    304: "304 Not Modified",
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    413: "413 Content Too Large",
    429: "429 Too Many Requests",
    503: "503 Service Unavailable",
}

_MESSAGES: Mapping[str, str] = {
    "inbox_full": "The server's disk is nearly full; come again later.",
    "inbox_unavailable": "The server cannot write now; come again later.",
    "key_missing": "Send the key as `writeKey` or as the user name of Authorization: Basic.",
    "key_unknown": "There is no such key, or it has been revoked.",
    "method_not_allowed": "Only POST and OPTIONS are answered here.",
    "origin_not_allowed": "The page's host is not among the hosts of this site.",
    "rate_limited": "Too many requests from this address; come again later.",
    "secret_in_browser": "A server's secret key came from a page. Revoke it, and use the site's key there.",
    "site_unknown": "There is no site with this key.",
    "sites_unavailable": "The sites cannot be looked up now; come again later.",
    "referrer_missing": "Without a Referer header the pixel cannot tell which page was seen.",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: Headers = ()
    body: bytes = b""


class Refusal(Exception):
    """A request that is not accepted. `retry_after` in seconds tells the sender when to come again."""

    def __init__(self, status: int, code: str, *, retry_after: int = 0) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = _MESSAGES[code]
        self.retry_after = retry_after


def make_answer(accepted: Accepted, dropped: str) -> Answer:
    """202, with the list of refused hits when there are any; `dropped` is for the site's debugging."""
    headers = ANYWHERE + FRESH + READABLE + ((("X-Dropped", dropped),) if dropped else ())
    if not accepted.rejected:
        return Answer(202, headers)
    body = {"accepted": len(accepted.envelope.hits), "rejected": _list_rejected(accepted.rejected)}
    return Answer(202, headers + JSON, msgspec.json.encode(body))


def refuse(error: Refusal | ProtocolError, *more: tuple[str, str]) -> Answer:
    """The answer to what is not accepted."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if isinstance(error, ProtocolError) and error.rejected:
        body["rejected"] = _list_rejected(error.rejected)
    headers = ANYWHERE + FRESH + READABLE + JSON + retry_header(error) + more
    return Answer(error.status, headers, msgspec.json.encode(body))


def retry_header(error: Refusal | ProtocolError) -> Headers:
    seconds = error.retry_after if isinstance(error, Refusal) else 0
    return (("Retry-After", str(seconds)),) if seconds else ()


def _list_rejected(rejected: tuple[Rejected, ...]) -> list[dict[str, Any]]:
    return [{"index": row.index, "code": row.code} for row in rejected]
