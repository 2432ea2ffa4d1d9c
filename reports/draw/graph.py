"""The path graph: touchpoints as bars from early to late in the session, the ways most taken between them as arrows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from paths.visits.visits import END
from reports.draw.flows import Flow
from reports.draw.svg import DROP, element, picture, places, shown
from reports.formatting import number, plain, share

MOST = 9
"""So many touchpoints, the goals among them, however few their visits."""

WIDTH, COLUMNS, PITCH, TOP = 840.0, 4, 92.0, 26.0
LONGEST, TALL = 104.0, 14.0
LEAST = 0.08
"""An arrow stands for at least this share of the steps from its touchpoint."""

WAYS = 2
"""At most so many arrows leave a touchpoint."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A touchpoint where it is drawn: its bar, and what ends there."""

    name: str
    column: int
    x: float
    y: float
    width: float
    visits: int
    dropped: int  # sessions that end here without a goal
    done: int  # and with one

    @property
    def right(self) -> float:
        """Where its bar ends."""
        return self.x + self.width


def ranked(edges: pa.Table) -> list[str]:
    """Touchpoints by visits, then name."""
    visits: Counter[str] = Counter()
    for r in edges.to_pylist():
        if r["target"] != END:
            visits[r["target"]] += r["transitions"]
    return sorted(visits, key=lambda n: (-visits[n], n))


def graph(edges: pa.Table, flows: pa.Table, dropoff: pa.Table, goal: Collection[str] = ()) -> Markup:
    """EDGES, STEPS and drop-off rows in, SVG out. Nothing below three touchpoints."""
    rows, names = edges.to_pylist(), ranked(edges)
    kept = [n for n in names if n in goal][:2]
    names = sorted([*kept, *(n for n in names if n not in kept)][:MOST], key=names.index)
    if len(names) < 3:
        return Markup()
    stops = {s.name: s for s in laid_out(names, rows, flows, dropoff, goal)}
    height = max(s.y for s in stops.values()) + TALL + 16
    arrows = [a for way in ways(rows, stops) for a in arrow(*way)]
    shapes = [arrow_head(), *arrows, *(bar_of(s) for s in stops.values())]
    label = f"The most frequent steps between {len(names)} touchpoints; the table below has all of them."
    return picture(shapes, height=height, class_="graph", box=f"0 0 {shown(WIDTH)} {shown(height)}", label=label)


def laid_out(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], flows: pa.Table, dropoff: pa.Table, goal: Collection[str]
) -> list[Stop]:
    """Early touchpoints to the left, goals last; in each column the most visited on top, every other column set lower."""
    place, visits, ends = mean_places(flows), Counter[str](), Counter[str]()
    for r in rows:
        visits[r["target"]] += r["transitions"]
        if r["target"] == END:
            ends[r["source"]] += r["transitions"]
    early = sorted(names, key=lambda n: (n in goal, place.get(n, 99.0), n))
    dropped = {r["touchpoint"]: r["drop_off"] for r in dropoff.to_pylist()}
    most, seen, found = max(visits[n] for n in names), Counter[int](), []
    for n in names:
        at = early.index(n) * COLUMNS // len(early)
        lost = min(dropped.get(n, 0), ends[n])
        found.append(
            Stop(
                name=n,
                column=at,
                x=at * (WIDTH - LONGEST - 44) / (COLUMNS - 1),
                y=TOP + PITCH * (seen[at] + 0.4 * (at % 2)),
                width=max(4.0, LONGEST * visits[n] / most),
                visits=visits[n],
                dropped=lost,
                done=ends[n] - lost,
            )
        )
        seen[at] += 1
    return found


def mean_places(flows: pa.Table) -> dict[str, float]:
    """Touchpoint -> at which step sessions are there, on average over the first steps."""
    total: Counter[str] = Counter()
    weight: Counter[str] = Counter()
    for f in (Flow(*(r[c] for c in Flow._fields)) for r in flows.to_pylist()):
        total[f.target] += f.sessions
        weight[f.target] += (f.step + 1) * f.sessions
    return {n: weight[n] / total[n] for n in total}


def ways(
    rows: Sequence[Mapping[str, Any]], stops: Mapping[str, Stop]
) -> Iterator[tuple[Stop, Stop, int, float, float]]:
    """(from, to, transitions, share of the steps from there, width) of the arrows, the thinnest first."""
    out: dict[str, list[tuple[int, float, str]]] = defaultdict(list)
    for r in rows:
        if r["source"] in stops and r["target"] in stops and r["source"] != r["target"] and r["probability"] >= LEAST:
            out[r["source"]].append((r["transitions"], r["probability"], r["target"]))
    chosen = [(n, a, b, p) for a, found in out.items() for n, p, b in sorted(found, key=lambda w: (-w[0], w[2]))[:WAYS]]
    most = max((n for n, *_ in chosen), default=1)
    for n, a, b, p in sorted(chosen):
        yield stops[a], stops[b], n, p, 1 + 7 * n / most


def arrow(a: Stop, b: Stop, n: int, p: float, thick: float) -> Iterator[Markup]:
    """Onwards from the right end to the left one, back from the left end to the right one, within a column by the side."""
    ya, yb = a.y + TALL / 2, b.y + TALL / 2
    if b.column > a.column:
        x0, x1, out, into = a.right, b.x - 3, 60.0, -60.0
        ya, yb = ya - 3, yb - 3
    elif b.column < a.column:
        x0, x1, out, into = a.x - 2, b.right + 3, -60.0, 60.0
        ya, yb = ya + 4, yb + 4
    else:
        x0, x1, out, into = a.right, b.right + 3, 64.0, 64.0
    d = ("M", x0, ya, "C", x0 + out, ya, x1 + into, yb, x1, yb)
    said = f"{plain(a.name)} \u2192 {plain(b.name)}: {number(n)}, {share(p, 0)} of the steps from there"
    yield element(
        "path",
        element("title", said),
        d=" ".join(shown(v) for v in d),
        stroke_width=thick,
        class_="way",
        marker_end="url(#arrow)",
        data_place=places(a.name, b.name),
    )
    t = 0.32  # nearer to where it comes from: there labels have room
    points = ((x0, ya), (x0 + out, ya), (x1 + into, yb), (x1, yb))
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    x, y = (sum(w * q[i] for w, q in zip(weights, points, strict=True)) for i in (0, 1))
    yield element(
        "text", share(p, 0), x=x, y=y + 4, text_anchor="middle", class_="quiet", data_place=places(a.name, b.name)
    )


def bar_of(stop: Stop) -> Markup:
    """Visits as a bar with the name above; what ends there at its right end, hatched without a goal, solid with one."""
    unit = stop.width / stop.visits
    lost, done = stop.dropped * unit, stop.done * unit
    said = f"{plain(stop.name)}: {number(stop.visits)} visits, {number(stop.dropped)} end here without a goal"
    parts = [
        element("title", said),
        element("rect", x=stop.x, y=stop.y, width=stop.width, height=TALL, class_="node"),
        element("rect", x=stop.right - lost, y=stop.y, width=lost, height=TALL, class_="stub drop", fill=DROP),
        element("rect", x=stop.right - lost - done, y=stop.y, width=done, height=TALL, class_="stub done"),
        element(
            "text",
            plain(stop.name, 18),
            element("tspan", " " + number(stop.visits), class_="quiet"),
            x=stop.x,
            y=stop.y - 6,
            class_="name",
        ),
    ]
    return element("g", *parts, data_place=places(stop.name))


def arrow_head() -> Markup:
    """Of one size, however wide the line."""
    tip = element("path", d="M0 0L6 3L0 6z", class_="tip")
    marker = element(
        "marker",
        tip,
        id="arrow",
        viewBox="0 0 6 6",
        refX=5,
        refY=3,
        markerWidth=8,
        markerHeight=8,
        markerUnits="userSpaceOnUse",
        orient="auto",
    )
    return element("defs", marker)
