"""The answer of `why`: what is beyond noise by name, the rest of each question in one row, all of it in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any, NamedTuple

import pyarrow as pa

from ingest.scan.batches import OTHER
from paths.drivers.contributions import Contribution, Part
from paths.drivers.moves import NEW, VANISHED, Cell, Move
from paths.statistics.intervals import rate
from paths.statistics.pairs import points

WHY = pa.schema(
    [
        pa.field("kind", pa.string()),
        pa.field("name", pa.string()),
        pa.field("value", pa.string()),
        pa.field("named", pa.bool_()),
        pa.field("n", pa.int64()),
        pa.field("share", pa.float64()),
        pa.field("rate", pa.float64()),
        pa.field("n_before", pa.int64()),
        pa.field("share_before", pa.float64()),
        pa.field("rate_before", pa.float64()),
        pa.field("mix", pa.float64()),
        pa.field("mix_significant", pa.bool_()),
        pa.field("rate_effect", pa.float64()),
        pa.field("rate_significant", pa.bool_()),
        pa.field("contribution", pa.float64()),
        pa.field("sentence", pa.string()),
    ]
)
"""One row is one part of the units that is beyond noise (`named`), or all others of the same question (`kind` and `name`). kind:
column (`name`, with `value`), step (from `name` to `value`; n: units that came to `name`), new touchpoint and vanished touchpoint (`name`;
`value` is "met"). contribution = mix + rate_effect; over the rows of one question they add up to the move of the rate, and are not
rounded. A question with nothing beyond noise has no rows."""


class Words(NamedTuple):
    """How a sentence speaks."""

    did: str  # what hits did
    units: str  # what is counted
    there: str = "before"  # the other side


def why_table(move: Move, words: Words) -> pa.Table:
    """WHY: the question with the largest named contribution first."""
    questions = [
        list(rows) for _, rows in groupby(move.cells, key=lambda c: (c.kind, None if c.kind == "step" else c.name))
    ]
    told = [q for q in questions if any(c.named for c in q)]
    told.sort(key=lambda q: (-max(abs(c.contribution.total) for c in q if c.named), q[0].kind, q[0].name))
    rows = [row for q in told for row in rows_of(q, move, words)]
    return pa.Table.from_pylist(rows, schema=WHY)


def rows_of(cells: Sequence[Cell], move: Move, words: Words) -> Iterator[dict[str, Any]]:
    """The named parts of one question, the largest contribution first, and the rest."""
    named = sorted((c for c in cells if c.named), key=lambda c: (-abs(c.contribution.total), c.name, c.value or ""))
    for c in named:
        yield row_of(c, move) | {"value": c.value, "named": True, "sentence": sentence(c, move, words)}
    others = [c for c in cells if not c.named]
    if others:
        rest = together(others)
        said = f"the rest of {question(rest)}: {signed(rest.contribution.total)} points"
        yield row_of(rest, move) | {"value": OTHER, "named": False, "sentence": said}


def together(cells: Sequence[Cell]) -> Cell:
    """Several parts as one; of steps, which follow on each other, only what they contribute is added up."""
    step = cells[0].kind == "step"
    part = Part(0, 0, 0, 0) if step else Part(*(sum(numbers) for numbers in zip(*(c.part for c in cells), strict=True)))
    contribution = Contribution(*(sum(c, Fraction(0)) for c in zip(*(c.contribution for c in cells), strict=True)))
    return Cell(
        kind=cells[0].kind, name=OTHER if step else cells[0].name, value=None, part=part, contribution=contribution
    )


def row_of(cell: Cell, move: Move) -> dict[str, Any]:
    """Its numbers."""
    part, whole = cell.part, move.whole
    return {
        "kind": cell.kind,
        "name": cell.name,
        "n": part.n,
        "share": rate(part.n, whole.trials),
        "rate": rate(part.hits, part.n),
        "n_before": part.n_before,
        "share_before": rate(part.n_before, whole.trials_before),
        "rate_before": rate(part.hits_before, part.n_before),
        "mix": float(cell.contribution.mix),
        "mix_significant": cell.mix_sure,
        "rate_effect": float(cell.contribution.rate),
        "rate_significant": cell.rate_sure,
        "contribution": float(cell.contribution.total),
    }


def question(cell: Cell) -> str:
    """What a part is a part of, in words."""
    return {"step": "the steps", "column": cell.name}.get(cell.kind, f"the {cell.kind} {cell.name}")


def sentence(cell: Cell, move: Move, words: Words) -> str:
    """A named part in words, its mix and its rate apart."""
    part, c, there = cell.part, cell.contribution, words.there
    now, before = (f"{100 * float(r):.1f} %" for r in part.rates)
    share, share_before = (f"{100 * n / m:.1f} %" for n, m in zip(part[::2], move.part[::2], strict=True))
    if cell.kind == "step":
        return f"{cell.name} > {cell.value}: {now} of {part.n:,} went on, {before} {there}: {signed(c.rate)} points"
    others = [f"{100 * float(r):.1f} % of the others" for r in move.part.less(part).rates]
    if cell.kind == NEW:
        met = f"{share} of the {words.units} met it, of whom {now} {words.did}"
        return f"{cell.name} is new: {met}, {others[0]}: {signed(c.mix)} points"
    if cell.kind == VANISHED:
        met = f"{share_before} of the {words.units} met it {there}, of whom {before} {words.did}"
        return f"{cell.name} is gone: {met}, {others[1]}: {signed(c.mix)} points"
    said = []
    if cell.rate_sure:
        said.append(f"{now} of {part.n:,} {words.did}, {before} {there}: {signed(c.rate)} points")
    if cell.mix_sure:
        level = f"of whom {now} {words.did}"
        said.append(f"{share} of the {words.units}, {share_before} {there}, {level}: {signed(c.mix)} points by the mix")
    return f"{cell.name} {cell.value}: " + "; ".join(said)


def signed(value: Fraction) -> str:
    """A contribution in percentage points, with its sign."""
    said = points(float(value))
    return said if said.startswith("-") or not value else f"+{said}"


def overall(move: Move) -> Mapping[str, Any] | None:
    """The rate on both sides, and its move with the interval; None where a side has no units."""
    whole = move.whole
    if move.total is None:
        return None
    low, high = whole.interval
    return {
        "n": whole.trials,
        "rate": rate(whole.hits, whole.trials),
        "n_before": whole.trials_before,
        "rate_before": rate(whole.hits_before, whole.trials_before),
        "difference": float(move.total),
        "ci_low": low,
        "ci_high": high,
        "p_value": whole.p_value,
    }
