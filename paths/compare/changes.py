"""What changed between two periods: the one rule by which the page and `journeys changes` pair rates and judge them.

A rate is compared where both periods have it: of a touchpoint, sessions that end there without a goal, of those that were
there; of a funnel, units that take a step, of those at the needed step before; sessions with a goal, of all; carts left
(abandoned or recovered), of those left or converted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pyarrow as pa

from paths.statistics.pairs import MIN_N, Pair, beyond_noise

ChangeKey = tuple[str, str, int, str]
"""(kind, funnel, step, place): what has changed."""


@dataclass(frozen=True, kw_only=True)
class Change(Pair):
    """hits of trials now against before. `certain`: more than noise among all changes that were looked at together."""

    place: str = ""
    target: str = ""  # the step that `place` leads to, in a funnel
    step: int = 0  # the number of `place` among the funnel's steps, which may name it twice
    funnel: str = ""
    kind: str = "dropoff"  # dropoff | step | sessions (with a goal) | carts (left behind)
    certain: bool = False

    @property
    def key(self) -> ChangeKey:
        """What it is a change of."""
        return self.kind, self.funnel, self.step, self.place


def judged(changes: Sequence[Change]) -> list[Change]:
    """Those with units enough on both sides, `certain` by Benjamini and Hochberg over all of them together."""
    enough = [c for c in changes if c.fewest >= MIN_N]
    return [replace(c, certain=sure) for c, sure in zip(enough, beyond_noise(enough), strict=True)]


def goal_change(now: Mapping[str, Any], before: Mapping[str, Any]) -> Change:
    """Sessions that hold a goal; `now` and `before` are rows of OUTCOMES."""
    return Change(
        kind="sessions",
        hits=now["converted"],
        trials=now["sessions"],
        hits_before=before["converted"],
        trials_before=before["sessions"],
    )


def cart_change(now: Mapping[str, Any], before: Mapping[str, Any]) -> Change:
    """Carts left behind; `now` and `before` hold episodes by status."""
    left, left_before = (r["abandoned"] + r["recovered"] for r in (now, before))
    return Change(
        kind="carts",
        hits=left,
        trials=left + now["converted"],
        hits_before=left_before,
        trials_before=left_before + before["converted"],
    )


def dropoff_changes(now: pa.Table, before: pa.Table) -> list[Change]:
    """One per touchpoint that both answers of drop-off have."""
    known = {r["touchpoint"]: r for r in before.to_pylist()}
    return [
        Change(
            place=r["touchpoint"],
            hits=r["drop_off"],
            trials=r["sessions"],
            hits_before=known[r["touchpoint"]]["drop_off"],
            trials_before=known[r["touchpoint"]]["sessions"],
        )
        for r in now.to_pylist()
        if r["touchpoint"] in known
    ]


def step_changes(funnel: str, now: pa.Table, before: pa.Table) -> list[Change]:
    """One per needed step after the first of a funnel; no window of either answer should be open."""
    steps = zip(pairwise(needed(now)), pairwise(needed(before)), strict=True)
    return [
        Change(
            kind="step",
            funnel=funnel,
            step=at["step"],
            place=at["name"],
            target=r["name"],
            hits=r["reached"],
            trials=at["reached"],
            hits_before=r_before["reached"],
            trials_before=at_before["reached"],
        )
        for (at, r), (at_before, r_before) in steps
    ]


def needed(table: pa.Table) -> list[Mapping[str, Any]]:
    """The rows of a funnel that its law is about: no optional steps."""
    return [r for r in table.to_pylist() if not r.get("optional")]
