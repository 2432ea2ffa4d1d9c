"""One answer as a page to look into: its figure, alive, and its table. One file, nothing fetched, no npm.

The figure is that of `Result.plot()`; it is drawn by the trimmed plotly.js in assets/plotly, which the page carries.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa
from markupsafe import Markup

from reports.draw.sheets import Column, sheet
from reports.formatting import NOTHING, plain
from reports.page.page import asset, policy, templates

DRAW = """
const told = JSON.parse(document.getElementById("figure-data").textContent);
const ink = getComputedStyle(document.documentElement).getPropertyValue("--ink");
Object.assign(told.layout, {paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)"}).font.color = ink;
Plotly.newPlot("figure", told.data, told.layout, {displaylogo: false, responsive: true});
"""


def figure_page(figure: go.Figure, title: str, about: Sequence[str], table: pa.Table) -> bytes:
    """UTF-8 HTML; equal answers give equal bytes."""
    js = asset("plotly/plotly.min.js") + DRAW
    data = json.dumps(json.loads(figure.to_json()), ensure_ascii=True, sort_keys=True).replace("<", "\\u003c")
    text = (
        templates()
        .get_template("figure.html.j2")
        .render(
            title=plain(title),
            about=about,
            sheet=sheet(plain(title), table, columns(table)),
            data=Markup(data),
            policy=Markup(policy(js, beside=False)),
            style=Markup(asset("report.css")),
            script=Markup(js),
        )
    )
    return text.encode("utf-8", "replace")


def columns(table: pa.Table) -> list[Column]:
    """All of a table's columns, under their own names."""
    return [column(f.name, pa.types.is_integer(f.type) or pa.types.is_floating(f.type)) for f in table.schema]


def column(name: str, numeric: bool) -> Column:
    """Numbers rounded for people, with the number itself behind them."""
    return Column(
        head=name, cell=lambda r: shown(r[name]), numeric=numeric, value=(lambda r: r[name]) if numeric else None
    )


def shown(value: Any) -> str:
    """A value as people read it."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return plain(str(value))
