"""What the providers of SMS have in common: what an answer's status means."""

from __future__ import annotations

import json
from collections.abc import Sequence

from alerts.channels.base import DeliveryError, Scope, read_retry_after
from tracker.outbound import Reply, redact


class SmsError(Exception):
    """A provider's no; `scope` says who is at fault where the code tells, else the HTTP status decides.

    `unread`: its answer may as well be a yes.
    """

    def __init__(
        self, provider: str, reply: Reply, text: str, scope: Scope | None = None, *, unread: bool = False
    ) -> None:
        super().__init__(text)
        self.provider = provider
        self.reply = reply
        self.text = text
        self.scope = scope
        self.unread = unread

    def as_delivery_error(self, secrets: Sequence[str]) -> DeliveryError:
        """The status decides what passes: single error codes change."""
        status = self.reply.status
        # Cut last: half a secret would not be found.
        said = redact(f"{self.provider}: {self.text or status}", secrets)[:300]
        if self.unread:
            return DeliveryError(said, ambiguous=True)
        if status == 429:
            wait = read_retry_after(self.reply.headers.get("retry-after"))
            return DeliveryError(f"{self.provider} asks us to wait", retry_after=wait)
        if status >= 500:
            return DeliveryError(f"{self.provider} is in trouble ({status})")
        by_status: Scope = "channel" if status in (401, 402, 403, 404) else "recipient"
        return DeliveryError(said, permanent=True, scope=self.scope or by_status)


def check_taken(provider: str, reply: Reply) -> None:
    """Raises SmsError unless the body of an answer that looks like a yes is one: a page of a proxy is not."""
    try:
        body = json.loads(reply.text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise SmsError(provider, reply, "the answer cannot be read", unread=True)
    if body.get("status") == "failed":
        raise SmsError(provider, reply, f"{body.get('error_message') or 'the message failed'}")
