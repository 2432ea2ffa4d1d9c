"""Carts: what became of them by kind, where they were left, when they went quiet and when some came back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from markupsafe import Markup

from reports.content.report import CartAnswer, Report
from reports.draw.bars import bar, stack
from reports.draw.sheets import Sheet, figures, sheet, words
from reports.formatting import NOTHING, named, number, plain, share, short_money

ORDER = ("converted", "recovered", "abandoned", "emptied", "open")
SAID = {
    "converted": "bought",
    "recovered": "recovered",
    "abandoned": "abandoned",
    "emptied": "emptied",
    "open": "still open",
}
KIND = {"cart": "Cart only", "checkout": "Checkout begun", "browse": "Only looked"}
HOURS = (
    (6, "under 6 h"),
    (24, "6 to 24 h"),
    (72, "1 to 3 days"),
    (168, "3 to 7 days"),
    (672, "1 to 4 weeks"),
    (1 << 40, "longer"),
)
MOST = 6


@dataclass(frozen=True, kw_only=True)
class Part:
    """One status of a kind."""

    status: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of cart."""

    name: str
    total: str
    bar: Markup
    parts: list[Part]
    value: str


@dataclass(frozen=True, kw_only=True)
class BarRow:
    """A label, a bar and a number."""

    label: Markup
    bar: Markup
    value: str


@dataclass(frozen=True, kw_only=True)
class Bars:
    """A small chart: rows under a sentence."""

    title: str
    rows: list[BarRow]


@dataclass(frozen=True, kw_only=True)
class CartsView:
    """The section."""

    summary: Markup
    kinds: list[Kind]
    charts: list[Bars]
    table: Sheet
    crossings: Sheet | None = None


def carts(report: Report) -> CartsView | None:
    """None where no event plays the role of a cart."""
    answer = report.carts
    if answer is None or not answer.totals["episodes"]:
        return None
    rows = answer.table.to_pylist()
    most = max(sum(r["episodes"] for r in rows if r["kind"] == k) for k in KIND)
    charts = [
        Bars(title="Abandoned carts, by last step", rows=last_steps(answer.last_steps)),
        Bars(title="Abandoned carts, by time since the last activity", rows=histogram(answer.idle_hours, "abandoned")),
        Bars(
            title="Recovered carts, by time from quiet to purchase", rows=histogram(answer.recovery_hours, "recovered")
        ),
    ]
    return CartsView(
        summary=summary(answer, report),
        charts=[c for c in charts if c.rows],
        table=table(rows, report),
        crossings=crossed(report),
        kinds=[
            kind(k, [r for r in rows if r["kind"] == k], most, report)
            for k in KIND
            if any(r["kind"] == k for r in rows)
        ],
    )


def summary(answer: CartAnswer, report: Report) -> Markup:
    """The sentence of the section."""
    t = answer.totals
    decided = t["converted"] + t["recovered"] + t["abandoned"]
    text = Markup("Of {} decided carts, {} bought at once, {} went quiet and came back, {} are abandoned").format(
        number(decided), number(t["converted"]), number(t["recovered"]), number(t["abandoned"])
    )
    left = [r for r in answer.table.to_pylist() if r["status"] == "abandoned" and r["kind"] != "browse"]
    values = [r["value"] for r in left if r["value"] is not None]
    if values:
        known = sum(r["value_coverage"] * r["episodes"] for r in left if r["value"] is not None)
        text += Markup(" with <b>{}</b> in them (value known for {})").format(
            short_money(sum(values), report.currency), share(known / t["abandoned"], 0)
        )
    elif left and t["value_coverage"]:
        text += Markup("; their value is not known: map price in [[source]], or quantity and item_id of updates")
    elif not t["value_coverage"]:
        text += Markup("; their value is not known: map price or value in [[source]]")
    return text + Markup(".")


def kind(name: str, rows: Sequence[Mapping[str, Any]], most: int, report: Report) -> Kind:
    """One kind as a stacked bar."""
    count = Counter({r["status"]: r["episodes"] for r in rows})
    total = sum(count.values())
    parts = [(s, count[s]) for s in ORDER if count[s]]
    said = [
        Part(status=s, text=f"{number(n)} {'left' if name == 'browse' and s == 'abandoned' else SAID[s]}")
        for s, n in parts
    ]
    label = f"{KIND[name]}: {number(total)}; " + ", ".join(p.text for p in said)
    left = [r["value"] for r in rows if r["status"] == "abandoned" and r["value"] is not None]
    value = f"{short_money(sum(left), report.currency)} in abandoned" if left else ""
    return Kind(name=KIND[name], total=number(total), bar=stack(parts, most, label), parts=said, value=value)


def last_steps(table: pa.Table) -> list[BarRow]:
    """Where abandoned carts were last touched."""
    count = Counter[str]()
    for r in table.to_pylist():
        if r["status"] == "abandoned":
            count[r["last_step"]] += r["episodes"]
    ranked = sorted(count.items(), key=lambda c: (-c[1], c[0]))
    shown = [(named(name, 40), plain(name), n) for name, n in ranked[:MOST]]
    rest = sum(n for _, n in ranked[MOST:])
    return bar_rows([*shown, (Markup("others"), "others", rest)] if rest else shown, "abandoned")


def histogram(hours: pa.Table, status: str) -> list[BarRow]:
    """HOURS in bands of a week and more."""
    count = Counter[str]()
    for r in hours.to_pylist():
        count[next(label for limit, label in HOURS if r["hours"] < limit)] += r["episodes"]
    bands = [(Markup(label), label, count[label]) for _, label in HOURS]
    last = max((i for i, (_, _, n) in enumerate(bands) if n), default=-1)
    return bar_rows(bands[: last + 1], status)


def bar_rows(rows: Sequence[tuple[Markup, str, int]], status: str) -> list[BarRow]:
    """Rows of a small chart, bars as shares of the largest."""
    most = max((n for _, _, n in rows), default=0)
    hatched = status == "abandoned"
    return [
        BarRow(label=label, bar=bar(n, most, f"{said}: {number(n)}", hatched), value=number(n))
        for label, said, n in rows
    ]


def crossed(report: Report) -> Sheet | None:
    """What crosses channels and devices; not of segments."""
    if report.crossings is None or not report.crossings.num_rows:
        return None
    columns = [
        words("Of", "what", plain),
        words("Begun on, or how many", "begun", lambda v: plain(v) if v else NOTHING),
        words("Bought on", "bought", lambda v: plain(v) if v else NOTHING),
        figures("Customers or carts", "n", number),
        figures("Share", "share", share),
    ]
    command = f"{report.commands['carts']} --crossings"
    return sheet("What crosses channels and devices", report.crossings, columns, command)


def table(rows: Sequence[Mapping[str, Any]], report: Report) -> Sheet:
    """The answer as it is."""
    columns = [
        words("Kind", "kind", plain),
        words("Status", "status", plain),
        figures("Carts", "episodes", number),
        figures("Customers", "customers", number),
        figures("Value", "value", lambda v: short_money(v, report.currency)),
        figures("Value known for", "value_coverage", lambda v: NOTHING if v is None else share(v, 0)),
    ]
    return sheet("Carts by kind and status", rows, columns, report.commands["carts"])
