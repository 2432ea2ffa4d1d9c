"""The house: no two modules import each other, however deep inside a function or behind TYPE_CHECKING, and no room is crowded."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import networkx as nx

ROOT = Path(__file__).parents[1]
ROOMS = ("ingest", "sessionize", "paths", "reports", "pipeline")
FILES = sorted(f.relative_to(ROOT) for room in ROOMS for f in (ROOT / room).rglob("*.py"))
CROWDED = 25


def module(file: Path) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


MODULES = {module(f): f for f in FILES}


def imported(file: Path) -> set[str]:
    """The modules of ours that a file imports anywhere."""
    found = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in MODULES else node.module for a in node.names
            }
        elif isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
    return (found & MODULES.keys()) - {module(file)}


def circles(edges: set[tuple[str, str]]) -> list[list[str]]:
    return [sorted(c) for c in nx.strongly_connected_components(nx.DiGraph(edges)) if len(c) > 1]


def test_no_circle_of_files() -> None:
    assert circles({(name, other) for name, file in MODULES.items() for other in imported(file)}) == []


def test_no_circle_of_folders() -> None:
    def home(name: str) -> str:  # a module that lies directly in a room is a place of its own
        folder = MODULES[name].parent
        return name if len(folder.parts) == 1 else folder.as_posix()

    edges = {(home(name), home(other)) for name, file in MODULES.items() for other in imported(file)}
    assert circles({(a, b) for a, b in edges if a != b}) == []


def test_a_folder_is_found_in_at_a_glance() -> None:
    crowded = {str(folder): n for folder, n in Counter(f.parent for f in FILES).items() if n > CROWDED}
    assert crowded == {}
