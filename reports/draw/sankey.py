"""The first steps of sessions as a Sankey: columns are steps, hatched stubs are sessions that end there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
from markupsafe import Markup

from reports.draw.flows import HEIGHT, NODE, OTHER, STUB, WIDTH, Box, Layout, Node, laid_out, merged
from reports.draw.svg import DROP, element, picture, places, shown
from reports.formatting import number, plain, share

TOP_K = 7
SMALLEST_LABEL = 9.0
LETTERS = 16


def sankey(flows: pa.Table, always: Collection[str] = (), top_k: int = TOP_K) -> Markup:
    """STEPS in, SVG out; touchpoints beyond the `top_k` most visited and `always` are one: other. Nothing without sessions."""
    layout = laid_out(merged(flows, top_k, always))
    last = len(layout.columns)
    if not last:
        return Markup()
    shapes = [heading(layout, step) for step in range(1, last + 1)]
    shapes += [shape for step in range(1, last) for shape in ribbons(layout, step)]
    shapes += [shape for node in layout.boxes for shape in stubs(layout, node)]
    shapes += [label(layout, node) for node in layout.boxes]
    return picture(
        shapes,
        height=HEIGHT,
        class_="sankey",
        box=f"0 0 {shown(WIDTH)} {shown(HEIGHT)}",
        label=f"The first {last} steps of {number(layout.sessions(1))} sessions; the table below has the same numbers.",
    )


def heading(layout: Layout, step: int) -> Markup:
    """Above a column: which step, and how many sessions are still there."""
    still = layout.sessions(step)
    parts = [element("text", f"Step {step}", x=layout.x(step), y=12, class_="heading")]
    rest = f"{number(still)} \u00b7 {share(still / layout.sessions(1), 0)}" if step > 1 else f"{number(still)} sessions"
    return element("g", *parts, element("text", rest, x=layout.x(step), y=26, class_="quiet"))


def ribbons(layout: Layout, step: int) -> Iterator[Markup]:
    """The flows from one column to the next, from the top."""
    x0, x1 = layout.x(step) + NODE, layout.x(step + 1)
    middle = (x0 + x1) / 2
    for source in layout.columns[step - 1]:
        box = layout.boxes[step, source]
        for target in layout.columns[step]:
            sessions = box.out.get(target, 0)
            if not sessions:
                continue
            there = layout.boxes[step + 1, target]
            thick = sessions * layout.scale
            a, b = box.right, there.left
            box.right, there.left = a + thick, b + thick
            d = " ".join(
                shown(v) if isinstance(v, float) else v
                for v in (
                    "M",
                    x0,
                    a,
                    "C",
                    middle,
                    a,
                    middle,
                    b,
                    x1,
                    b,
                    "L",
                    x1,
                    b + thick,
                    "C",
                    middle,
                    b + thick,
                    middle,
                    a + thick,
                    x0,
                    a + thick,
                    "Z",
                )
            )
            title = element("title", f"{plain(source)} \u2192 {plain(target)}: {number(sessions)} sessions")
            rest = OTHER in (source, target)
            yield element(
                "path", title, d=d, class_="ribbon rest" if rest else "ribbon", data_place=places(source, target)
            )


def stubs(layout: Layout, node: Node) -> Iterator[Markup]:
    """The box itself; at its foot what ends here, with a goal (solid) and without one (hatched)."""
    step, name = node
    box, x = layout.boxes[node], layout.x(step)
    high = box.sessions * layout.scale
    title = element("title", said(name, step, box))
    yield element(
        "rect",
        title,
        x=x,
        y=box.y,
        width=NODE,
        height=max(high, 1.0),
        class_="node rest" if name == OTHER else "node",
        data_place=places(name),
    )
    foot = box.y + high
    for count, kind, fill in ((box.dropped, "drop", DROP), (box.done, "done", None)):
        tall = count * layout.scale
        foot -= tall
        if count:
            yield element(
                "rect",
                x=x + NODE,
                y=foot,
                width=STUB,
                height=tall,
                class_=f"stub {kind}",
                fill=fill,
                data_place=places(name),
            )


def said(name: str, step: int, box: Box) -> str:
    """A box in words."""
    text = f"{plain(name)}, step {step}: {number(box.sessions)} sessions"
    text += f", {number(box.dropped)} end here without a goal" if box.dropped else ""
    return text + (f", {number(box.done)} with one" if box.done else "")


def label(layout: Layout, node: Node) -> Markup:
    """The name beside its box, and how many; left out where there is no room (the table has it)."""
    step, name = node
    box = layout.boxes[node]
    high = box.sessions * layout.scale
    if high < SMALLEST_LABEL:
        return Markup()
    x, two = layout.x(step) + NODE + STUB + 5, high >= 30
    y = box.y + high / 2 + (-2 if two else 4)
    count = number(box.sessions)
    letters = LETTERS if two else LETTERS - len(count)
    lines = [element("text", plain(name, letters), " " + count if not two else "", x=x, y=y, class_="name")]
    if two:
        lines.append(element("text", count, x=x, y=y + 15, class_="quiet"))
    return element("g", *lines, data_place=places(name))
