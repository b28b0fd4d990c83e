"""What every kind of channel declares and can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from alerts.message import Message
from alerts.pacing import is_rate
from alerts.story import Recipient, Story
from tracker.outbound import read_retry_after as read_retry_after
from tracker.settings import Settings

Scope = Literal["channel", "recipient"]
# The field of a user that holds their address in a channel.
Reach = Literal["slack_id", "phone", "name"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a channel's form. A secret is written, never shown again."""

    name: str
    label: str
    help: str = ""
    required: bool = False
    secret: bool = False
    choices: tuple[str, ...] = ()


class DeliveryError(Exception):
    """A message was not accepted.

    `permanent`: trying again is no use; `scope` says whether the whole channel or only this recipient
    is at fault. `ambiguous`: the far end may have it. `retry_after`: seconds the far end asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        scope: Scope = "recipient",
        ambiguous: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.scope = scope
        self.ambiguous = ambiguous
        self.retry_after = retry_after


class ChannelKind(Protocol):
    """A kind of channel. `reaches` names the field of a user that holds their address in it."""

    kind: str
    label: str
    fields: tuple[Field, ...]
    target_field: Field
    reaches: Reach
    resends: bool  # whether a message that may have arrived is sent again, marked as possible repeat

    def __init__(self, values: Mapping[str, Any], settings: Settings) -> None: ...

    @classmethod
    def check(cls, values: Mapping[str, Any], target: str, settings: Settings) -> list[tuple[str, str]]:
        """What is wrong with a channel's fields: pairs of the field's name and what would be right."""
        ...

    @classmethod
    def reaches_people(cls, values: Mapping[str, Any]) -> bool:
        """Whether it can write to one person, and not only to its own target."""
        ...

    def write(self, story: Story, recipient: Recipient) -> Message:
        """The message in the recipient's language."""
        ...

    def send(self, target: str, message: Message) -> str:
        """Sends once; returns a note, usually empty. Raises DeliveryError."""
        ...


RATE = "per_second"


def check_rate(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The error of a rate that is none; an empty one is the far end's usual."""
    rate = values.get(RATE)
    return [(RATE, "Write a number from 0.01 to 10000, such as 1")] if rate and not is_rate(rate) else []


def check_required(fields: tuple[Field, ...], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Errors of fields that are empty though required, or hold what cannot be sent."""
    errors = []
    for field in fields:
        value = values.get(field.name, "")
        if field.required and not value:
            errors.append((field.name, f"{field.label} is needed"))
        elif value and not (isinstance(value, str) and value.isprintable() and len(value) <= 500):
            errors.append((field.name, f"{field.label} is text of at most 500 characters on one line"))
        elif value and field.choices and value not in field.choices:
            errors.append((field.name, f"{field.label} is one of {', '.join(field.choices)}"))
    return errors


def secrets_of(fields: tuple[Field, ...], values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(values[field.name]) for field in fields if field.secret and values.get(field.name))
