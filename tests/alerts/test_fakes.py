"""The far ends that other tests trust: they can run alone, and they refuse what the vendors refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.fakes.slack import TOKEN, FakeSlack, check_message
from tests.fakes.twilio import ACCOUNT, PASSWORD, FakeTwilio

ROOT = Path(__file__).parent.parent.parent


def test_a_far_end_runs_alone_and_writes_a_line_per_request(tmp_path: Path) -> None:
    log = tmp_path / "slack.jsonl"
    command = [sys.executable, "-m", "tests.fakes.slack", "--log", str(log)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        headers = {"Authorization": f"Bearer {TOKEN}"}
        body = {"channel": "#sales", "text": "Acme is here"}
        reply = requests.post(f"{url}/api/chat.postMessage", json=body, headers=headers, timeout=5)
        process.kill()
    assert reply.json()["ok"]
    [line] = [json.loads(text) for text in log.read_text().splitlines()]
    assert (json.loads(line["body"]), line["status"]) == (body, 200)


@pytest.mark.parametrize(
    ("headers", "error"),
    [({}, "not_authed"), ({"Authorization": "Bearer xoxb-wrong"}, "invalid_auth")],
)
def test_slack_refuses_a_wrong_token(headers: dict[str, str], error: str) -> None:
    with FakeSlack() as slack:
        reply = requests.post(f"{slack.api_url}/chat.postMessage", json={}, headers=headers, timeout=5)
    assert reply.json() == {"ok": False, "error": error}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "section", "text": {"type": "mrkdwn", "text": ""}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]},
    ],
)
def test_slack_refuses_blocks_over_its_limits(block: dict[str, object]) -> None:
    assert check_message({"text": "x", "blocks": [block]}) == "invalid_blocks"
    assert check_message({"text": "x", "blocks": [{"type": "divider"}] * 51}) == "invalid_blocks"


def test_twilio_refuses_what_is_no_number() -> None:
    with FakeTwilio() as twilio:
        url = f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        form = {"To": "12", "From": "Bell", "Body": "x"}
        reply = requests.post(url, data=form, auth=(ACCOUNT, PASSWORD), timeout=5)
    assert (reply.status_code, reply.json()["code"]) == (400, 21211)
