"""The documented configurations in the servers they are for: the visitor's address arrives, and no other."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.browser.recorder import Answer, Server
from tests.clients.door import Door
from tests.conftest import Cast, wait_until
from tests.stand import free_port
from tracker.db import Database

DOCS = Path(__file__).parents[2] / "docs"
# Another end of this machine's loopback, so that visitor and proxy have different addresses.
VISITOR = "127.0.0.2"
REPORT = {"s": "acme-web", "b": [{"n": "pageview", "id": "hit-1", "u": "https://www.ours.test/"}]}
SPOOFED = {"X-Forwarded-For": "192.0.2.66", "X_Forwarded_For": "192.0.2.67", "Cookie": "sign-in=secret"}


class Proxy:
    """A web server of the customer's in front of `backend`, with our configuration."""

    def __init__(self, kind: str, directory: Path, backend: int, *changes: tuple[str, str]) -> None:
        self.port = free_port()
        start = start_nginx if kind == "nginx" else start_caddy
        self._process = start(directory, self.port, backend, *changes)
        wait_until(self._listens, seconds=60, what=kind)

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPResponse:
        """An answer to a visitor, its body already read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, 30, (VISITOR, 0))
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        fields = {"Host": "www.acme.test", "Content-Length": str(len(body))} | headers
        for name, value in fields.items():
            connection.putheader(name, value)
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _listens(self) -> bool:
        assert self._process.poll() is None, "the server does not like its configuration"
        try:
            self.ask("GET", "/")
        except OSError:
            return False
        return True


def start_nginx(
    directory: Path, port: int, backend: int, *changes: tuple[str, str]
) -> subprocess.Popen[bytes]:
    server = fill((DOCS / "proxy" / "nginx.conf").read_text(), *changes)
    server = fill(
        server, ("listen 80;", f"listen 127.0.0.1:{port};"), ("127.0.0.1:8000", f"127.0.0.1:{backend}")
    )
    temporary = "\n".join(
        f"{name}_temp_path {directory}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"""daemon off; pid {directory}/nginx.pid; error_log stderr; worker_processes 1;
    events {{ }}
    http {{ access_log off; {temporary} {server} }}"""
    (directory / "nginx.conf").write_text(whole)
    return subprocess.Popen(
        [find_program("nginx") or "", "-p", str(directory), "-c", str(directory / "nginx.conf")]
    )


def start_caddy(
    directory: Path, port: int, backend: int, *changes: tuple[str, str]
) -> subprocess.Popen[bytes]:
    site = fill((DOCS / "proxy" / "Caddyfile").read_text(), *changes)
    # Without a certificate, which only the real name would get.
    own = f"http://www.acme.test:{port} {{"
    site = fill(site, ("www.acme.test {", own), ("127.0.0.1:8000", f"127.0.0.1:{backend}"))
    (directory / "Caddyfile").write_text(f"{{\n\tadmin off\n\tauto_https off\n}}\n{site}")
    command = [
        find_program("caddy") or "",
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        str(directory / "Caddyfile"),
    ]
    return subprocess.Popen(command, env=os.environ | {"HOME": str(directory)})


def fill(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def find_program(name: str) -> str | None:
    """Debian keeps servers where only root looks for programs."""
    return shutil.which(name, path="/usr/local/bin:/usr/bin:/usr/sbin:" + os.environ.get("PATH", ""))


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture(params=["nginx", "caddy"])
def kind(request: pytest.FixtureRequest) -> str:
    if find_program(request.param) is None:
        pytest.skip(f"no {request.param} on this machine: tools/install_for_tests.sh")
    return str(request.param)


@pytest.fixture
def upstream() -> Iterator[Server]:
    """In Doorbell's place, to see what comes through."""
    server = Server()
    server.pages["/s/e"] = Answer(202)
    yield server
    server.close()


def test_only_the_address_of_the_connection_comes_through(
    kind: str, upstream: Server, tmp_path: Path
) -> None:
    proxy = Proxy(kind, tmp_path, upstream.port)
    kept = {"Origin": "https://www.acme.test", "User-Agent": "Firefox", "Sec-GPC": "1", "DNT": "1"}
    kept |= {"Sec-Purpose": "prefetch", "Authorization": "Basic eA==", "Referer": "https://www.acme.test/a"}
    proxy.ask("POST", "/s/e", "{}", **SPOOFED, **kept)
    proxy.close()
    headers = {name.lower(): value for name, value in upstream.received[-1].headers.items()}
    assert headers["x-forwarded-for"] == VISITOR
    assert not {"x_forwarded_for", "cookie"} & headers.keys()
    assert {name: headers.get(name.lower()) for name in kept} == kept


def test_the_visitors_address_is_what_is_kept(
    kind: str, database: Database, cast: Cast, tmp_path: Path
) -> None:
    door = Door(database, tmp_path, trusted_proxies=(ip_network("127.0.0.1/32"),))
    proxy = Proxy(kind, tmp_path, door.port)
    answer = proxy.ask("POST", "/s/e", json.dumps(REPORT), **SPOOFED, Origin="https://www.ours.test")
    assert answer.status == 202
    assert [envelope.address for envelope in door.envelopes()] == [VISITOR]
    proxy.close()
    door.close()


def test_the_script_comes_through_packed(kind: str, database: Database, cast: Cast, tmp_path: Path) -> None:
    door = Door(database, tmp_path)
    proxy = Proxy(kind, tmp_path, door.port)
    answer = proxy.ask("GET", "/s/v.js", **{"Accept-Encoding": "br"})
    assert (answer.status, answer.getheader("Content-Encoding")) == (200, "br")
    again = proxy.ask(
        "GET", "/s/v.js", **{"Accept-Encoding": "br", "If-None-Match": answer.getheader("ETag") or ""}
    )
    assert again.status == 304
    proxy.close()
    door.close()


OTHER_PATH = {
    "nginx": [
        ("location ~ ^/(s|v1)/ {", "location /bell/ {"),
        ("proxy_pass http://127.0.0.1:8000;", "proxy_pass http://127.0.0.1:8000/;"),
    ],
    "caddy": [("@doorbell path /s/* /v1/*\n\thandle @doorbell {", "handle_path /bell/* {")],
}


def test_another_path_may_be_taken(kind: str, upstream: Server, tmp_path: Path) -> None:
    text = (DOCS / "proxy.md").read_text()
    assert all(new in text for _, new in OTHER_PATH[kind])
    proxy = Proxy(kind, tmp_path, upstream.port, *OTHER_PATH[kind])
    assert proxy.ask("POST", "/bell/s/e", "{}", **SPOOFED).status == 202
    proxy.close()
    assert upstream.received[-1].path == "/s/e"
    assert {name.lower(): text for name, text in upstream.received[-1].headers.items()}[
        "x-forwarded-for"
    ] == VISITOR


def test_a_second_server_in_front_of_doorbell_appends(
    kind: str, database: Database, cast: Cast, tmp_path: Path
) -> None:
    if find_program("nginx") is None:
        pytest.skip("no nginx on this machine: tools/install_for_tests.sh")
    door = Door(database, tmp_path, trusted_proxies=(ip_network("127.0.0.1/32"),))
    places = [tmp_path / name for name in ("first", "second")]
    for place in places:
        place.mkdir()
    second = Proxy("nginx", places[1], door.port, ("For $remote_addr;", "For $proxy_add_x_forwarded_for;"))
    first = Proxy(kind, places[0], second.port)
    origin = {"Origin": "https://www.ours.test"}
    assert first.ask("POST", "/s/e", json.dumps(REPORT), **SPOOFED, **origin).status == 202
    assert [envelope.address for envelope in door.envelopes()] == [VISITOR]
    for one in (first, second, door):
        one.close()


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_docs_show_the_configuration_that_is_tested(name: str) -> None:
    assert (DOCS / "proxy" / name).read_text() in (DOCS / "proxy.md").read_text()
