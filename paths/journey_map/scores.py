"""The tables of the journey map from its added-up counts: measures of cells, pain points, moments of truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from paths.arrays.grouping import as_rows, codes_of, equal_runs
from paths.arrays.histograms import NO_BINS, quantile_seconds
from paths.journey_map.cells import Cell
from paths.journey_map.friction import SIGNALS
from paths.journey_map.surveys import ONE
from paths.journey_map.visit_signs import FEELING
from paths.journeys.touchpoints import UNMAPPED
from paths.statistics.clusters import Clustered
from paths.statistics.intervals import Z95, discoveries, newcombe, rate, two_proportion_p, wilson

THIN, SOLID, NO_EVIDENCE = "thin", "solid", "none"

INT, FLOAT, TEXT = pa.int64(), pa.float64(), pa.string()

MEASURES = (
    ("customers", INT),
    ("share", FLOAT),
    ("events", INT),
    ("visits", INT),
    ("median_seconds", FLOAT),
    ("p90_seconds", FLOAT),
    ("sentiment", FLOAT),
    ("sentiment_low", FLOAT),
    ("sentiment_high", FLOAT),
    ("answers", INT),
    ("unhappy", FLOAT),
    ("friction", FLOAT),
    *[(f"friction_{s}", FLOAT) for s in SIGNALS],
    ("sessions", INT),
    ("drop_off", INT),
    ("drop_off_rate", FLOAT),
    ("ci_low", FLOAT),
    ("ci_high", FLOAT),
    ("goes_on", FLOAT),
    ("goes_on_low", FLOAT),
    ("goes_on_high", FLOAT),
    ("conversion", FLOAT),
    ("cost", FLOAT),
    ("evidence", TEXT),
)

PAINS = pa.schema(
    [
        ("stage", TEXT),
        ("touchpoint", TEXT),
        ("signal", TEXT),
        ("visits", INT),
        ("with_signal", INT),
        ("rate", FLOAT),
        ("ci_low", FLOAT),
        ("ci_high", FLOAT),
        ("customers", INT),
        ("conversion_with", FLOAT),
        ("conversion_without", FLOAT),
        ("lost_goals", FLOAT),
        ("value", FLOAT),
        ("evidence", TEXT),
    ]
)
"""One row is one signal at one touchpoint, the most expensive first. lost_goals = sessions with the signal (their return_window over) x
(conversion without it - with it), 0 where that is negative; value = lost_goals x mean goal value: association, not cause."""

MOMENTS = pa.schema(
    [
        ("stage", TEXT),
        ("touchpoint", TEXT),
        ("customers", INT),
        ("reach", FLOAT),
        ("good", INT),
        ("bad", INT),
        ("p_goal_good", FLOAT),
        ("p_goal_bad", FLOAT),
        ("difference", FLOAT),
        ("ci_low", FLOAT),
        ("ci_high", FLOAT),
        ("effect", FLOAT),
        ("effect_low", FLOAT),
        ("effect_high", FLOAT),
        ("p_value", FLOAT),
        ("significant", pa.bool_()),
        ("verdict", TEXT),
        ("evidence", TEXT),
    ]
)
"""One row is one touchpoint, moments of truth first, the strongest first: effect = reach x (P(goal | good) - P(goal | bad)), below 0
where bad is better; good, bad: visits with room for every signal, in sessions whose return_window is over; bad: it shows
friction, or an answer below 0 speaks of it. verdict: MOMENT, GOES_WITH_BUYING, or null where noise may be all."""
MOMENT, GOES_WITH_BUYING = "moment of truth", "goes with buying"


@dataclass(frozen=True, kw_only=True)
class MapAnswer:
    """`table`: one row per cell in the order of the stages; `pains`, `moments` (by touchpoint only); `totals`.

    `counts`: measure -> (hits, trials) of each row of `table`: drop_off, goes_on, friction, unhappy, visited (sessions of all).
    """

    table: pa.Table
    pains: pa.Table
    moments: pa.Table
    totals: Mapping[str, Any]
    counts: Mapping[str, Sequence[tuple[int, int]]]


NO_CELL = Cell("")
"""Of what is about the whole map."""
ABSENT = dict.fromkeys(("n", "hits", "sum", "square"), 0)


def bins_by_cell(times: pa.Table) -> dict[Cell, tuple[Ints, Ints]]:
    """Cell -> (n, sum) of each bin of its times, of added-up PARTS: one after another in the order of the cells."""
    n, total = (np.asarray(times[c]) for c in ("n", "sum"))
    runs = equal_runs(codes_of(times["stage"]), codes_of(times["place"]))
    heads = as_rows(times.select(["stage", "place"]).take(pa.array([lo for lo, _ in runs], pa.int64())))
    return {Cell(**head): (n[lo:hi], total[lo:hi]) for head, (lo, hi) in zip(heads, runs, strict=True)}


@dataclass(frozen=True, kw_only=True)
class ScoreSettings:
    """How counts become scores: the order of the `stages`, what the columns are (`by`), and from how many on it is evidence."""

    stages: tuple[str, ...]
    by: str
    has_goal: bool
    min_n: int
    minor_units: int
    q: float  # of the false discovery rate


class Counted:
    """Added-up PARTS, looked up by cell and kind."""

    def __init__(self, settings: ScoreSettings, parts: pa.Table) -> None:
        self.settings = settings
        timed = pc.equal(parts["kind"], "time")
        rows = as_rows(parts.filter(pc.invert(timed)))
        self.found: dict[tuple[Cell, str, str], dict[str, int]] = {
            (Cell(row["stage"], row["place"]), row["kind"], row["sign"]): row for row in rows
        }
        self.bins = bins_by_cell(parts.filter(timed))
        money = self.at(NO_CELL, "money")
        self.mean = money["sum"] / money["n"] / settings.minor_units if money["n"] else None
        self.customers = self.at(NO_CELL, "total")["n"]

    def at(self, cell: Cell, kind: str, sign: str = "") -> Mapping[str, int]:
        """n, hits, sum and square; zeros where there is nothing."""
        return self.found.get((cell, kind, sign), ABSENT)

    @cached_property
    def cells(self) -> list[Cell]:
        """By stage, then by customers, then by name; unmapped ones last."""
        visited = {c for c, kind, _ in self.found if kind in ("customers", "answers")}
        order = {n: i for i, n in enumerate(self.settings.stages)}
        return sorted(visited, key=lambda c: (order.get(c.stage, len(order)), -self.at(c, "customers")["n"], c))

    def answer(self) -> MapAnswer:
        """All tables."""
        by = self.settings.by
        keys = ["stage"] if by == "stage" else ["stage", by]
        schema = pa.schema([*[(k, TEXT) for k in keys], *MEASURES])
        rows = [dict(zip(keys, c, strict=False)) | self.measures(c) for c in self.cells]
        listed = self.cells if by == "touchpoint" else []
        return MapAnswer(
            table=pa.Table.from_pylist(rows, schema=schema),
            pains=self.pains(listed),
            moments=self.moments(listed),
            totals=self.totals(),
            counts={
                "drop_off": self.counts("sessions"),
                "goes_on": self.counts("goes_on"),
                "friction": self.counts("friction"),
                "unhappy": self.counts("answers"),
                "visited": [(n, self.at(NO_CELL, "total")["hits"]) for _, n in self.counts("sessions")],
            },
        )

    def counts(self, kind: str) -> list[tuple[int, int]]:
        """(hits, n) of a kind, cell by cell."""
        return [(self.at(c, kind)["hits"], self.at(c, kind)["n"]) for c in self.cells]

    def totals(self) -> dict[str, Any]:
        """customers, sessions, the unmapped share of the events, answers that speak of nothing or are off their scale."""
        total = self.at(NO_CELL, "total")
        events = {c: self.at(c, "visits")["hits"] for c in self.cells}
        unmapped = sum(n for c, n in events.items() if c.stage == UNMAPPED)
        return {
            "customers": total["n"],
            "sessions": total["hits"],
            "unmapped_share": rate(unmapped, sum(events.values())),
            "answers_of_nothing": total["sum"],
            "answers_off_scale": total["square"],
            "mean_goal_value": self.mean and round(self.mean, 2),
        }

    def evidence(self, n: int) -> str:
        """How much it stands on."""
        return NO_EVIDENCE if not n else SOLID if n >= self.settings.min_n else THIN

    def measures(self, cell: Cell) -> dict[str, Any]:
        """MEASURES of one cell."""
        visits, sessions, friction = (self.at(cell, k) for k in ("visits", "sessions", "friction"))
        customers, goes_on, closed = self.at(cell, "customers")["n"], self.at(cell, "goes_on"), self.at(cell, "closed")
        timed, total = self.bins.get(cell, (NO_BINS, NO_BINS))
        low, high = wilson(sessions["hits"], sessions["n"])
        on_low, on_high = wilson(goes_on["hits"], goes_on["n"])
        cost = self.at(cell, "cost")
        row: dict[str, Any] = {
            "customers": customers,
            "share": rate(customers, self.customers),
            "events": visits["hits"],
            "visits": visits["n"],
            "median_seconds": quantile_seconds(timed, total, 50),
            "p90_seconds": quantile_seconds(timed, total, 90),
            "friction": rate(friction["hits"], friction["n"]),
            "sessions": sessions["n"],
            "drop_off": sessions["hits"],
            "drop_off_rate": rate(sessions["hits"], sessions["n"]),
            "ci_low": low,
            "ci_high": high,
            "goes_on": rate(goes_on["hits"], goes_on["n"]),
            "goes_on_low": on_low,
            "goes_on_high": on_high,
            "conversion": rate(closed["hits"], closed["n"]) if self.settings.has_goal else None,
            "cost": round(cost["sum"] / self.settings.minor_units, 2) if cost["n"] else None,
            "evidence": self.evidence(customers),
        }
        signals = {s: self.at(cell, "signal", s) for s in SIGNALS}
        shown = {f"friction_{s}": rate(n["n"], n["sum"]) for s, n in signals.items()}
        return row | shown | self.sentiment(cell)

    def sentiment(self, cell: Cell) -> dict[str, Any]:
        """Mean feeling of a cell, -2 to +2, with the normal 95 % interval of a mean (none below two answers)."""
        a = self.at(cell, "answers")
        n = a["n"]
        mean = a["sum"] / ONE / n if n else None
        row: dict[str, Any] = {
            "answers": n,
            "unhappy": rate(a["hits"], n),
            "sentiment": None,
            "sentiment_low": None,
            "sentiment_high": None,
        }
        if mean is None:
            return row
        row["sentiment"] = round(mean, 6)
        if n > 1:
            spread = max(0.0, (a["square"] / 1e6 - n * mean * mean) / (n - 1))
            half = Z95 * sqrt(spread / n)
            row |= {
                "sentiment_low": round(max(-2.0, mean - half), 6),
                "sentiment_high": round(min(2.0, mean + half), 6),
            }
        return row

    def pains(self, cells: Sequence[Cell]) -> pa.Table:
        """The PAINS table."""
        rows = [self.pain(c, s) for c in cells for s in (*SIGNALS, FEELING) if self.at(c, "signal", s)["n"]]
        rows.sort(
            key=lambda r: (-(r["value"] or 0), -(r["lost_goals"] or 0), -r["customers"], r["touchpoint"], r["signal"])
        )
        return pa.Table.from_pylist(rows, schema=PAINS)

    def pain(self, cell: Cell, signal: str) -> dict[str, Any]:
        """One PAINS row."""
        shown = self.at(cell, "signal", signal)
        visits = shown["sum"]
        bad, closed = self.at(cell, "value", signal), self.at(cell, "closed")
        good_n, good_hits = closed["n"] - bad["n"], closed["hits"] - bad["hits"]
        low, high = wilson(shown["n"], visits)
        gap = good_hits / good_n - bad["hits"] / bad["n"] if good_n and bad["n"] else None
        lost = None if gap is None or not self.settings.has_goal else bad["n"] * max(0.0, gap)
        return {
            "stage": cell.stage,
            "touchpoint": cell.place,
            "signal": signal,
            "visits": visits,
            "with_signal": shown["n"],
            "rate": rate(shown["n"], visits),
            "ci_low": low,
            "ci_high": high,
            "customers": shown["hits"],
            "conversion_with": rate(bad["hits"], bad["n"]),
            "conversion_without": rate(good_hits, good_n),
            "lost_goals": None if lost is None else round(lost, 6),
            "value": None if lost is None or self.mean is None else round(lost * self.mean, 2),
            "evidence": self.evidence(shown["hits"]),
        }

    def moments(self, cells: Sequence[Cell]) -> pa.Table:
        """The MOMENTS table: ranked, with Benjamini-Hochberg over the rows with enough of both kinds."""
        rows = [self.moment(c) for c in cells if self.at(c, "moment", "bad")["n"]]
        solid = [r for r in rows if r["evidence"] == SOLID]
        for row, sure in zip(solid, discoveries([r["p_value"] for r in solid], self.settings.q), strict=True):
            if sure:
                better = row["difference"] > 0
                row |= {"significant": better, "verdict": MOMENT if better else GOES_WITH_BUYING}
        rows.sort(key=lambda r: (not r["significant"], r["evidence"] != SOLID, -(r["effect"] or 0), r["touchpoint"]))
        return pa.Table.from_pylist(rows, schema=MOMENTS)

    def side(self, cell: Cell, side: str) -> Clustered:
        """The good or the bad visits of a cell."""
        units, spread = self.at(cell, "moment", side), self.at(cell, "clusters", side)
        return Clustered(
            n=units["n"],
            hits=units["hits"],
            clusters=spread["n"],
            nn=units["sum"],
            nx=spread["hits"],
            xx=units["square"],
        )

    def moment(self, cell: Cell) -> dict[str, Any]:
        """One MOMENTS row."""
        good, bad = (self.side(cell, side) for side in ("good", "bad"))
        reach = self.at(cell, "customers")["n"] / self.customers
        independent = *good.effective, *bad.effective
        low, high = newcombe(*independent)
        difference = good.hits / good.n - bad.hits / bad.n if good.n else None
        return {
            "stage": cell.stage,
            "touchpoint": cell.place,
            "customers": self.at(cell, "customers")["n"],
            "reach": round(reach, 6),
            "good": good.n,
            "bad": bad.n,
            "p_goal_good": rate(good.hits, good.n),
            "p_goal_bad": rate(bad.hits, bad.n),
            "difference": None if difference is None else round(difference, 6),
            "ci_low": low,
            "ci_high": high,
            "effect": None if difference is None else round(reach * difference, 6),
            "effect_low": None if low is None else round(reach * low, 6),
            "effect_high": None if high is None else round(reach * high, 6),
            "p_value": round(two_proportion_p(*independent), 6),
            "significant": False,
            "verdict": None,
            "evidence": self.evidence(min(good.n, bad.n)),
        }
