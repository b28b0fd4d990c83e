"""The documentation names what there is, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands.main import COMMANDS
from tracker.settings import SETTINGS

ROOT = Path(__file__).parent.parent
SETTINGS_PAGE = (ROOT / "docs" / "settings.md").read_text()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_heading_in_the_docs(setting: object) -> None:
    assert f"\n## DOORBELL_{setting.name}\n" in SETTINGS_PAGE  # type: ignore[attr-defined]


def test_the_docs_describe_no_setting_that_is_not_there() -> None:
    described = {line[12:] for line in SETTINGS_PAGE.splitlines() if line.startswith("## DOORBELL_")}
    assert described == {setting.name for setting in SETTINGS}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_readme(command: str) -> None:
    readme = (ROOT / "README.md").read_text()
    assert f"`doorbell {command}" in readme or f"`{command} " in readme


def test_every_page_of_the_docs_is_in_the_index() -> None:
    docs = ROOT / "docs"
    index = (docs / "README.md").read_text()
    pages = {str(path.relative_to(docs)) for path in docs.rglob("*.md")} - {"README.md"}
    assert {page for page in pages if f"]({page})" not in index} == set()
