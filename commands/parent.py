"""Ties a child process's life to its parent's, so that a killed supervisor leaves nobody behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PARENT = "DOORBELL_PARENT"  # the supervisor's process id, in a child's environment


def die_with_parent() -> None:
    """Asks the kernel (on Linux) to end this process when its parent ends; elsewhere a thread looks."""
    parent = os.environ.get(PARENT)
    if parent is None:
        return
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        watch_parent()
    if os.getppid() != int(parent):
        # It ended while this process was starting, before the kernel knew whom to tell.
        sys.exit("doorbell: the supervisor is gone")


def watch_parent(seconds: float = 1.0) -> None:
    """A thread that ends this process once its parent is gone."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(seconds)
        os._exit(0)

    threading.Thread(target=watch, name="watch parent", daemon=True).start()
