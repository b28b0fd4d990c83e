"""What a page's Content-Security-Policy lets it load, as CSP Level 3 has it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

# Where a browser looks for a rule, the nearest first.
SCRIPT = ("script-src-elem", "script-src", "default-src")
CONNECT = ("connect-src", "default-src")

Policy = Mapping[str, tuple[str, ...]]

_HOST_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>\*|(?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>\d+|\*))?(?P<path>/.*)?",
    re.IGNORECASE,
)
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Load:
    """What a page at `page` wants to load. `nonce` and `integrity` are those of its tag."""

    url: str
    page: str
    nonce: str = ""
    integrity: str = ""


def read_policies(texts: Iterable[str]) -> list[Policy]:
    """All policies of headers and `<meta>` tags; all of them hold."""
    return [policy for text in texts for part in text.split(",") if (policy := _read_policy(part))]


def _read_policy(text: str) -> Policy:
    directives: dict[str, tuple[str, ...]] = {}
    for part in text.split(";"):
        name, *sources = part.split() or [""]
        if name:
            directives.setdefault(name.lower(), tuple(sources))
    return directives


def find_missing(policies: Iterable[Policy], kinds: tuple[str, ...], load: Load) -> str:
    """The line that would let the page load it, for the first policy that forbids it; empty: it may."""
    for policy in policies:
        name = next((kind for kind in kinds if kind in policy), "")
        if name and not is_allowed(policy[name], load, is_script=kinds is SCRIPT):
            return _mended(policy[name], name if name != "default-src" else kinds[-2], load.url)
    return ""


def _mended(sources: tuple[str, ...], name: str, url: str) -> str:
    kept = [source for source in sources if source.lower() != "'none'"]
    parts = urlsplit(url)
    return " ".join([name, *kept, f"{parts.scheme}://{parts.netloc}"])


def is_allowed(sources: Iterable[str], load: Load, *, is_script: bool) -> bool:
    """Whether a list of sources lets the page load it."""
    listed = list(sources)
    if is_script and _is_vouched(listed, load):
        return True
    if is_script and "'strict-dynamic'" in (source.lower() for source in listed):
        # Then browsers pass over all hosts.
        return False
    return any(_matches(source, urlsplit(load.url), urlsplit(load.page)) for source in listed)


def _is_vouched(sources: Iterable[str], load: Load) -> bool:
    """By the tag's nonce, or because all of its hashes are listed."""
    quoted = {source.strip("'") for source in sources if source.startswith("'")}
    hashes = load.integrity.split()
    return (bool(load.nonce) and f"nonce-{load.nonce}" in quoted) or (bool(hashes) and set(hashes) <= quoted)


def _matches(source: str, url: SplitResult, page: SplitResult) -> bool:
    if source.lower() == "'self'":
        same_port = _port(url) == _port(page) or (_port(page), _port(url)) == (80, 443)
        return url.hostname == page.hostname and same_port and _may_be(page.scheme, url.scheme)
    if source == "*":
        return url.scheme in _PORTS
    if source.endswith(":") and "/" not in source:
        return _may_be(source[:-1].lower(), url.scheme)
    found = _HOST_SOURCE.fullmatch(source)
    return bool(found) and _matches_host(found.groupdict(), url, page) if found else False


def _matches_host(wanted: Mapping[str, str | None], url: SplitResult, page: SplitResult) -> bool:
    if not _may_be((wanted["scheme"] or page.scheme).lower(), url.scheme):
        return False
    host, name = (wanted["host"] or "").lower(), (url.hostname or "").lower()
    if host != "*" and not (name.endswith(host[1:]) if host.startswith("*.") else name == host):
        return False
    return _matches_port(wanted["port"], url) and _matches_path(wanted["path"] or "", url.path)


def _matches_port(wanted: str | None, url: SplitResult) -> bool:
    if wanted is None:
        return _port(url) == _PORTS.get(url.scheme)
    return wanted == "*" or int(wanted) == _port(url) or (wanted, _port(url)) == ("80", 443)


def _matches_path(wanted: str, path: str) -> bool:
    return path.startswith(wanted) if wanted.endswith("/") or not wanted else path == wanted


def _may_be(scheme: str, wanted: str) -> bool:
    """A rule for http lets https through as well."""
    return scheme == wanted or (scheme, wanted) == ("http", "https")


def _port(url: SplitResult) -> int | None:
    return url.port or _PORTS.get(url.scheme)
