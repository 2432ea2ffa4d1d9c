"""What moved beyond noise: the last days against the trailing weeks, in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from ingest.array_types import MICROSECOND
from paths.carts.counts import Carts
from paths.compare.changes import Change, cart_change, dropoff_changes, goal_change, judged, step_changes
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
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
    saved = [(f.name, funnel_of(f, project.known_names)) for f in plain_funnels(project.config)]
    questions: list[Any] = [Outcomes(spans=tuple(spans), rules=goal_rules(project.config))]
    for since, until in spans:
        questions += asking(project, [f for _, f in saved], since, until)
    asked = project.ask(Period(as_of=as_of), questions)
    pairs = paired(asked.answers, [name for name, _ in saved], bool(goal_rules(project.config).goal))
    parameters = {
        "days": days,
        "against": against,
        "compared": len(pairs),
        "annotations": asked.annotations(edges[0], edges[2]),
    }
    return asked.result("changes", moved(judged(pairs)), parameters=parameters)


def asking(project: ProjectFolder, funnels: Sequence[Funnel], since: int, until: int) -> list[Any]:
    """The questions about one span."""
    plain: list[Any] = [DropOff(rules=goal_rules(project.config)), Carts(rules=cart_rules(project.config))]
    analyses = [InPeriod(analysis=question, since=since, until=until) for question in plain]
    for funnel in funnels:
        earlier = (funnel.window or timedelta(0)) // MICROSECOND
        analyses.append(InPeriod(analysis=funnel, since=since - earlier, until=until - earlier))
    return analyses


def paired(answers: Sequence[Any], funnels: Sequence[str], goal: bool) -> list[Change]:
    """Every rate that both periods have."""
    new, old = answers[0].to_pylist()
    half = 2 + len(funnels)
    now, before = answers[1 : 1 + half], answers[1 + half :]
    steps = [
        change
        for name, table, past in zip(funnels, now[2:], before[2:], strict=True)
        for change in step_changes(name, table, past)
    ]
    whole = [goal_change(new, old)] if goal else []
    return [*whole, cart_change(now[1].totals, before[1].totals), *steps, *dropoff_changes(now[0], before[0])]


def moved(changes: Sequence[Change]) -> pa.Table:
    """CHANGES, the largest first."""
    rows = []
    for c in sorted((c for c in changes if c.certain), key=lambda c: (-abs(c.difference), said(c))):
        low, high = c.interval
        rows.append(
            {
                "what": said(c),
                "sentence": sentence(c),
                "rate": round(c.rate, 6),
                "rate_before": round(c.rate_before, 6),
                "difference": c.difference,
                "ci_low": low,
                "ci_high": high,
                "p_value": c.p_value,
                "n": c.trials,
                "n_before": c.trials_before,
            }
        )
    return pa.Table.from_pylist(rows, schema=CHANGES)


def said(change: Change) -> str:
    """What a change is of, in words."""
    return {
        "sessions": "sessions with the goal",
        "carts": "cart abandonment",
        "dropoff": f"drop-off at {change.place}",
        "step": f"{change.funnel}: {change.target}, of those at {change.place}",
    }[change.kind]


def sentence(match: Change) -> str:
    """One change in words; it has trials on both sides."""
    low, high = (100 * (bound or 0.0) for bound in match.interval)
    return (
        f"{said(match)}: {match.rate:.1%} ({match.hits:,} of {match.trials:,}), {100 * match.difference:+.1f} points "
        f"against {match.rate_before:.1%}, 95 % CI {low:+.1f} to {high:+.1f}"
    )
