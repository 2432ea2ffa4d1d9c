"""A table in Markdown (GitHub's kind), for mail, chat and tickets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.cli.formatting import neutral
from pipeline.cli.table import is_number, readable_columns

if TYPE_CHECKING:
    import pyarrow as pa


def markdown(table: pa.Table, title: str | None, notes: Sequence[str]) -> str:
    """Title in bold, the table with values as a person reads them, then the notes; data cannot become markup."""
    columns = readable_columns(table)
    rules = ["---:" if is_number(field.type) else "---" for field in table.schema]
    rows = [[_inert(cell) for cell in row] for row in zip(*columns.values(), strict=True)]
    lines = [_row([_inert(name) for name in columns]), _row(rules), *map(_row, rows)]
    above = [f"**{_inert(neutral(title))}**", ""] if title else []
    below = [line for note in notes for line in ("", _inert(neutral(note)))]
    return "\n".join([*above, *lines, *below]) + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _inert(text: str) -> str:
    return re.sub(r"([\\`*\[\]|<>])", r"\\\1", text)
