"""Text and addresses from strangers, made fit to store: bounded, without control characters or secrets."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

MOST_URL = 2048

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
# The same list as in the snippet. Only what is known to be harmless stays: a list of forbidden names would
# miss the next secret's name.
_HARMLESS = re.compile(
    r"utm_\w+|hsa_\w+|gclid|gbraid|wbraid|dclid|msclkid|fbclid|li_fat_id|ttclid|twclid|mc_cid"
    r"|ref|source|plan|product|lang",
    re.ASCII,
)
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_.])?|\[[0-9a-f:.]+\]")
_ROUTE = re.compile(r"!?/[^?]*")


class BadUrl(ValueError):
    """Not an http or https address."""


def clean_text(text: str, most: int) -> str:
    """At most `most` characters, without control characters; a lone surrogate becomes U+FFFD."""
    if _CONTROL.search(text):
        text = _CONTROL.sub("", text)
    if _SURROGATE.search(text):
        text = _SURROGATE.sub("\ufffd", text)
    return text[:most]


def clean_url(text: str, extra: frozenset[str] = frozenset()) -> str:
    """A page's address without sign-in data and without query parameters that are not known to be harmless.

    `extra` holds further harmless names. Of a fragment only a route such as `#/pricing` stays. At most 2,048
    characters. Raises BadUrl.
    """
    parts = _split(clean_text(text, 65_536).strip())
    query = "&".join(pair for pair in parts.query.split("&") if _is_harmless(pair, extra))
    route = _ROUTE.match(parts.fragment)
    path = parts.path.replace("\\", "/") or "/"
    url = f"{parts.scheme}://{_host_and_port(parts.scheme, parts.netloc)}{path}"
    url += f"?{query}" if query else ""
    url += f"#{route[0]}" if route else ""
    # What stood behind a space may be gone now, so the end is looked at last.
    return url[:MOST_URL].rstrip()


def scrub_url(text: str, extra: frozenset[str] = frozenset()) -> str:
    """Like clean_url, but an empty text for what is no http or https address."""
    try:
        return clean_url(text, extra)
    except BadUrl:
        return ""


def find_host(url: str) -> str:
    """The host of an address, as clean_host writes it, with its port if it names one; else an empty text."""
    try:
        parts = _split(url)
        return _host_and_port(parts.scheme, parts.netloc)
    except BadUrl:
        return ""


def clean_host(host: str) -> str:
    """A host name in lower case and ASCII, without a closing dot. Raises BadUrl."""
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            raise BadUrl from None
    # Now, for other scripts have full stops of their own.
    host = host.lower().rstrip(".")
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise BadUrl
    return host


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise BadUrl from None
    if parts.scheme not in ("http", "https"):
        raise BadUrl
    return parts


def _host_and_port(scheme: str, netloc: str) -> str:
    # Bounded before it is kept in memory: a host has at most 253 characters.
    if len(netloc) > 300:
        raise BadUrl
    return _read_netloc(scheme, netloc)


@lru_cache(4096)
def _read_netloc(scheme: str, netloc: str) -> str:
    # Browsers end the host at a backslash; a reader that does not would take another host for the page's.
    if "\\" in netloc:
        raise BadUrl
    parts = SplitResult(scheme, netloc, "", "", "")
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadUrl from None
    host = clean_host(f"[{host}]" if ":" in host else host)
    return host if port is None or (scheme, port) in _USUAL else f"{host}:{port}"


_USUAL = {("http", 80), ("https", 443)}


def _is_harmless(pair: str, extra: frozenset[str]) -> bool:
    name = pair.partition("=")[0]
    return bool(_HARMLESS.fullmatch(name)) or name in extra
