"""Names and texts as SQL, where a statement cannot bind them."""

from __future__ import annotations

from itertools import count
from pathlib import Path

_names = count(1)


def new_name() -> str:
    """A relation name that nobody else has: raw_1, raw_2, ..."""
    return f"raw_{next(_names)}"


def literal(text: str) -> str:
    """An SQL string literal: for views and table functions, which take no bound values."""
    return "'" + text.replace("'", "''") + "'"


def path_literal(*paths: Path) -> str:
    """A list of files for DuckDB's readers, with glob characters meaning themselves."""
    escaped = ("".join(f"[{c}]" if c in "*?[" else c for c in str(path.absolute())) for path in paths)
    return f"[{', '.join(map(literal, escaped))}]"


def quoted(identifier: str) -> str:
    """A promoted column's name as an SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'
