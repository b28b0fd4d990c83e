"""Slack: by bot token to channels and people, or by incoming webhook to one channel.

What an error code means stands in the tables below: whose fault it is, and whether it can pass.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from alerts.channels.base import (
    RATE,
    DeliveryError,
    Field,
    Reach,
    Scope,
    check_rate,
    check_required,
    read_retry_after,
    secrets_of,
)
from alerts.channels.slack_webhook import check_webhook, send_webhook
from alerts.message import Message
from alerts.messages import slack_message
from alerts.story import Recipient, Story
from tracker.outbound import OutboundError, post, redact
from tracker.settings import Settings

# The SDK logs every failure by itself; ours are recorded where an admin sees them.
_quiet = logging.getLogger("alerts.channels.slack.sdk")
_quiet.setLevel(logging.CRITICAL)

# Also tokens that Slack exchanges from time to time, and those of users.
BOT_TOKEN = re.compile(r"(xoxe\.)?xox[a-z]-[A-Za-z0-9-]+")

_PASSING = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "service_unavailable",
    "request_timeout",
    "rollup_error",
}
_UNCLEAR = {"fatal_error"}
_BAD_BLOCKS = {
    "invalid_blocks",
    "invalid_blocks_format",
    "invalid_arguments",
    "msg_blocks_too_long",
    "invalid_payload",
}
_CHANNEL_FAULTS = {
    "invalid_auth": "the token is not valid; make a new one in Slack and enter it here",
    "not_authed": "no token was sent; enter the bot token",
    "account_inactive": "the app's account is switched off in Slack",
    "token_revoked": "the token was revoked; install the app again and enter its new token",
    "token_expired": "the token has expired; enter a new one",
    "missing_scope": "the app lacks the right chat:write; add it and install the app again",
    "no_permission": "the app may not write; install it again",
    "not_allowed_token_type": "this is not a bot token; it begins with xoxb-",
    "ekm_access_denied": "the workspace's administrators have suspended posting",
    "team_access_not_granted": "the app has no access to this workspace",
    "access_denied": "Slack denies the app access",
    "org_login_required": "the workspace is moving to an organisation; try again when it is done",
    "action_prohibited": "the workspace's administrators do not allow the app to post",
    "no_service": "the webhook was removed or switched off; make a new one",
    "no_active_hooks": "the webhook was switched off; make a new one",
    "invalid_token": "the webhook is not valid any more; make a new one",
    "no_team": "the workspace does not exist any more",
    "team_disabled": "the workspace is switched off",
    "restricted_action": "the workspace's settings do not allow the app to post there",
}
_TARGET_FAULTS = {
    "channel_not_found": "there is no such channel or person, or the app cannot see it",
    "not_in_channel": "the app is not in the channel; invite it there",
    "is_archived": "the channel is archived",
    "channel_is_archived": "the channel is archived",
    "user_not_found": "there is no such person",
    "cannot_dm_bot": "this is a bot, not a person",
    "user_disabled": "the person's account is switched off",
}


class Slack:
    """A Slack workspace, or with `webhook_url` one channel of it."""

    kind = "slack"
    label = "Slack"
    fields = (
        Field("token", "Bot token", "From the app's page in Slack; begins with xoxb-.", secret=True),
        Field(
            "webhook_url",
            "Incoming webhook",
            "Instead of a token. Reaches one channel and no single person.",
            secret=True,
        ),
        Field("language", "Language", "Of messages to the channel.", choices=("en", "sv")),
        Field(RATE, "Messages a second", "Slack allows about 1; leave empty for that."),
    )
    target_field = Field("target", "Channel", "Such as #sales, or a channel's id.")
    reaches: Reach = "slack_id"
    resends = True

    def __init__(self, values: Mapping[str, Any], settings: Settings) -> None:
        self.values = values
        self.settings = settings
        self.secrets = secrets_of(self.fields, values)

    @classmethod
    def check(cls, values: Mapping[str, Any], target: str, settings: Settings) -> list[tuple[str, str]]:
        errors = check_required(cls.fields, values) + check_rate(values)
        if values.get("webhook_url"):
            errors += check_webhook(str(values["webhook_url"]), settings)
        elif not values.get("token"):
            errors.append(("token", "Enter a bot token or an incoming webhook"))
        elif not BOT_TOKEN.fullmatch(str(values["token"])):
            errors.append(("token", "A bot token begins with xoxb- and has plain letters and digits only"))
        if target and not re.fullmatch(r"#?[^\s#@,:]{1,80}", target):
            errors.append(("target", "Write a channel such as #sales, or its id"))
        return errors

    @classmethod
    def reaches_people(cls, values: Mapping[str, Any]) -> bool:
        return not values.get("webhook_url")

    def write(self, story: Story, recipient: Recipient) -> Message:
        return slack_message(story, recipient)

    def send(self, target: str, message: Message) -> str:
        try:
            self._send_once(target, message)
        except _BadBlocks as error:
            # Slack said no to the form of the message; its words are still worth having.
            self._send_once(target, Message(message.text))
            return f"sent as plain text: {error}"
        return ""

    def _send_once(self, target: str, message: Message) -> None:
        try:
            if self.values.get("webhook_url"):
                send_webhook(str(self.values["webhook_url"]), message, self.settings)
            else:
                self._post_message(target, message)
        except OutboundError as error:
            raise DeliveryError(redact(str(error), self.secrets), ambiguous=error.sent) from None
        except SlackApiError as error:
            raise self._explain(error, target, bool(message.blocks)) from None

    def _post_message(self, target: str, message: Message) -> None:
        client = _Client(self.settings, str(self.values.get("token", "")))
        blocks = {"blocks": list(message.blocks)} if message.blocks else {}
        client.api_call(
            "chat.postMessage",
            json={
                "channel": target,
                "text": message.text,
                "parse": "none",
                "link_names": False,
                "unfurl_links": False,
                "unfurl_media": False,
                **blocks,
            },
        )

    def _explain(self, error: SlackApiError, target: str, has_blocks: bool) -> Exception:
        response = error.response
        code = str(response.get("error") or "")
        text = redact(code, self.secrets)[:100]
        if response.status_code == 429 or code in ("ratelimited", "rate_limited"):
            wait = read_retry_after(response.headers.get("retry-after"))
            return DeliveryError("Slack asks us to wait (ratelimited)", retry_after=wait)
        if not code and response.status_code == 200:
            return DeliveryError("Slack answered in a way that cannot be read", ambiguous=True)
        if code in _UNCLEAR:
            return DeliveryError(f"Slack failed half-way ({text})", ambiguous=True)
        if response.status_code >= 500 or code in _PASSING:
            return DeliveryError(f"Slack is in trouble ({text or response.status_code})")
        return explain_fault(code, target, has_blocks, response.status_code, text)


class _BadBlocks(Exception):
    """Slack refused the blocks of a message; its plain text may still go."""


def explain_fault(code: str, target: str, has_blocks: bool, status: int, shown: str) -> Exception:
    """What a definite no means. A person who cannot be reached is not the channel's fault."""
    if code in _BAD_BLOCKS and has_blocks:
        return _BadBlocks(shown)
    if code in _CHANNEL_FAULTS:
        return DeliveryError(f"{_CHANNEL_FAULTS[code]} ({code})", permanent=True, scope="channel")
    if code in _TARGET_FAULTS:
        scope: Scope = "recipient" if re.match(r"[UWD][A-Z0-9]{2,}$", target) else "channel"
        return DeliveryError(f"{target}: {_TARGET_FAULTS[code]} ({code})", permanent=True, scope=scope)
    if status in (401, 403, 404, 410):
        return DeliveryError(f"Slack refuses us ({shown or status})", permanent=True, scope="channel")
    return DeliveryError(f"Slack did not accept the message ({shown or status})", permanent=True)


class _Client(WebClient):
    """The SDK's client with our way out under it: no proxy, no retries, addresses checked."""

    def __init__(self, settings: Settings, token: str) -> None:
        super().__init__(
            token=token,
            base_url=settings.slack_api_url.rstrip("/") + "/",
            retry_handlers=[],
            logger=_quiet,
        )
        self.settings = settings

    def _perform_urllib_http_request(self, *, url: str, args: dict[str, dict[str, Any]]) -> dict[str, Any]:
        headers = {name: str(value) for name, value in args["headers"].items()}
        reply = post(url, self.settings, json=args["json"], headers=headers)
        return {"status": reply.status, "headers": reply.headers, "body": _as_object(reply.text)}


def _as_object(text: str) -> str:
    """The body if it is a JSON object; the SDK cannot read anything else, such as a proxy's page."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    return text if isinstance(body, dict) else json.dumps({"ok": False, "error": ""})
