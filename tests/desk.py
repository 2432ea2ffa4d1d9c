"""An empty project folder, and the command line in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from pipeline.cli import cli


class Desk:
    """An empty project folder that one is in."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def file(self, name: str, content: str | bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    def call(self, *words: str) -> Result:
        found = CliRunner().invoke(cli, list(words), catch_exceptions=False)
        assert "Traceback" not in found.stderr
        return found

    def rows(self, *words: str) -> list[dict[str, Any]]:
        found = self.call(*words, "-f", "json")
        assert found.exit_code == 0, found.stderr
        answer: list[dict[str, Any]] = json.loads(found.stdout)
        return answer

    def sql(self, columns: str, order: str = "1, 2, 3") -> list[tuple[Any, ...]]:
        return [tuple(r.values()) for r in self.rows("sql", f"select {columns} from events order by {order}")]
