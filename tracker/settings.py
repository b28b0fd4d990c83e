"""Settings of the installation, read once from the environment.

Everything an admin changes while the program runs lives in the database; only what the process
needs before it can reach the database, or what belongs to the machine, is a setting.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingError(ValueError):
    """A setting has an odd value; the message names it and says what would be right."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table of settings: its name without the prefix, its default and its help text."""

    name: str
    default: str
    help: str
    read: Callable[[str, str], Any]


def _text(name: str, value: str) -> str:
    return value


def _path(name: str, value: str) -> Path:
    return Path(value).expanduser().resolve()


def _flag(name: str, value: str) -> bool:
    words = {
        "on": True,
        "true": True,
        "1": True,
        "yes": True,
        "off": False,
        "false": False,
        "0": False,
        "no": False,
    }
    if value.lower() not in words:
        raise SettingError(f"{name} is {value!r}; write on or off")
    return words[value.lower()]


def _url(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SettingError(f"{name} is {value!r}; write an address that begins with http:// or https://")
    return value.rstrip("/")


def _url_or_none(name: str, value: str) -> str:
    return _url(name, value) if value else ""


def _networks(name: str, value: str) -> tuple[Network, ...]:
    parts = [part for part in value.replace(",", " ").split() if part]
    try:
        return tuple(ipaddress.ip_network(part, strict=False) for part in parts)
    except ValueError as error:
        raise SettingError(
            f"{name} is {value!r}; write networks such as 127.0.0.1 or 10.0.0.0/8, separated by commas"
        ) from error


def _words(name: str, value: str) -> tuple[str, ...]:
    words = tuple(value.replace(",", " ").split())
    if any(re.fullmatch(r"[A-Za-z0-9-]{1,60}", word) is None for word in words):
        raise SettingError(f"{name} is {value!r}; write names such as GeoIP2-ISP, separated by commas")
    return words


def _resolver(name: str, value: str) -> str:
    host, _, port = value.rpartition(":") if value.count(":") == 1 else (value, "", "53")
    try:
        if value not in ("system", "off"):
            ipaddress.ip_address(host)
            int(port)
    except ValueError as error:
        raise SettingError(
            f"{name} is {value!r}; write system, off, or an address such as 192.0.2.53 or 192.0.2.53:5353"
        ) from error
    return value


SETTINGS: tuple[Setting, ...] = (
    Setting("DATA_DIR", "./doorbell-data", "Directory for the database, the inbox and address data.", _path),
    Setting("DATABASE_URL", "", "Empty for SQLite in the data directory, or postgresql+psycopg://...", _text),
    Setting("BASE_URL", "http://127.0.0.1:8000", "Where people and browsers reach this installation.", _url),
    Setting(
        "SECRET_KEY", "", "Signs cookies; made at the first start and kept in the data directory.", _text
    ),
    Setting(
        "TRUSTED_PROXIES",
        "",
        "Networks of proxies whose X-Forwarded-For is believed, separated by commas; none by default.",
        _networks,
    ),
    Setting("SLACK_API_URL", "https://slack.com/api/", "Slack's API; GovSlack has another.", _url),
    Setting("TWILIO_API_URL", "https://api.twilio.com", "Twilio's API.", _url),
    Setting("46ELKS_API_URL", "https://api.46elks.com/a1", "46elks' API.", _url),
    Setting("MAXMIND_ACCOUNT_ID", "", "Account of MaxMind whose databases are fetched weekly.", _text),
    Setting("MAXMIND_LICENSE_KEY", "", "Its license key.", _text),
    Setting("MAXMIND_EDITIONS", "", "Editions to fetch, such as GeoIP2-ISP, separated by commas.", _words),
    Setting("MAXMIND_URL", "https://download.maxmind.com", "Where MaxMind's databases are fetched.", _url),
    Setting("ROUTES_URL", "", "A newer table of routes, fetched weekly; empty: none.", _url_or_none),
    Setting("ROUTES_SHA256_URL", "", "Its checksum; empty: the same address and .sha256.", _url_or_none),
    Setting(
        "DNS_RESOLVER",
        "system",
        "Who is asked for the names of addresses: system, off, or an address such as 192.0.2.53:53.",
        _resolver,
    ),
    Setting(
        "ALLOW_PRIVATE_OUTBOUND",
        "off",
        "On lets outgoing requests reach private addresses, for tests and intranets.",
        _flag,
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process. `read_settings` makes it; tests make it directly."""

    data_dir: Path
    database_url: str
    base_url: str
    secret_key: str
    trusted_proxies: tuple[Network, ...] = ()
    slack_api_url: str = "https://slack.com/api"
    twilio_api_url: str = "https://api.twilio.com"
    elks_api_url: str = "https://api.46elks.com/a1"
    allow_private_outbound: bool = False
    dns_resolver: str = "off"
    maxmind_account_id: str = ""
    maxmind_license_key: str = ""
    maxmind_editions: tuple[str, ...] = ()
    maxmind_url: str = "https://download.maxmind.com"
    routes_url: str = ""
    routes_sha256_url: str = ""

    @property
    def inbox_dir(self) -> Path:
        return self.data_dir / "inbox"

    @property
    def wake_path(self) -> Path:
        """The socket on which the worker hears that a hit has come in.

        Socket addresses end at 107 bytes on Linux, so a deep data directory gets a short one elsewhere.
        """
        path = self.data_dir / "wake.sock"
        if len(os.fsencode(path)) <= 100:
            return path
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"doorbell-{name}.sock"


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `DOORBELL_*`; makes the data directory and the secret key. Raises SettingError."""
    values = {row.name: row.read(f"DOORBELL_{row.name}", _raw(environ, row)) for row in SETTINGS}
    data_dir: Path = values["DATA_DIR"]
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Settings(
        data_dir=data_dir,
        database_url=values["DATABASE_URL"] or f"sqlite:///{data_dir / 'doorbell.db'}",
        base_url=values["BASE_URL"],
        secret_key=values["SECRET_KEY"] or _kept_secret(data_dir / "secret_key"),
        trusted_proxies=values["TRUSTED_PROXIES"],
        slack_api_url=values["SLACK_API_URL"],
        twilio_api_url=values["TWILIO_API_URL"],
        elks_api_url=values["46ELKS_API_URL"],
        allow_private_outbound=values["ALLOW_PRIVATE_OUTBOUND"],
        dns_resolver=values["DNS_RESOLVER"],
        maxmind_account_id=values["MAXMIND_ACCOUNT_ID"],
        maxmind_license_key=values["MAXMIND_LICENSE_KEY"],
        maxmind_editions=values["MAXMIND_EDITIONS"],
        maxmind_url=values["MAXMIND_URL"],
        routes_url=values["ROUTES_URL"],
        routes_sha256_url=values["ROUTES_SHA256_URL"],
    )


def _raw(environ: Mapping[str, str], row: Setting) -> str:
    """The text of a setting: the variable, else the file that its `_FILE` twin names, else the default."""
    name = f"DOORBELL_{row.name}"
    if name in environ:
        return environ[name].strip()
    if file_name := environ.get(f"{name}_FILE"):
        try:
            return Path(file_name).read_text().strip()
        except OSError as error:
            raise SettingError(f"{name}_FILE names a file that cannot be read: {error.strerror}") from error
    return row.default


def _kept_secret(path: Path) -> str:
    """The secret in `path`, made there first if need be; two processes that start together agree on one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_when_written(path)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    return path.read_text()


def _read_when_written(path: Path) -> str:
    text = path.read_text()
    if not text:
        raise SettingError(f"{path} is empty; delete it to have a new secret made")
    return text
