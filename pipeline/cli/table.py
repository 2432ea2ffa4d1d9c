"""A table for a terminal: calm, as wide as the terminal, numbers to the right."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.cli.formatting import neutral, readable

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

_GAP = 2
_TEXT_WIDTH = 28  # a text column may be cut down to this before columns are left out


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of that type is written to the right."""
    from pyarrow import types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def readable_columns(table: pa.Table) -> dict[str, list[str]]:
    """Column name -> cells as a person reads them."""
    return {
        name: [readable(name, value) for value in table.column(position).to_pylist()]
        for position, name in enumerate(table.column_names)
    }


def render(table: pa.Table, title: str | None, notes: Sequence[str], *, width: int, color: bool) -> str:
    """The table as text: title above, a line under the header, notes below; columns that do not fit are named."""
    console = _console(width, color)
    if title:
        _line(console, title, "bold")
    kept, left_out = _fitting(table, width)
    if kept:
        _body(console, table.select(kept))
    if left_out:
        notes = [f"no room for {', '.join(left_out)}: widen the terminal, or -f json", *notes]
    for note in notes:
        _line(console, note, "dim")
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def _console(width: int, color: bool) -> Console:
    from rich.console import Console

    return Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        markup=False,
        emoji=False,
        highlight=False,
    )


def _line(console: Console, text: str, style: str) -> None:
    from rich.text import Text

    console.print(Text(neutral(text), style=style), soft_wrap=True)


def _fitting(table: pa.Table, width: int) -> tuple[list[str], list[str]]:
    """The columns that find room from the left, the first in any case; and the others."""
    widths = [
        least if is_number(field.type) else min(least, _TEXT_WIDTH)
        for field, least in zip(table.schema, _widths(table), strict=True)
    ]
    names, used = table.column_names, 0
    for position, needed in enumerate(widths):
        used += needed + (_GAP if position else 0)
        if position and used > width:
            return names[:position], names[position:]
    return names, []


def _widths(table: pa.Table) -> list[int]:
    """The widest cell, or word of the header, of each column."""
    from rich.cells import cell_len

    return [
        max(map(cell_len, [*neutral(name).split("_"), *cells]), default=0)
        for name, cells in readable_columns(table).items()
    ]


def _body(console: Console, table: pa.Table) -> None:
    from rich.box import Box
    from rich.table import Table
    from rich.text import Text

    line_under_header = Box("    \n    \n ── \n    \n    \n    \n    \n    \n")
    body = Table(
        box=line_under_header, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0), header_style="bold"
    )
    for field, least in zip(table.schema, _widths(table), strict=True):
        right = is_number(field.type)
        header = Text(neutral(field.name).replace("_", " "))
        body.add_column(header, justify="right" if right else "left", min_width=least if right else None)
    cells = [
        [Text(c, no_wrap=True, overflow="ellipsis") for c in column] for column in readable_columns(table).values()
    ]
    for row in zip(*cells, strict=True):
        body.add_row(*row)
    console.print(body)
