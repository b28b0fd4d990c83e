"""The `doorbell` command and the table of its subcommands."""

from __future__ import annotations

import importlib
import sys

import click

from tracker.settings import SettingError

# Loaded when first used, so that `doorbell identify` does not pay for the web server.
COMMANDS = {
    "serve": "commands.serve.serve",
    "web": "commands.web.web",
    "worker": "commands.worker.worker",
    "config": "commands.config.config",
    "import": "commands.imports.import_",
    "identify": "commands.identify.identify",
    "corrections": "commands.corrections.corrections",
    "replay": "commands.replay.replay",
    "demo": "commands.demo.demo",
    "ledger": "commands.ledger.ledger",
    "quarantine": "commands.quarantine.quarantine",
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].rpartition(".")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(cls=LazyGroup)
@click.version_option(package_name="doorbell")
def doorbell() -> None:
    """Rings when the right company is at the door of your website."""


def main() -> None:
    """Runs the command; an odd setting is one line on standard error, not a traceback."""
    try:
        doorbell()
    except SettingError as error:
        click.echo(f"doorbell: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
