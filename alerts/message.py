"""What a channel sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """The words, and Slack's blocks where there are any."""

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()
