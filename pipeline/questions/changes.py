"""What moved beyond noise: the last days against the trailing weeks, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from ingest.array_types import MICROSECOND
from paths.carts.counts import Carts
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.statistics.pairs import Pair, beyond_noise
from paths.timing.outcomes import Outcomes
from paths.views.period import InPeriod
from pipeline.project.periods import local_day
from pipeline.project.project import Period, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import cart_rules, goal_rules
from pipeline.project.saved_funnels import funnel_of, plain_funnels
from sessionize.clock import midnight

CHANGES = pa.schema(
    [(n, pa.string()) for n in ("what", "sentence")]
    + [(n, pa.float64()) for n in ("rate", "rate_before", "difference", "ci_low", "ci_high", "p_value")]
    + [(n, pa.int64()) for n in ("n", "n_before")]
)
"""One row is one rate that moved beyond noise (Newcombe 95 % interval, Benjamini-Hochberg q = 0.05 over all compared)."""


@dataclass(frozen=True, kw_only=True)
class Rate(Pair):
    """One rate of both periods."""

    what: str


def rate_of(what: str, hits: int, trials: int, hits_before: int, trials_before: int) -> Rate:
    """`what` with its counts of both periods."""
    return Rate(what=what, hits=hits, trials=trials, hits_before=hits_before, trials_before=trials_before)


def changes(project: ProjectFolder, *, days: int = 7, against: int = 28, as_of: str | None = None) -> Result:
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
    parameters = {
        "days": days,
        "against": against,
        "compared": len(pairs),
        "annotations": asked.annotations(edges[0], edges[2]),
    }
    return asked.result("changes", moved(pairs), parameters=parameters)


def asking(project: ProjectFolder, funnels: Sequence[Funnel], since: int, until: int) -> list[Any]:
    """The questions about one span."""
    plain: list[Any] = [DropOff(rules=goal_rules(project.config)), Carts(rules=cart_rules(project.config))]
    found = [InPeriod(analysis=question, since=since, until=until) for question in plain]
    for funnel in funnels:
        earlier = (funnel.window or timedelta(0)) // MICROSECOND
        found.append(InPeriod(analysis=funnel, since=since - earlier, until=until - earlier))
    return found


def paired(answers: Sequence[Any], funnels: Sequence[str]) -> list[Rate]:
    """Every rate that both periods have."""
    new, old = answers[0].to_pylist()
    half = 2 + len(funnels)
    now, before = answers[1 : 1 + half], answers[1 + half :]
    pairs = [rate_of("sessions with the goal", new["converted"], new["sessions"], old["converted"], old["sessions"])]
    was = {r["touchpoint"]: r for r in before[0].to_pylist()}
    for r in now[0].to_pylist():
        if q := was.get(r["touchpoint"]):
            pairs.append(
                rate_of(f"drop-off at {r['touchpoint']}", r["drop_off"], r["sessions"], q["drop_off"], q["sessions"])
            )
    a, b = now[1].totals, before[1].totals
    left, left_before = (t["abandoned"] + t["recovered"] for t in (a, b))
    pairs.append(rate_of("cart abandonment", left, left + a["converted"], left_before, left_before + b["converted"]))
    for name, rows, past in zip(
        funnels, (t.to_pylist() for t in now[2:]), (t.to_pylist() for t in before[2:]), strict=True
    ):
        for i, (r, q) in enumerate(zip(rows, past, strict=True), 1):
            if i > 1 and not r["optional"]:
                what = f"{name}: step {i} {r['name']}, of those who start"
                pairs.append(rate_of(what, r["reached"], rows[0]["reached"], q["reached"], past[0]["reached"]))
    return pairs


def moved(rates: list[Rate]) -> pa.Table:
    """CHANGES, the largest first."""
    real = [r for r, sure in zip(rates, beyond_noise(rates), strict=True) if sure]
    rows = []
    for r in sorted(real, key=lambda r: (-abs(r.difference), r.what)):
        low, high = r.interval
        rows.append(
            {
                "what": r.what,
                "sentence": sentence(r),
                "rate": round(r.rate, 6),
                "rate_before": round(r.rate_before, 6),
                "difference": r.difference,
                "ci_low": low,
                "ci_high": high,
                "p_value": r.p_value,
                "n": r.trials,
                "n_before": r.trials_before,
            }
        )
    return pa.Table.from_pylist(rows, schema=CHANGES)


def sentence(found: Rate) -> str:
    """One change in words; it has trials on both sides."""
    low, high = (100 * (bound or 0.0) for bound in found.interval)
    return (
        f"{found.what}: {found.rate:.1%} ({found.hits:,} of {found.trials:,}), {100 * found.difference:+.1f} points "
        f"against {found.rate_before:.1%}, 95 % CI {low:+.1f} to {high:+.1f}"
    )
