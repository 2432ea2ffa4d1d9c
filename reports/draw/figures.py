"""The charts for notebooks: an answer's table in, a plotly Figure out. `Result.plot()` comes here.

The page draws its own SVG from the same tables (reports/draw). Names are escaped: plotly reads tags in text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

import plotly.graph_objects as go
import pyarrow as pa

from paths.retention.table import AVERAGE
from paths.visits.visits import END, START
from reports.draw.flows import laid_out, merged
from reports.draw.sankey import TOP_K
from reports.formatting import plain

INK, QUIET, ACCENT, WARN, PAPER = "#1a1c20", "#5b5f67", "#1b5e8c", "#b23c0a", "#fdfcfa"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
COLOURS = (ACCENT, "#c98a1b", "#4c9a86", "#8a6fb0", "#b23c0a", "#7a7f87")  # apart for colour-blind readers too
EDGE = {"color": QUIET, "width": 1}
FLOW = "rgba(120, 124, 132, 0.3)"
MOST = 20


def funnel_figure(table: pa.Table) -> go.Figure:
    """FUNNEL: one bar per step, its share of the first step beside it; one colour per value of the breakdown."""
    rows, column = table.to_pylist(), table.column_names[0]
    groups = [None] if column == "step" else list(dict.fromkeys(r[column] for r in rows))
    bars = []
    for i, group in enumerate(groups):
        mine = [r for r in rows if group is None or r[column] == group]
        bars.append(
            go.Bar(
                x=[r["reached"] for r in mine],
                y=names(r["name"] for r in mine),
                orientation="h",
                textposition="auto",
                marker_color=COLOURS[i % len(COLOURS)],
                name="" if group is None else names([str(group)])[0],
                text=[f"{r['reached']:,} \u00b7 {r['conversion_rate'] or 0:.1%}" for r in mine],
            )
        )
    return styled(go.Figure(bars), "Reached").update_layout(showlegend=len(groups) > 1)


def dropoff_figure(table: pa.Table) -> go.Figure:
    """Drop-off: the rate of each place with its interval, the worst leak on top."""
    rows = table.slice(0, MOST).to_pylist()
    place = table.column_names[0]
    rate = [r["drop_off_rate"] or 0.0 for r in rows]
    dots = go.Scatter(
        x=rate,
        y=names(r[place] for r in rows),
        mode="markers",
        marker={"color": WARN, "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "color": QUIET,
            "array": [r["ci_high"] - v for r, v in zip(rows, rate, strict=True)],
            "arrayminus": [v - r["ci_low"] for r, v in zip(rows, rate, strict=True)],
        },
    )
    figure = styled(go.Figure(dots), "Sessions that end here without a goal")
    return figure.update_xaxes(tickformat=".0%", rangemode="tozero")


def paths_figure(table: pa.Table) -> go.Figure:
    """EDGES: a matrix from source (rows) to target (columns) of the busiest nodes; a cell is the share of the source's steps."""
    rows = table.to_pylist()
    busy: dict[str, int] = {}
    for r in rows:
        busy[r["target"]] = busy.get(r["target"], 0) + r["transitions"]
    ranked = sorted((n for n in busy if n != END), key=lambda n: (-busy[n], n))[:MOST]
    shares = {(r["source"], r["target"]): r["probability"] for r in rows}
    sources, targets = [START, *ranked], [*ranked, END]
    return styled(go.Figure(shares_of(shares, sources, targets)), "to")


def carts_figure(table: pa.Table) -> go.Figure:
    """Carts: a stacked bar a kind."""
    rows = table.to_pylist()
    kinds = list(dict.fromkeys(r["kind"] for r in rows))
    look = {
        "converted": (ACCENT, ""),
        "recovered": (ACCENT, "."),
        "abandoned": (WARN, "/"),
        "emptied": (QUIET, ""),
        "open": (PAPER, "-"),
    }
    bars = [
        go.Bar(
            name=status,
            y=kinds,
            orientation="h",
            marker={"color": colour, "pattern": {"shape": shape}, "line": EDGE},
            x=[sum(r["episodes"] for r in rows if (r["kind"], r["status"]) == (k, status)) for k in kinds],
        )
        for status, (colour, shape) in look.items()
        if any(r["status"] == status for r in rows)
    ]
    return styled(go.Figure(bars), "Carts").update_layout(barmode="stack", showlegend=True)


def matrix_figure(table: pa.Table) -> go.Figure:
    """Nodes by step, as shares of the sessions: of `steps` (one row per step and node) or of `step matrix` (one column a step)."""
    node, *columns = (c for c in table.column_names if c in ("touchpoint", "stage", "event") or c.startswith("step_"))
    cells: dict[tuple[str, str], float] = {}
    for r in table.to_pylist():
        shares = {c.removeprefix("step_"): r[c] for c in columns} if columns else {str(r["step"]): r["share"]}
        cells.update({(r[node], step): share for step, share in shares.items()})
    steps = sorted({step for _, step in cells}, key=int)
    busy: dict[str, float] = {}
    for (name, _), share in cells.items():
        busy[name] = busy.get(name, 0.0) + (share or 0.0)
    ranked = sorted(busy, key=lambda n: (n == END, -busy[n], n))[:MOST]
    return styled(go.Figure(shares_of(cells, ranked, steps)), "step").update_xaxes(type="category")


def shares_of(cells: Mapping[tuple[str, str], float | None], rows: Sequence[str], columns: Sequence[str]) -> go.Heatmap:
    """A heatmap of shares; an empty cell is nothing, not zero."""
    return go.Heatmap(
        z=[[cells.get((row, column)) for column in columns] for row in rows],
        zmax=max((share for share in cells.values() if share), default=1),  # without it plotly takes no notice of zmin
        x=names(columns),
        y=names(rows),
        colorscale=[[0, PAPER], [1, ACCENT]],
        zmin=0,
        hovertemplate="%{y} \u2192 %{x}: %{z:.1%}<extra></extra>",
        colorbar={"tickformat": ".0%"},
    )


def flows_figure(table: pa.Table) -> go.Figure:
    """STEPS: a Sankey of the first steps; what ends without a goal goes to its own end."""
    flows = [f for f in merged(table, TOP_K) if f.step]
    layout = laid_out(merged(table, TOP_K))
    boxes = [(step, name) for step, column in enumerate(layout.columns, 1) for name in column]
    number = {box: i for i, box in enumerate([*boxes, (0, "no goal"), (0, "goal")])}
    links: list[tuple[int, int, int]] = []
    for f in flows:
        source = number[f.step, f.source]
        if f.target != END:
            links.append((source, number[f.step + 1, f.target], f.sessions))
            continue
        ends = (("no goal", f.sessions - f.with_goal), ("goal", f.with_goal))
        links += [(source, number[0, end], n) for end, n in ends if n]
    sankey = go.Sankey(
        node={
            "label": [*names(n for _, n in boxes), "ends without a goal", "ends with a goal"],
            "color": [*[INK] * len(boxes), WARN, ACCENT],
            "thickness": 8,
        },
        link={"color": FLOW, **{k: [link[i] for link in links] for i, k in enumerate(("source", "target", "value"))}},
    )
    return styled(go.Figure(sankey), "")


def retention_figure(table: pa.Table) -> go.Figure:
    """RETENTION: a row a cohort and a column a period, blank where it is not over; of a breakdown, its averages."""
    rows, column = table.to_pylist(), table.column_names[0]
    if column != "cohort":
        rows = [r for r in rows if r["cohort"] == AVERAGE]
    cells = {(r[column], r["name"]): r["share"] for r in rows}
    periods = list(dict.fromkeys(r["name"] for r in sorted(rows, key=lambda r: r["period"])))
    shown = shares_of(cells, list(dict.fromkeys(r[column] for r in rows)), periods)
    figure = styled(go.Figure(shown.update(texttemplate="%{z:.0%}")), "since the start of the cohort")
    return figure.update_xaxes(type="category").update_yaxes(type="category")


def lifecycle_figure(table: pa.Table) -> go.Figure:
    """LIFECYCLE: the active of each period stacked upwards, the dormant downwards."""
    rows = [r for r in table.to_pylist() if r["complete"]]
    look = {"retained": ACCENT, "resurrected": COLOURS[2], "new": COLOURS[1], "dormant": QUIET}
    bars = [
        go.Bar(
            name=state,
            x=[r["period"] for r in rows],
            y=[-r[state] if state == "dormant" else r[state] for r in rows],
            customdata=[r[state] for r in rows],
            marker={"color": colour, "line": EDGE},
            hovertemplate="%{x}: %{customdata:,} " + state + "<extra></extra>",
        )
        for state, colour in look.items()
    ]
    figure = styled(go.Figure(bars), "Customers; below the line those who went silent")
    figure.update_layout(barmode="relative", showlegend=True).update_xaxes(type="category")
    return figure.update_yaxes(autorange=True)


def second_goal_figure(table: pa.Table) -> go.Figure:
    """TIME_TO_GOAL: the share with a second goal by days since the first, at the marks, with its interval."""
    rows = table.to_pylist()
    days = [r["seconds"] / 86_400 for r in rows]
    band = [
        go.Scatter(x=days, y=[r[end] for r in rows], mode="lines", line={"width": 1, "color": QUIET})
        for end in ("ci_low", "ci_high")
    ]
    line = go.Scatter(x=days, y=[r["share"] for r in rows], mode="lines+markers", line={"color": ACCENT})
    figure = styled(go.Figure([*band, line]), "Days since the first goal")
    return figure.update_yaxes(autorange=True, tickformat=".0%", rangemode="tozero")


def drivers_figure(table: pa.Table) -> go.Figure:
    """DRIVERS: a forest plot, the odds ratio of each factor with its interval on a doubling scale; what is beyond noise is in colour."""
    rows = [r for r in table.to_pylist() if r["odds_ratio"]][:MOST]
    ratio = [r["odds_ratio"] for r in rows]
    dots = go.Scatter(
        x=ratio,
        y=names(f"{r['factor']} {r['value']}" for r in rows),
        mode="markers",
        marker={"color": [ACCENT if r["significant"] else QUIET for r in rows], "size": 9},
        customdata=[escape(plain(r["sentence"] or "", 200), quote=False) for r in rows],
        hovertemplate="%{customdata}<extra></extra>",
        error_x={
            "type": "data",
            "symmetric": False,
            "color": QUIET,
            "array": [r["odds_high"] - v for r, v in zip(rows, ratio, strict=True)],
            "arrayminus": [v - r["odds_low"] for r, v in zip(rows, ratio, strict=True)],
        },
    )
    figure = styled(go.Figure(dots), "Odds ratio: to the right of 1 it goes with the outcome, to the left against it")
    return figure.update_xaxes(type="log", dtick=1).add_vline(x=1, line=EDGE)


def names(found: Iterable[str]) -> list[str]:
    """Names as plotly may show them."""
    return [escape(plain(n, 40), quote=False) for n in found]


def styled(figure: go.Figure, title: str) -> go.Figure:
    """The look of the page."""
    figure.update_layout(
        font={"family": FONT, "size": 12, "color": INK},
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        showlegend=False,
        margin={"l": 8, "r": 24, "t": 24, "b": 40},
        xaxis_title=title,
        separators=".,",
    )
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    return figure


FIGURES: dict[str, Callable[[pa.Table], go.Figure]] = {
    "funnel": funnel_figure,
    "dropoff": dropoff_figure,
    "paths": paths_figure,
    "carts": carts_figure,
    "flows": flows_figure,
    "steps": matrix_figure,
    "step matrix": matrix_figure,
    "retention": retention_figure,
    "lifecycle": lifecycle_figure,
    "second goal": second_goal_figure,
    "drivers": drivers_figure,
}
"""By the title of the answer."""


def plot(title: str, table: pa.Table) -> go.Figure:
    """The figure of an answer; raises TypeError for one that has none."""
    if title not in FIGURES:
        raise TypeError(f"{title} has no figure; these have: {', '.join(sorted(FIGURES))}.")
    return FIGURES[title](table)
