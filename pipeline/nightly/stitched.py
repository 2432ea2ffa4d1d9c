"""Do events still find their customers? A login that sends no anonymous id any more shows here first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import median

from ingest.identity.stitched_days import StitchedDay, stitched_days
from ingest.store.event_store import Snapshot
from sessionize.clock import midnight

LEAST_DAYS = 7
"""So many days before the newest say what is usual."""

FALL = 0.5
"""Of the usual share: below it is warned."""


def stitched_warnings(snapshot: Snapshot, newest: date | None, trailing_days: int, off: bool) -> list[str]:
    """What to say of the share of stitched events on the newest day, against the days before it.

    Nothing of a store without anonymous ids, or where `[identity] shared_device` is `off`.
    """
    if not snapshot.identity or newest is None or off:
        return []
    since, until = (midnight(date.fromordinal(newest.toordinal() + n), "UTC") for n in (-trailing_days, 1))
    return fallen(stitched_days(snapshot.files, since, until))


def fallen(days: Sequence[StitchedDay]) -> list[str]:
    """The same of days in order, the newest last."""
    alone, known, stitched = (sum(getattr(d, what) for d in days) for what in ("alone", "known", "stitched"))
    if alone and known and not stitched:
        return [
            f"0 % of {alone:,} events with an anonymous id alone are stitched, on any of {len(days)} days; see: journeys identity."
        ]
    if len(days) <= LEAST_DAYS:
        return []
    *before, newest = days
    usual = median(d.share for d in before)
    if newest.share >= FALL * usual:
        return []
    return [
        f"{newest.share:.1%} of the events of {newest.day} are stitched; the median of {len(before)} days before is "
        f"{usual:.1%}. Do logins still carry the anonymous id? See: journeys identity."
    ]
