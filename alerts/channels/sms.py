"""SMS: the words, the numbers, and the table of providers that send them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import phonenumbers

from alerts.channels.base import RATE, DeliveryError, Field, Reach, check_rate, check_required, secrets_of
from alerts.channels.sms_46elks import send_by_46elks
from alerts.channels.sms_provider import SmsError
from alerts.channels.sms_twilio import send_by_twilio
from alerts.message import Message
from alerts.messages import sms_message
from alerts.story import Recipient, Story
from tracker.outbound import OutboundError, redact
from tracker.settings import Settings

PROVIDERS: Mapping[str, Callable[[Mapping[str, Any], Settings, str, str], None]] = {
    "46elks": send_by_46elks,
    "twilio": send_by_twilio,
}


class Sms:
    """A sender of SMS. A message that may have arrived is never sent again by itself: it costs."""

    kind = "sms"
    label = "SMS"
    fields = (
        Field("provider", "Provider", required=True, choices=tuple(PROVIDERS)),
        Field("username", "User name", "46elks: API user name. Twilio: account SID.", required=True),
        Field(
            "password", "Password", "46elks: API password. Twilio: auth token.", required=True, secret=True
        ),
        Field(
            "from", "Sender", "Up to 11 letters and digits, or a number such as +46701740605.", required=True
        ),
        Field("language", "Language", "Of messages to the channel's own number.", choices=("en", "sv")),
        Field(RATE, "Messages a second", "Leave empty for 1."),
    )
    target_field = Field("target", "Number", "Told when nobody is named: +46701740605.")
    reaches: Reach = "phone"
    resends = False

    def __init__(self, values: Mapping[str, Any], settings: Settings) -> None:
        self.values = values
        self.settings = settings
        self.secrets = secrets_of(self.fields, values)

    @classmethod
    def check(cls, values: Mapping[str, Any], target: str, settings: Settings) -> list[tuple[str, str]]:
        errors = check_required(cls.fields, values) + check_rate(values)
        sender = str(values.get("from", ""))
        if sender and not is_sender(sender):
            errors.append(("from", "Write up to 11 letters and digits, or a number such as +46701740605"))
        if target and not is_number(target):
            errors.append(("target", "Write a number with its country: +46701740605"))
        return errors

    @classmethod
    def reaches_people(cls, values: Mapping[str, Any]) -> bool:
        return True

    def write(self, story: Story, recipient: Recipient) -> Message:
        return sms_message(story, recipient)

    def send(self, target: str, message: Message) -> str:
        if not is_number(target):
            raise DeliveryError(f"{target} is not a telephone number", permanent=True)
        provider = PROVIDERS.get(str(self.values.get("provider", "")))
        if provider is None:
            raise DeliveryError("choose a provider for SMS", permanent=True, scope="channel")
        try:
            provider(self.values, self.settings, target, message.text)
        except OutboundError as error:
            raise DeliveryError(redact(str(error), self.secrets), ambiguous=error.sent) from None
        except SmsError as error:
            raise error.as_delivery_error(self.secrets) from None
        return ""


def is_number(text: str) -> bool:
    """Whether it is a possible telephone number in E.164."""
    if not text.startswith("+") or not text[1:].isascii() or not text[1:].isdigit():
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(text))
    except phonenumbers.NumberParseException:
        return False


def is_sender(text: str) -> bool:
    return is_number(text) or (1 <= len(text) <= 11 and text.isascii() and text.replace(" ", "").isalnum())
