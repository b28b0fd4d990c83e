"""Imports point down only: tracker <- enrichment <- alerts <- web <- migrations, commands, wsgi."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("tracker", "enrichment", "alerts", "web", "migrations", "commands")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "versions" not in path.parts)


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        rooms |= {name.split(".")[0] for name in names}
    return rooms & set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_nothing_from_a_room_above_its_own(path: Path) -> None:
    own = ROOMS.index(path.relative_to(ROOT).parts[0])
    assert {room for room in imported_rooms(path) if ROOMS.index(room) > own} == set()


@pytest.mark.parametrize("name", ["db.py", "settings.py", "records.py"])
def test_the_ground_floor_imports_no_feature(name: str) -> None:
    tree = ast.parse((ROOT / "tracker" / name).read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    assert {module for module in modules if module.split(".")[0] in ROOMS} == set()
