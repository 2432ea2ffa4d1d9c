"""What changed since the period before: rates with their Newcombe intervals, and which are more than noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from paths.statistics.pairs import MIN_N, Pair, beyond_noise
from reports.content.report import FunnelAnswer, Report


@dataclass(frozen=True, kw_only=True)
class Change(Pair):
    """hits of trials now against before. `certain`: more than noise among all changes that were looked at together."""

    place: str = ""
    target: str = ""  # the step that `place` leads to, in a funnel
    funnel: str = ""
    kind: str = "dropoff"  # dropoff | step | sessions (with a goal) | carts (left behind)
    certain: bool = False

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What it is a change of."""
        return self.kind, self.funnel, self.place, self.target


def judged(changes: Sequence[Change]) -> list[Change]:
    """Those with units enough, `certain` by Benjamini and Hochberg over all of them together."""
    enough = [c for c in changes if c.fewest >= MIN_N]
    return [replace(c, certain=sure) for c, sure in zip(enough, beyond_noise(enough), strict=True)]


def dropoff_changes(report: Report) -> list[Change]:
    """One per touchpoint that both periods have: sessions that end there without a goal, of those that were there."""
    if report.dropoff_before is None:
        return []
    before = {r["touchpoint"]: r for r in report.dropoff_before.to_pylist()}
    return [
        Change(
            hits=r["drop_off"],
            trials=r["sessions"],
            hits_before=before[r["touchpoint"]]["drop_off"],
            trials_before=before[r["touchpoint"]]["sessions"],
            place=r["touchpoint"],
        )
        for r in report.dropoff.to_pylist()
        if r["touchpoint"] in before
    ]


def funnel_changes(answer: FunnelAnswer) -> list[Change | None]:
    """One per step, None for the first: units that took it, of those at the step before; only chains whose window is over."""
    if answer.settled is None or answer.settled_before is None:
        return []
    now, before = needed(answer.settled), needed(answer.settled_before)
    found: list[Change | None] = [None]
    for i in range(1, len(now)):
        found.append(
            Change(
                hits=now[i]["reached"],
                trials=now[i - 1]["reached"],
                hits_before=before[i]["reached"],
                trials_before=before[i - 1]["reached"],
                place=now[i - 1]["name"],
                target=now[i]["name"],
                funnel=answer.name,
                kind="step",
            )
        )
    return found


def needed(table: pa.Table) -> list[Mapping[str, Any]]:
    """The rows of a funnel that its law is about: no optional steps."""
    return [r for r in table.to_pylist() if not r.get("optional")]


def overall(report: Report) -> list[Change]:
    """Sessions that hold a goal, and carts left behind."""
    if report.before is None:
        return []
    found = []
    if report.goal:
        now, old = report.outcome(0), report.outcome(1)
        found.append(
            Change(
                kind="sessions",
                hits=now["converted"],
                trials=now["sessions"],
                hits_before=old["converted"],
                trials_before=old["sessions"],
            )
        )
    if report.carts is not None:
        now, old = report.carts.spans.slice(0, 2).to_pylist()
        left, left_before = (r["abandoned"] + r["recovered"] for r in (now, old))
        found.append(
            Change(
                kind="carts",
                hits=left,
                trials=left + now["converted"],
                hits_before=left_before,
                trials_before=left_before + old["converted"],
            )
        )
    return found


def all_changes(report: Report) -> list[Change]:
    """Every rate that the page compares, judged together; none where the period before holds nothing."""
    if not report.comparable:
        return []
    steps = [c for f in report.funnels for c in funnel_changes(f) if c is not None]
    return judged([*overall(report), *steps, *dropoff_changes(report)])


Changes = Mapping[tuple[str, str, str, str], Change]


def by_key(changes: Sequence[Change]) -> Changes:
    """To look one up: ("sessions", "", "", ""), ("dropoff", "", place, ""), ("step", funnel, place, target)."""
    return {c.key: c for c in changes}
