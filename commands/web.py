"""`doorbell web`: the collector and the pages, on granian."""

from __future__ import annotations

import importlib
from typing import Any

import click
from granian.constants import Interfaces
from granian.server.mp import MPServer as Server

from commands.common import open_database
from commands.parent import die_with_parent, watch_parent
from tracker.settings import read_settings

# Fewer threads would let a handful of half-sent uploads block everybody (measured: 4 of 4 do).
THREADS = 64


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes.")
def web(host: str, port: int, workers: int) -> None:
    """Serves the collector and the pages; page views wait in the inbox until a worker runs."""
    die_with_parent()
    open_database(read_settings()).close()
    serve_on(host, port, workers)


def load_app(target: str) -> Any:
    """Runs in each web process: it must not outlive the server that watches over it."""
    watch_parent()
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def serve_on(host: str, port: int, workers: int) -> None:
    """Runs granian until it is told to stop; web processes that die are started again."""
    server = Server(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        backlog=1024,
        respawn_failed_workers=True,
        respawn_interval=0.2,
        log_access=False,
        websockets=False,
    )
    server.serve(target_loader=load_app)
