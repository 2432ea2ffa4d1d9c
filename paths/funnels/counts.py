"""What a funnel counts in a batch: depths, times, what the dropped did next, each by the value of a breakdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingest.array_types import Ints
from paths.arrays.counting import tally, tally_times
from paths.arrays.grouping import coded_names
from paths.funnels.candidates import Found
from paths.funnels.spec import FunnelSpec
from paths.funnels.table import KINDS, PARTS
from paths.journeys.journeys import Journeys
from paths.journeys.personas import values_shown
from paths.visits.visits import END
from sessionize.clock import day_numbers

NO_NODE = -1

Groups = tuple[Ints, list[str]]


def counted(funnel: FunnelSpec, journeys: Journeys, found: Found) -> pa.Table:
    """PARTS of the reported chains of a batch."""
    groups = group_of(funnel, journeys, found.position[:, 0])
    counts = [depths(funnel, found, groups), *optional_reached(funnel, found, groups), left_out(found, groups)]
    nodes = [*journeys.touchpoint.names, END]
    if funnel.details and funnel.order != "any":
        counts += [times(funnel, journeys, found, groups), went_next(funnel, journeys, found, groups, nodes)]
    return parts_of(counts, groups, nodes)


def group_of(funnel: FunnelSpec, journeys: Journeys, first: Ints) -> Groups:
    """(group of each chain, group names), read at the chain's first event."""
    if funnel.by is not None:
        days, code = np.unique(
            day_numbers(journeys.events.at[first], journeys.scope.sessions.timezone), return_inverse=True
        )
        return code.astype(np.int64), [period_label(int(d), funnel.by) for d in days]
    if funnel.breakdown is None:
        return np.zeros(len(first), dtype=np.int64), [""]
    column = values_shown(journeys.events, funnel.breakdown)
    return column.codes[first].astype(np.int64), list(column.names)


def period_label(day: int, by: str) -> str:
    """The first day of the day's day, week (from Monday) or month."""
    label_day = date(1970, 1, 1) + timedelta(days=day)
    if by == "week":
        label_day -= timedelta(days=label_day.weekday())
    if by == "month":
        label_day = label_day.replace(day=1)
    return label_day.isoformat()


class PartCounts(NamedTuple):
    """Columns of PARTS in codes; a number stands for all rows."""

    kind: Ints | int  # of KINDS
    group: Ints | int
    step: Ints | int
    units: Ints
    name: Ints | int = NO_NODE
    bin: Ints | int = 0
    microseconds: Ints | int = 0


def depths(funnel: FunnelSpec, found: Found, groups: Groups) -> PartCounts:
    """Units by depth, going on or not."""
    group, names = groups
    size = len(funnel.needed) + 1
    code, n = tally((group * size + found.chains.depth) * 2 + found.chains.alive, len(names) * size * 2)
    rest, alive = np.divmod(code, 2)
    return PartCounts(np.where(alive, KINDS.index("in_progress"), KINDS.index("dropped")), rest // size, rest % size, n)


def optional_reached(funnel: FunnelSpec, found: Found, groups: Groups) -> Iterator[PartCounts]:
    """Units that reach each optional step."""
    numbers = [i for i, s in enumerate(funnel.steps, 1) if s.optional]
    for column, number in enumerate(numbers):
        code, n = tally(groups[0][found.optional[:, column]], len(groups[1]))
        yield PartCounts(KINDS.index("optional"), code, number, n)


def left_out(found: Found, groups: Groups) -> PartCounts:
    """How many units an exclusion left out, whatever their group."""
    return PartCounts(KINDS.index("left_out"), group_names(groups).index(""), 0, np.array([found.left_out]))


def times(funnel: FunnelSpec, journeys: Journeys, found: Found, groups: Groups) -> PartCounts:
    """Times between neighbouring needed steps of the reported chains."""
    chain, step = np.nonzero(found.position[:, 1 : len(funnel.needed)] >= 0)
    at = journeys.events.at
    span = at[found.position[chain, step + 1]] - at[found.position[chain, step]]
    group, names = groups
    size = len(funnel.needed)
    code, bin_, n, total = tally_times(group[chain] * size + step, len(names) * size, span)
    return PartCounts(KINDS.index("time"), code // size, code % size + 2, n, bin=bin_, microseconds=total)


def went_next(funnel: FunnelSpec, journeys: Journeys, found: Found, groups: Groups, nodes: Sequence[str]) -> PartCounts:
    """What the dropped did after their last step in that session: a touchpoint, or END, the last of `nodes`."""
    group, names = groups
    depth = found.chains.depth
    gone = np.flatnonzero(~found.chains.alive & (depth < len(funnel.needed)))
    last = found.position[gone, depth[gone] - 1]
    node = following(journeys, last)
    node = np.where(node < 0, len(nodes) - 1, node)
    size = len(funnel.needed) + 1
    code, n = tally((group[gone] * size + depth[gone]) * len(nodes) + node, len(names) * size * len(nodes))
    rest, node_code = np.divmod(code, len(nodes))
    return PartCounts(KINDS.index("next"), rest // size, rest % size, n, name=node_code)


def group_names(groups: Groups) -> list[str]:
    """The names of the groups (several days of one month have one), and "" for what is in none."""
    return groups[1] if "" in groups[1] else [*groups[1], ""]


def parts_of(counts: Sequence[PartCounts], groups: Groups, nodes: Sequence[str]) -> pa.Table:
    """PARTS of all these rows."""
    kind, group, step, units, name, bins, microseconds = (
        np.concatenate([np.broadcast_to(values, len(c.units)) for values, c in zip(column, counts, strict=True)])
        for column in zip(*counts, strict=True)
    )
    texts = (group, group_names(groups)), (kind, KINDS), (name + 1, ["", *nodes])
    groups_, kinds, names = (coded_names(code, pa.array(t, pa.string())) for code, t in texts)
    return pa.table([groups_, kinds, step, names, bins, units, microseconds], schema=PARTS)


def following(journeys: Journeys, rows: Ints) -> npt.NDArray[np.int32]:
    """For each of these rows the touchpoint code of the next event of its session, -1 = none (END); passive ones have none."""
    sessions = journeys.sessions
    session = sessions.index[rows]
    there = (session >= 0) & (rows != np.append(sessions.last, -1)[session])
    after = np.where(there, rows + 1, 0)
    if journeys.passive.any():
        active = np.flatnonzero(~journeys.passive)
        after[there] = active[np.searchsorted(active, rows[there], side="right")]
    return np.where(there, journeys.touchpoint.codes[after], -1) if len(rows) else session
