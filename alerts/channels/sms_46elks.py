"""46elks' SMS call. Errors come as a status and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from alerts.channels.base import Scope
from alerts.channels.sms_provider import SmsError, check_taken
from tracker.outbound import post
from tracker.settings import Settings

_MEANINGS = {
    401: "the user name or password is wrong",
    402: "the account has no money left",
    403: "the account has no money left or may not send there",
}


def send_by_46elks(values: Mapping[str, Any], settings: Settings, to: str, text: str) -> None:
    """Raises OutboundError or SmsError."""
    reply = post(
        f"{settings.elks_api_url}/sms",
        settings,
        form={"from": str(values["from"]), "to": to, "message": text},
        login=(str(values["username"]), str(values["password"])),
    )
    if reply.status != 200:
        said = reply.text.strip()
        meaning = _MEANINGS.get(reply.status, "")
        text = ": ".join(part for part in (meaning, said) if part) + f" ({reply.status})"
        raise SmsError("46elks", reply, text, _scope(reply.status, said))
    check_taken("46elks", reply)


def _scope(status: int, said: str) -> Scope | None:
    """A 400 names the field that is wrong; a wrong `from` is the channel's own."""
    return "channel" if status == 400 and "from" in said.lower().split() else None
