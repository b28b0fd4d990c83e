from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import make_settings
from tests.fakes.server import Answer
from tests.fakes.slack import FakeSlack
from tracker.outbound import AddressRefused, OutboundError, check_url, is_denied, post, redact
from tracker.settings import Settings

# Addresses that reach ourselves, our network or nothing; many of them Python calls global.
DENIED = """
0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255
192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1
239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 100::1
2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1
""".split()
ALLOWED = "8.8.8.8 1.1.1.1 172.32.0.1 100.128.0.1 192.0.1.1 2606:4700::1111 2a00:1450:400f::1".split()


@pytest.fixture
def strict(tmp_path: Path) -> Settings:
    """Settings of a real installation: private addresses are not called."""
    return make_settings(tmp_path, "unused", allow_private_outbound=False)


@pytest.fixture
def open_settings(strict: Settings) -> Settings:
    return replace(strict, allow_private_outbound=True)


@pytest.mark.parametrize("address", DENIED)
def test_an_inner_address_is_denied(address: str) -> None:
    assert is_denied(address)


@pytest.mark.parametrize("address", ALLOWED)
def test_an_outer_address_is_allowed(address: str) -> None:
    assert not is_denied(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "0", "[::1]"]
)
def test_no_way_of_writing_it_reaches_this_machine(strict: Settings, host: str) -> None:
    with pytest.raises(OutboundError) as caught:
        post(f"http://{host}/", strict, json={})
    assert not caught.value.sent


def test_a_name_is_checked_when_the_connection_is_made(
    strict: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that changes its mind: the address that was checked is the one that is called."""
    calls: list[str] = []

    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        calls.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 is inside our own network"):
        post("https://hooks.example.org/", strict, json={})
    assert calls == ["hooks.example.org"]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "file:///etc/passwd",
        "https://user:pass@example.org/",
        "//example.org",
        "",
        "https://example.org:8443/",
        "https://example.org:99999/",
        "https://10.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::1",
        "https://\ud800/",
    ],
)
def test_a_url_we_never_call_is_refused_before_it_is_saved(strict: Settings, url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, strict)


def test_the_environment_has_no_say(open_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FakeSlack() as server:
        reply = post(server.webhook_url, open_settings, json={"text": "x"})
    assert (reply.status, reply.text) == (200, "ok")
    assert "authorization" not in server.received[0].headers


def test_a_login_may_hold_any_letters(open_settings: Settings) -> None:
    with FakeSlack() as server:
        post(server.webhook_url, open_settings, json={"text": "x"}, login=("användare", "hemligt✓"))
    assert server.received[0].headers["authorization"].startswith("Basic ")


def test_a_huge_answer_is_cut(open_settings: Settings) -> None:
    with FakeSlack() as server:
        server.answers = [Answer(200, "x" * 1_000_000)]
        assert len(post(server.webhook_url, open_settings, json={}).text) == 64 * 1024


def test_an_answer_cut_short_counts_as_sent(open_settings: Settings) -> None:
    with FakeSlack() as server:
        server.answers = [Answer(reset=True)]
        with pytest.raises(OutboundError) as caught:
            post(server.webhook_url, open_settings, json={})
    assert caught.value.sent
    assert "SecretWebhookKey" not in str(caught.value)


def test_a_name_that_does_not_exist_was_not_sent(open_settings: Settings) -> None:
    with pytest.raises(OutboundError) as caught:
        post("http://no-such-host.invalid/", open_settings, json={})
    assert (caught.value.sent, str(caught.value)) == (False, "no-such-host.invalid cannot be reached")


def test_secrets_are_taken_out_in_every_form() -> None:
    assert redact("a p@ss/word and p%40ss%2Fword", ["p@ss/word"]) == "a [secret] and [secret]"
