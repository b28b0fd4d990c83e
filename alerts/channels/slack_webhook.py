"""Slack's incoming webhooks: one URL, one channel, plain words for answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from slack_sdk.errors import SlackApiError
from slack_sdk.web.slack_response import SlackResponse

from alerts.message import Message
from tracker.outbound import AddressRefused, Reply, check_url, post
from tracker.settings import Settings

HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


def check_webhook(url: str, settings: Settings) -> list[tuple[str, str]]:
    """Checked when it is saved and again whenever it is used."""
    try:
        check_url(url, settings)
    except AddressRefused as error:
        return [("webhook_url", str(error))]
    parts = urlsplit(url)
    if not settings.allow_private_outbound and (parts.scheme != "https" or parts.hostname not in HOSTS):
        return [("webhook_url", f"A webhook begins with https://{HOSTS[0]}/services/")]
    return []


def send_webhook(url: str, message: Message, settings: Settings) -> None:
    """Raises OutboundError, or SlackApiError with the answer's word as its code."""
    for _, problem in check_webhook(url, settings):
        raise AddressRefused(problem)
    blocks = {"blocks": list(message.blocks)} if message.blocks else {}
    reply = post(
        url,
        settings,
        json={
            "text": message.text,
            "parse": "none",
            "link_names": False,
            "unfurl_links": False,
            "unfurl_media": False,
            **blocks,
        },
    )
    if reply.status != 200 or reply.text.strip() != "ok":
        raise SlackApiError("webhook", _as_response(reply))  # type: ignore[no-untyped-call]


def _as_response(reply: Reply) -> SlackResponse:
    """The answer in the shape of an API answer, so that one table explains both."""
    word = reply.text.strip()[:100]
    code = word if word.replace("_", "").isalnum() else ""
    data: dict[str, Any] = {"ok": False, "error": code}
    return SlackResponse(
        client=None,
        http_verb="POST",
        api_url="",
        req_args={},
        data=data,
        headers=dict(reply.headers),
        status_code=reply.status,
    )
