"""Result: one answer as a table, with what is needed to trust it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Result:
    """`table` (pyarrow), `.to_pandas()`, `.meta` (parameters, snapshot, exclusions, warnings), `.graph()`, `.plot()` where there is one."""

    title: str
    table: pa.Table
    meta: Mapping[str, Any] = field(default_factory=dict)
    make_graph: Callable[[], nx.DiGraph] | None = None
    make_plot: Callable[[], Any] | None = None

    def to_pandas(self) -> pd.DataFrame:
        """The rows as a DataFrame."""
        frame: pd.DataFrame = self.table.to_pandas()
        return frame

    def rows(self) -> list[dict[str, Any]]:
        """The rows as dicts."""
        rows: list[dict[str, Any]] = self.table.to_pylist()
        return rows

    def graph(self) -> nx.DiGraph:
        """The path graph; raises TypeError for an answer that has none."""
        if self.make_graph is None:
            raise TypeError(f"{self.title} has no graph; ask paths() for one.")
        return self.make_graph()

    def plot(self) -> Any:
        """A plotly Figure for a notebook; raises TypeError for an answer that has none."""
        if self.make_plot is None:
            raise TypeError(f"{self.title} has no figure.")
        return self.make_plot()

    def __repr__(self) -> str:
        lines = [f"{self.title}: {self.table.num_rows} rows"]
        names = self.table.column_names[:8]
        lines.append("  ".join(names))
        lines += ["  ".join(_short(row[n]) for n in names) for row in self.table.slice(0, 10).to_pylist()]
        lines += [f"warning: {text}" for text in self.meta.get("warnings", ())]
        return "\n".join(lines)


def _short(value: Any) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
