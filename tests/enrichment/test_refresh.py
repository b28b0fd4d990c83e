"""Fetching MaxMind's databases from a server that also refuses, cuts short and talks nonsense."""

from __future__ import annotations

import base64
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from enrichment.providers.swaps import previous_of
from enrichment.refresh import AFTER_FAILURE, EVERY, RefreshError, refresh_maxmind
from tests.conftest import make_settings
from tracker.settings import Settings

EDITION = "GeoIP2-ISP"


def pack(data: bytes, name: str = f"{EDITION}_20261101/{EDITION}.mmdb") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


class Downloads(ThreadingHTTPServer):
    """MaxMind's download host: it checks the login and redirects to a store that wants none."""

    def __init__(self, packed: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.packed = packed
        self.sum = hashlib.sha256(packed).hexdigest()
        self.status = 0
        self.asked: list[tuple[str, str]] = []


class Handler(BaseHTTPRequestHandler):
    server: Downloads

    def do_GET(self) -> None:
        login = self.headers.get("Authorization", "")
        self.server.asked.append((self.path, login))
        if self.path.startswith("/store/"):
            text = f"{self.server.sum}  {EDITION}.tar.gz".encode()
            self._send(200, text if self.path.endswith("sha256") else self.server.packed)
        elif self.server.status:
            self._send(self.server.status, b"no")
        elif login != "Basic " + base64.b64encode(b"42:secret").decode():
            self._send(401, b"Invalid license key")
        else:
            self.send_response(302)
            self.send_header("Location", f"/store/{self.path.rpartition('=')[2]}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def isp(maxmind: Path) -> bytes:
    return (maxmind / "test-data" / "GeoIP2-ISP-Test.mmdb").read_bytes()


@pytest.fixture
def server(isp: bytes) -> Iterator[Downloads]:
    server = Downloads(pack(isp))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def account(tmp_path: Path, server: Downloads) -> Settings:
    return make_settings(
        tmp_path,
        maxmind_account_id="42",
        maxmind_license_key="secret",
        maxmind_editions=(EDITION,),
        maxmind_url=f"http://127.0.0.1:{server.server_address[1]}",
    )


def path_of(settings: Settings) -> Path:
    return settings.data_dir / "geoip" / f"{EDITION}.mmdb"


def test_the_database_is_fetched_and_put_in_place(
    account: Settings, server: Downloads, isp: bytes, now: datetime
) -> None:
    assert refresh_maxmind(account, now) == [EDITION]
    assert path_of(account).read_bytes() == isp


def test_the_login_does_not_follow_a_redirect(account: Settings, server: Downloads, now: datetime) -> None:
    refresh_maxmind(account, now)
    assert [login for path, login in server.asked if path.startswith("/store/")] == ["", ""]


def test_it_is_fetched_once_a_week(account: Settings, now: datetime) -> None:
    moments = (now, now + timedelta(days=6), now + EVERY + timedelta(hours=12))
    assert [refresh_maxmind(account, moment) for moment in moments] == [[EDITION], [], [EDITION]]


def test_the_one_in_use_before_is_kept(account: Settings, isp: bytes, now: datetime) -> None:
    refresh_maxmind(account, now)
    refresh_maxmind(account, now + timedelta(days=8))
    assert previous_of(path_of(account)).read_bytes() == isp


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "account id or the license key"),
        (403, "does not hold"),
        (429, "too many downloads"),
        (500, "answered 500"),
    ],
)
def test_a_refusal_is_told_and_the_old_file_stays(
    account: Settings, server: Downloads, isp: bytes, now: datetime, status: int, words: str
) -> None:
    refresh_maxmind(account, now)
    server.status = status
    with pytest.raises(RefreshError, match=words):
        refresh_maxmind(account, now + timedelta(days=8))
    assert path_of(account).read_bytes() == isp


@pytest.mark.parametrize("case", ["truncated", "html", "another name", "another edition", "no database"])
def test_what_is_not_the_database_is_refused(
    account: Settings, server: Downloads, maxmind: Path, isp: bytes, now: datetime, case: str
) -> None:
    server.packed = {
        "truncated": server.packed[: len(server.packed) // 2],
        "html": b"<!doctype html><title>Sign in</title>",
        "another name": pack(isp, "../../evil.mmdb"),
        "another edition": pack((maxmind / "test-data" / "GeoLite2-ASN-Test.mmdb").read_bytes()),
        "no database": pack(b"<html>"),
    }[case]
    server.sum = hashlib.sha256(server.packed).hexdigest()
    with pytest.raises(RefreshError, match=EDITION):
        refresh_maxmind(account, now)
    assert not path_of(account).exists()
    assert not list(account.data_dir.rglob("evil*"))


def test_a_wrong_checksum_is_refused(account: Settings, server: Downloads, now: datetime) -> None:
    server.sum = "0" * 64
    with pytest.raises(RefreshError, match="checksum"):
        refresh_maxmind(account, now)


def test_a_failure_stays_in_sight_and_is_tried_again_after_six_hours(
    account: Settings, server: Downloads, now: datetime
) -> None:
    server.status = 429
    for moment in (now, now + timedelta(hours=1)):
        with pytest.raises(RefreshError, match="too many"):
            refresh_maxmind(account, moment)
    assert len(server.asked) == 1
    server.status = 0
    assert refresh_maxmind(account, now + AFTER_FAILURE) == [EDITION]


def test_without_an_account_nothing_is_fetched(tmp_path: Path, now: datetime) -> None:
    assert refresh_maxmind(make_settings(tmp_path), now) == []
