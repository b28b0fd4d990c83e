"""Who is sending: a name for this process, and whether the process behind such a name has died.

A lease protects a delivery from a second sender for a minute. When the first sender was killed on this
machine, there is no need to wait: the kernel knows. Where it cannot know (another machine, another
container, not Linux) the answer is no, and the lease runs its time.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

_PROC = Path("/proc")


def sender_name() -> str:
    """This process: the boot, its process namespace, its id and when it started; empty if unknown."""
    return _name_of(os.getpid())


def has_died(name: str) -> bool:
    """Whether the process of that name is certainly gone."""
    place, _, process = name.rpartition("/")
    pid, _, started = process.partition("@")
    if not started or place != _place() or not pid.isdigit():
        return False
    return _started(int(pid)) != started


@lru_cache(maxsize=4)
def _name_of(pid: int) -> str:
    place, started = _place(), _started(pid)
    return f"{place}/{pid}@{started}" if place and started else ""


def _place() -> str:
    """The boot of this machine and the namespace in which process ids count."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Ticks from the boot to the start of the process; empty when there is none, or only its remains."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    state, started = fields[0], fields[19]
    return "" if state in ("Z", "X") else started
