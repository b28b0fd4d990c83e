"""The one way out: every request to another machine goes through `post` or `get` here.

No proxies or passwords from the environment, no redirects, always a timeout, one attempt; and no
connection to an address inside our own network unless the admin allows it. The address is checked
when the connection is made, because a name may resolve to something else by then.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, BinaryIO
from urllib.parse import quote, quote_plus, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError, SSLError
from urllib3.util.retry import Retry

from tracker.db import utc_now
from tracker.settings import Settings

TIMEOUT = (3.05, 10.0)  # seconds to connect, and between two bytes of the answer
ANSWER_SECONDS = 20.0  # for the whole answer
ANSWER_BYTES = 64 * 1024
SHORTEST_SECRET = 4
MOST_REDIRECTS = 3
# What we wait when the far end asks us to: at most, and when it does not say how long, in seconds.
LONGEST_WAIT = 3600.0
DEFAULT_WAIT = 30.0

# `ipaddress.is_private` lets through multicast, 6to4, NAT64 and carrier-grade NAT; this table does not.
_DENIED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)


class OutboundError(Exception):
    """No answer came. `sent` says whether the far end may have got the request all the same."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class AddressRefused(OutboundError):
    """The address is inside our own network, or the URL is one we never call."""

    def __init__(self, message: str) -> None:
        super().__init__(message, sent=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the beginning of its text (64 KiB unless told otherwise), header names in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str


def post(
    url: str,
    settings: Settings,
    *,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
) -> Reply:
    """One POST, one attempt. Raises OutboundError, whose text never holds the URL's path or a secret."""
    return _ask("POST", url, settings, headers, login, json=json, data=form)


def get(
    url: str,
    settings: Settings,
    *,
    headers: Mapping[str, str] | None = None,
    login: tuple[str, str] | None = None,
    most: int = ANSWER_BYTES,
) -> Reply:
    """One GET, one attempt, of which `most` bytes are read.

    Raises OutboundError, whose text never holds the URL's path or a secret.
    """
    return _ask("GET", url, settings, headers, login, most)


def download(
    url: str,
    settings: Settings,
    file: BinaryIO,
    *,
    most: int,
    seconds: float,
    login: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """One GET whose body goes to `file`: at most `most` bytes, in at most `seconds`.

    Redirects are followed, each checked as the first address is, and without the login. Only the body of
    a 200 is written; another answer comes back as its text. Raises OutboundError.
    """
    who = login
    deadline = time.monotonic() + seconds
    for _ in range(MOST_REDIRECTS + 1):
        check_url(url, settings)
        host = urlsplit(url).hostname or ""
        with _make_session(settings) as session:
            try:
                response = session.get(
                    url,
                    headers=headers,
                    auth=_login(who),
                    timeout=TIMEOUT,
                    allow_redirects=False,
                    stream=True,
                )
                if response.is_redirect:
                    url, who = urljoin(url, response.headers["location"]), None
                    continue
                if response.status_code != 200:
                    return Reply(response.status_code, _lower(response.headers), _read(response))
                _write(response, file, most, deadline)
                return Reply(response.status_code, _lower(response.headers), "")
            except requests.RequestException as error:
                raise _explain(error, host) from None
    raise OutboundError(f"{host} redirects again and again", sent=True)


def _write(response: requests.Response, file: BinaryIO, most: int, deadline: float) -> None:
    for chunk in response.iter_content(256 * 1024):
        file.write(chunk)
        if file.tell() > most:
            raise OutboundError("the answer is larger than such a file can be", sent=True)
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("the answer took too long")


def _ask(
    method: str,
    url: str,
    settings: Settings,
    headers: Mapping[str, str] | None,
    login: tuple[str, str] | None,
    most: int = ANSWER_BYTES,
    **body: Any,
) -> Reply:
    check_url(url, settings)
    with _make_session(settings) as session:
        try:
            response = session.request(
                method,
                url,
                headers=headers,
                auth=_login(login),
                timeout=TIMEOUT,
                allow_redirects=False,
                stream=True,
                **body,
            )
            return Reply(response.status_code, _lower(response.headers), _read(response, most))
        except requests.RequestException as error:
            raise _explain(error, urlsplit(url).hostname or "") from None


def read_retry_after(text: str | None) -> float:
    """Seconds from a Retry-After header: a number or an HTTP date; 30 when there is neither, 1 h at most."""
    raw = (text or "").strip()
    if raw.isascii() and raw.isdigit() and len(raw) < 12:
        return min(max(float(raw), 1.0), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(raw)
    except (TypeError, ValueError):
        return DEFAULT_WAIT
    if moment.tzinfo is None:
        return DEFAULT_WAIT
    return min(max((moment - utc_now()).total_seconds(), 1.0), LONGEST_WAIT)


def check_url(url: str, settings: Settings) -> None:
    """Raises AddressRefused for a URL we never call; forms call it too, before anything is saved."""
    wanted = "write an address that begins with https://, without user name and password"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressRefused(wanted) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable():
        raise AddressRefused(wanted)
    if parts.username or parts.password:
        raise AddressRefused(wanted)
    if settings.allow_private_outbound:
        return
    if _port(url) not in (80, 443):
        raise AddressRefused("only ports 80 and 443 are called")
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return
    _refuse_denied(str(literal))


def is_denied(address: str) -> bool:
    """Whether an IP address belongs to networks that outgoing requests must not reach."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return any(ip in network for network in _DENIED_V4)
    return ip not in _PUBLIC_V6 or any(ip in network for network in _DENIED_V6)


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret, also in its URL-quoted forms, replaced."""
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    for form in sorted(forms, key=len, reverse=True):
        if len(form) >= SHORTEST_SECRET:
            text = text.replace(form, "[secret]")
    return text


def _login(login: tuple[str, str] | None) -> requests.auth.AuthBase:
    """Always an object: without one requests would look for a .netrc. Bytes, or it takes Latin-1 only."""
    if login is None:
        return _NoLogin()
    return requests.auth.HTTPBasicAuth(login[0].encode(), login[1].encode())


class _NoLogin(requests.auth.AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def _port(url: str) -> int:
    try:
        parts = urlsplit(url)
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return 0


def _refuse_denied(address: str) -> None:
    if is_denied(address):
        raise AddressRefused(
            f"{address} is inside our own network; DOORBELL_ALLOW_PRIVATE_OUTBOUND=on allows that"
        )


class _CheckedConnection(HTTPConnection):
    """Resolves the name once, refuses denied addresses, and connects to exactly what it checked."""

    def _new_conn(self) -> socket.socket:
        return _connect_checked(self, super()._new_conn)


class _CheckedTlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect_checked(self, super()._new_conn)


def _connect_checked(connection: Any, connect: Callable[[], socket.socket]) -> socket.socket:
    name = connection._dns_host
    try:
        found = socket.getaddrinfo(name, connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NewConnectionError(connection, "the name cannot be resolved") from error
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    for address in addresses:
        _refuse_denied(address)
    failure: NewConnectionError | None = None
    for address in addresses:
        # urllib3 connects to `_dns_host`; the certificate is still checked against the name.
        connection._dns_host = address
        try:
            return connect()
        except NewConnectionError as error:
            failure = error
        finally:
            connection._dns_host = name
    raise failure or NewConnectionError(connection, "the name has no address")


class _CheckedPool(HTTPConnectionPool):
    ConnectionCls = _CheckedConnection


class _CheckedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTlsConnection


class _CheckedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _CheckedPool, "https": _CheckedTlsPool}


def _make_session(settings: Settings) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    kind = HTTPAdapter if settings.allow_private_outbound else _CheckedAdapter
    for scheme in ("http://", "https://"):
        # read=False hands on what happened after the request was sent instead of trying again.
        session.mount(scheme, kind(max_retries=Retry(0, read=False)))
    session.headers["User-Agent"] = "Doorbell"
    session.headers["Connection"] = "close"
    return session


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _read(response: requests.Response, most: int = ANSWER_BYTES) -> str:
    """The answer's text, cut; an answer that drips longer than 20 s counts as none."""
    deadline = time.monotonic() + ANSWER_SECONDS
    body = b""
    for chunk in response.iter_content(4096):
        body += chunk
        if time.monotonic() > deadline:
            raise requests.ReadTimeout("the answer took too long")
        if len(body) > most:
            break
    return body[:most].decode("utf-8", "replace")


def _explain(error: requests.RequestException, host: str) -> OutboundError:
    cause = _cause(error)
    if isinstance(error, requests.ConnectTimeout):
        return OutboundError(f"{host} did not accept a connection within {TIMEOUT[0]} s", sent=False)
    if isinstance(error, requests.exceptions.SSLError) or isinstance(cause, SSLError):
        return OutboundError(f"{host} has no certificate that we trust", sent=False)
    if isinstance(cause, NewConnectionError):
        return OutboundError(f"{host} cannot be reached", sent=False)
    if isinstance(error, requests.Timeout):
        return OutboundError(f"{host} got the request and did not answer in time", sent=True)
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return OutboundError(f"{host} broke the connection before it answered", sent=True)
    if isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader)):
        return OutboundError(f"the address or login of {host} has characters that cannot be sent", sent=False)
    return OutboundError(f"{host} answered in a way that cannot be read", sent=True)


def _cause(error: requests.RequestException) -> object:
    first = error.args[0] if error.args else None
    return getattr(first, "reason", first)
