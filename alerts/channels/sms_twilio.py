"""Twilio's Messages resource. It has no key against doubles, so one request is all there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from alerts.channels.sms_provider import SmsError, check_taken
from tracker.outbound import Reply, post
from tracker.settings import Settings

# Codes that concern the number we wrote to: not a number, not a mobile, opted out, not reachable.
_RECIPIENT_CODES = {
    21211: "is not a telephone number",
    21214: "cannot be reached",
    21217: "is not a telephone number",
    21265: "is short for a telephone number",
    21408: "is in a country the account may not send to",
    21610: "has opted out of our messages",
    21612: "cannot be reached from our sender",
    21614: "is not a mobile number",
}
_CHANNEL_CODES = {
    20003: "the user name or password is wrong",
    21212: "the sender is not a number or name that can send",
    21606: "the sender is not ours to use",
    21659: "the sender is not a number of this account",
}


def send_by_twilio(values: Mapping[str, Any], settings: Settings, to: str, text: str) -> None:
    """Raises OutboundError or SmsError."""
    account = str(values["username"])
    reply = post(
        f"{settings.twilio_api_url}/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json",
        settings,
        form={"To": to, "From": str(values["from"]), "Body": text},
        login=(account, str(values["password"])),
    )
    if reply.status not in (200, 201):
        raise _explain(reply, to)
    check_taken("Twilio", reply)


def _explain(reply: Reply, to: str) -> SmsError:
    code, message = _read_error(reply.text)
    if code in _RECIPIENT_CODES:
        return SmsError("Twilio", reply, f"{to} {_RECIPIENT_CODES[code]} ({code})", "recipient")
    if code in _CHANNEL_CODES:
        return SmsError("Twilio", reply, f"{_CHANNEL_CODES[code]} ({code})", "channel")
    return SmsError("Twilio", reply, f"{message} ({code or reply.status})" if message else "")


def _read_error(text: str) -> tuple[int, str]:
    try:
        body = json.loads(text)
    except ValueError:
        return 0, ""
    if not isinstance(body, dict):
        return 0, ""
    code = body.get("code")
    return code if isinstance(code, int) else 0, str(body.get("message", ""))
