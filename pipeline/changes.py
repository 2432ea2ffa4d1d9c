"""What moved beyond noise: the last days against the trailing weeks, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from paths.carts import Carts
from paths.differences import discoveries, newcombe, two_proportion_p
from paths.dropoff import DropOff
from paths.funnel import Funnel
from paths.outcomes import Outcomes
from paths.periods import InPeriod
from paths.result import Result
from pipeline.carts import cart_rules
from pipeline.project import Period, Project
from pipeline.report_facts import funnel_of, local_day, plain_funnels
from pipeline.rules import goal_rules
from sessionize.clock import midnight

CHANGES = pa.schema(
    [(n, pa.string()) for n in ("what", "sentence")]
    + [(n, pa.float64()) for n in ("rate", "rate_before", "difference", "ci_low", "ci_high", "p_value")]
    + [(n, pa.int64()) for n in ("n", "n_before")]
)
"""One row is one rate that moved beyond noise (Newcombe 95 % interval, Benjamini-Hochberg q = 0.05 over all compared)."""

FEWEST = 30
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Pair:
    """One rate of both periods."""

    what: str
    hits: int
    n: int
    hits_before: int
    n_before: int


def changes(project: Project, *, days: int = 7, against: int = 28, as_of: str | None = None) -> Result:
    """The rates of the last `days` against those of the `against` days before them; silent below n = 30.

    A funnel is compared as much earlier as its window is long, so that no unit of either period is still under way.
    """
    snapshot = project.store.snapshot()
    scope, _ = project.scope(Period(as_of=as_of), snapshot)
    zone = project.config.project.timezone
    end = local_day(scope.as_of - 1, zone) + timedelta(days=1)
    edges = [midnight(end - timedelta(days=d), zone) for d in (days + against, days, 0)]
    spans = [(edges[1], edges[2]), (edges[0], edges[1])]
    saved = [(f.name, funnel_of(f)) for f in plain_funnels(project.config)]
    questions: list[Any] = [Outcomes(spans=tuple(spans), rules=goal_rules(project.config))]
    for since, until in spans:
        questions += asking(project, [f for _, f in saved], since, until)
    asked = project.ask(Period(as_of=as_of), questions)
    pairs = paired(asked.answers, [name for name, _ in saved])
    return asked.result("changes", moved(pairs), parameters={"days": days, "against": against, "compared": len(pairs)})


def asking(project: Project, funnels: Sequence[Funnel], since: int, until: int) -> list[Any]:
    """The questions about one span."""
    plain: list[Any] = [DropOff(rules=goal_rules(project.config)), Carts(rules=cart_rules(project.config))]
    found = [InPeriod(analysis=question, since=since, until=until) for question in plain]
    for funnel in funnels:
        earlier = (funnel.window or timedelta(0)) // MICROSECOND
        found.append(InPeriod(analysis=funnel, since=since - earlier, until=until - earlier))
    return found


def paired(answers: Sequence[Any], funnels: Sequence[str]) -> list[Pair]:
    """Every rate that both periods have."""
    new, old = answers[0].to_pylist()
    half = 2 + len(funnels)
    now, before = answers[1 : 1 + half], answers[1 + half :]
    pairs = [Pair("sessions with the goal", new["converted"], new["sessions"], old["converted"], old["sessions"])]
    was = {r["touchpoint"]: r for r in before[0].to_pylist()}
    for r in now[0].to_pylist():
        if q := was.get(r["touchpoint"]):
            pairs.append(
                Pair(f"drop-off at {r['touchpoint']}", r["drop_off"], r["sessions"], q["drop_off"], q["sessions"])
            )
    a, b = now[1].totals, before[1].totals
    left, left_before = (t["abandoned"] + t["recovered"] for t in (a, b))
    pairs.append(Pair("cart abandonment", left, left + a["converted"], left_before, left_before + b["converted"]))
    for name, rows, past in zip(
        funnels, (t.to_pylist() for t in now[2:]), (t.to_pylist() for t in before[2:]), strict=True
    ):
        for i, (r, q) in enumerate(zip(rows, past, strict=True), 1):
            if i > 1 and not r["optional"]:
                what = f"{name}: step {i} {r['name']}, of those who start"
                pairs.append(Pair(what, r["reached"], rows[0]["reached"], q["reached"], past[0]["reached"]))
    return pairs


def moved(pairs: list[Pair]) -> pa.Table:
    """CHANGES, the largest first."""
    enough = [p for p in pairs if min(p.n, p.n_before) >= FEWEST]
    p_values = [two_proportion_p(p.hits, p.n, p.hits_before, p.n_before) for p in enough]
    rows = []
    for pair, p_value, real in zip(enough, p_values, discoveries(p_values), strict=True):
        if not real:
            continue
        rate, was = pair.hits / pair.n, pair.hits_before / pair.n_before
        low, high = newcombe(pair.hits, pair.n, pair.hits_before, pair.n_before)
        rows.append({
            "what": pair.what, "sentence": sentence(pair, rate, was, low, high), "rate": round(rate, 6), "rate_before": round(was, 6),
            "difference": round(rate - was, 6), "ci_low": low, "ci_high": high, "p_value": p_value, "n": pair.n, "n_before": pair.n_before,
        })  # fmt: skip
    rows.sort(key=lambda r: (-abs(float(str(r["difference"]))), str(r["what"])))
    return pa.Table.from_pylist(rows, schema=CHANGES)


def sentence(pair: Pair, rate: float, was: float, low: float | None, high: float | None) -> str:
    """One change in words."""
    between = "" if low is None or high is None else f", 95 % CI {100 * low:+.1f} to {100 * high:+.1f}"
    return f"{pair.what}: {rate:.1%} ({pair.hits:,} of {pair.n:,}), {100 * (rate - was):+.1f} points against {was:.1%}{between}"
