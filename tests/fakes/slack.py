"""Slack: `chat.postMessage` by bot token, and incoming webhooks, as docs.slack.dev describes them.

The API answers 200 with `ok: false` and an error code, except 429 with Retry-After; webhooks answer
with a status and a word.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.server import Answer, FakeServer, Received, json_answer, run_alone

TOKEN = "xoxb-1111-2222-SecretBotToken"
WEBHOOK_PATH = "/services/T000/B000/SecretWebhookKey"
MOST_BLOCKS = 50


class FakeSlack(FakeServer):
    """A workspace with one bot token and one webhook; what it accepted stands in `accepted`."""

    name = "slack"

    def __init__(
        self,
        port: int = 0,
        log: Path | None = None,
        *,
        token: str = TOKEN,
        channels: tuple[str, ...] | None = None,
        webhook_path: str = WEBHOOK_PATH,
    ) -> None:
        super().__init__(port, log)
        self.token = token
        self.channels = channels  # None: every channel and person exists
        self.webhook_path = webhook_path

    @property
    def api_url(self) -> str:
        return f"{self.url}/api"

    @property
    def webhook_url(self) -> str:
        return f"{self.url}{self.webhook_path}"

    @property
    def texts(self) -> list[str]:
        return [str(message.get("text", "")) for message in self.accepted]

    def handle(self, request: Received) -> Answer:
        if request.path == "/api/chat.postMessage":
            return self._post_message(request)
        if request.path.startswith("/services/"):
            return self._webhook(request)
        return json_answer(404, {"ok": False, "error": "unknown_method"})

    def counts(self, request: Received) -> None:
        self.accepted.append(read_arguments(request))

    def _post_message(self, request: Received) -> Answer:
        error = self._refuse(request)
        if error:
            return json_answer(200, {"ok": False, "error": error})
        arguments = read_arguments(request)
        self.accepted.append(arguments)
        ts = f"{request.at:.6f}"
        return json_answer(
            200, {"ok": True, "channel": arguments["channel"], "ts": ts, "message": {"ts": ts}}
        )

    def _refuse(self, request: Received) -> str:
        authorization = request.headers.get("authorization", "")
        if not authorization:
            return "not_authed"
        if authorization != f"Bearer {self.token}":
            return "invalid_auth"
        arguments = read_arguments(request)
        channel = str(arguments.get("channel", ""))
        if not channel or (self.channels is not None and channel not in self.channels):
            return "channel_not_found"
        return check_message(arguments)

    def _webhook(self, request: Received) -> Answer:
        if request.path != self.webhook_path:
            return Answer(404, "no_service")
        try:
            arguments = json.loads(request.body)
        except ValueError:
            return Answer(400, "invalid_payload")
        error = check_message(arguments) if isinstance(arguments, dict) else "invalid_payload"
        if error:
            return Answer(400, error)
        self.accepted.append(arguments)
        return Answer(200, "ok")


def read_arguments(request: Received) -> dict[str, Any]:
    """The arguments of a call, sent as JSON or as a form."""
    if "json" in request.headers.get("content-type", ""):
        body = json.loads(request.body or "{}")
        return body if isinstance(body, dict) else {}
    return {name: values[0] for name, values in parse_qs(request.body).items()}


def check_message(arguments: dict[str, Any]) -> str:
    """The error for a message that breaks a documented limit; empty when it is fine."""
    blocks = arguments.get("blocks") or []
    if not arguments.get("text") and not blocks:
        return "no_text"
    if len(str(arguments.get("text", ""))) > 40_000:
        return "msg_too_long"
    if not isinstance(blocks, list) or len(blocks) > MOST_BLOCKS:
        return "invalid_blocks"
    return "" if all(_is_fine(block) for block in blocks) else "invalid_blocks"


def _is_fine(block: dict[str, Any]) -> bool:
    texts = [block["text"]] if "text" in block else []
    texts += block.get("fields", [])
    texts += [one for one in block.get("elements", []) if one.get("type") in ("mrkdwn", "plain_text")]
    if len(block.get("fields", [])) > 10 or len(block.get("elements", [])) > 25:
        return False
    if any(len(one["text"]) > 2000 for one in block.get("fields", [])):
        return False
    return all(one.get("text") and len(one["text"]) <= 3000 for one in texts)


def rate_limited(retry_after: str | None = "30") -> Answer:
    """429 as the API gives it; None leaves the header out."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Answer(429, '{"ok":false,"error":"ratelimited"}', headers)


def not_ok(error: str) -> Answer:
    return json_answer(200, {"ok": False, "error": error})


if __name__ == "__main__":
    run_alone(FakeSlack)
