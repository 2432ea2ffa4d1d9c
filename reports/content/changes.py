"""What changed on the page since the period before: see paths/compare/changes.py for the rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paths.compare.changes import Change, ChangeKey, cart_change, dropoff_changes, goal_change, judged, step_changes
from reports.content.report import FunnelAnswer, Report


def funnel_changes(answer: FunnelAnswer) -> list[Change | None]:
    """One per needed step, None for the first; only chains whose window is over."""
    if answer.settled is None or answer.settled_before is None:
        return []
    return [None, *step_changes(answer.name, answer.settled, answer.settled_before)]


def overall(report: Report) -> list[Change]:
    """Sessions that hold a goal, and carts left behind."""
    if report.before is None:
        return []
    changes = [goal_change(report.outcome(0), report.outcome(1))] if report.goal else []
    if report.carts is not None:
        now, before = report.carts.spans.slice(0, 2).to_pylist()
        changes.append(cart_change(now, before))
    return changes


def all_changes(report: Report) -> list[Change]:
    """Every rate that the page compares, judged together; none where the period before holds nothing."""
    if not report.comparable:
        return []
    steps = [c for f in report.funnels for c in funnel_changes(f) if c is not None]
    places = [] if report.dropoff_before is None else dropoff_changes(report.dropoff, report.dropoff_before)
    return judged([*overall(report), *steps, *places])


Changes = Mapping[ChangeKey, Change]


def by_key(changes: Sequence[Change]) -> Changes:
    """To look one up: ("sessions", "", 0, ""), ("dropoff", "", 0, place), ("step", funnel, number of the step, its name)."""
    return {c.key: c for c in changes}
