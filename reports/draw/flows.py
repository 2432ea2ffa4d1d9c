"""Where a Sankey's boxes stand: the geometry of reports/draw/sankey.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pyarrow as pa

from paths.visits.visits import END, START

WIDTH, HEIGHT, TOP = 840.0, 430.0, 34.0
NODE, STUB, LABEL_ROOM, GAP = 7.0, 12.0, 118.0, 10.0
OTHER = "other"
"""All the touchpoints that a picture has no room for. One that is called so is shown as event:other, as START is."""

Node = tuple[int, str]


class Flow(NamedTuple):
    """Sessions from the touchpoint at a step to the one at the next."""

    step: int
    source: str
    target: str
    sessions: int
    with_goal: int


@dataclass
class Box:
    """A touchpoint at a step: where it is drawn, and what stops there."""

    sessions: int = 0
    dropped: int = 0  # end here without a goal
    done: int = 0  # end here with one
    y: float = 0.0
    out: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    left: float = 0.0  # where the next flow arrives
    right: float = 0.0  # where the next one leaves


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Boxes by (step, name), the names of each column from the top, and how many pixels a session is high."""

    boxes: Mapping[Node, Box]
    columns: Sequence[Sequence[str]]
    scale: float

    def x(self, step: int) -> float:
        """The left edge of a column."""
        return (step - 1) * (WIDTH - LABEL_ROOM - NODE) / max(1, len(self.columns) - 1)

    def sessions(self, step: int) -> int:
        """How many sessions have a step of that number."""
        return sum(self.boxes[step, name].sessions for name in self.columns[step - 1])


def merged(flows: pa.Table, top_k: int, always: Collection[str] = ()) -> list[Flow]:
    """STEPS rows with rare touchpoints as `other`; the `top_k` most visited and `always` keep their names."""
    visits: dict[str, int] = defaultdict(int)
    rows = [
        Flow(r["step"], apart(r["source"]), apart(r["target"]), r["sessions"], r["with_goal"])
        for r in flows.to_pylist()
    ]
    for f in rows:
        if f.target != END:
            visits[f.target] += f.sessions
    ranked = sorted(visits, key=lambda n: (-visits[n], n))
    kept = {START, END, *map(apart, always), *(ranked if len(ranked) <= top_k + 1 else ranked[:top_k])}
    total: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for f in rows:
        source, target = (n if n in kept else OTHER for n in (f.source, f.target))
        total[f.step, source, target][0] += f.sessions
        total[f.step, source, target][1] += f.with_goal
    return [Flow(*key, *counts) for key, counts in sorted(total.items())]


def apart(name: str) -> str:
    """A touchpoint's name that is not the word for the rest."""
    return f"event:{name}" if name == OTHER else name


def laid_out(flows: Sequence[Flow]) -> Layout:
    """Every column from the top, the busiest touchpoint first, `other` last."""
    boxes = boxes_of(flows)
    ordered = sorted(boxes, key=lambda box: (box[1] == OTHER, -boxes[box].sessions, box[1]))
    columns = [[n for s, n in ordered if s == step] for step in range(1, max((s for s, _ in boxes), default=0) + 1)]
    room = [
        (HEIGHT - TOP - GAP * (len(names) - 1) - 2) / sum(boxes[step, n].sessions for n in names)
        for step, names in enumerate(columns, 1)
    ]
    scale = min(room, default=0.0)
    for step, names in enumerate(columns, 1):
        y = TOP
        for name in names:
            box = boxes[step, name]
            box.y = box.left = box.right = y
            y += box.sessions * scale + GAP
    return Layout(boxes=boxes, columns=columns, scale=scale)


def boxes_of(flows: Sequence[Flow]) -> dict[Node, Box]:
    """What every touchpoint at every step gets, passes on, and loses."""
    boxes: dict[Node, Box] = {}
    for f in flows:  # in the order of their steps: a box is there before it passes anything on
        if f.target != END:
            boxes.setdefault((f.step + 1, f.target), Box()).sessions += f.sessions
        if not f.step:
            continue
        box = boxes[f.step, f.source]
        if f.target == END:
            box.done += f.with_goal
            box.dropped += f.sessions - f.with_goal
        else:
            box.out[f.target] += f.sessions
    return boxes
