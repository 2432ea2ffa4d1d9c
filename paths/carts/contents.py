"""What lies in a cart: per item the net quantity and the last known price."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ingest.array_types import Bools, Ints
from paths.arrays.counting import ranges
from paths.carts.activity import Marks
from paths.carts.rules import ADD, REMOVE, UPDATE, number_at, text_at
from paths.journeys.journeys import Journeys


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One entry per episode."""

    had_add: Bools
    left: Ints  # pieces: the net quantities above 0, added up
    value: Ints  # minor units of what is left and has a price
    priced: Bools  # everything left has a price


def contents(journeys: Journeys, marks: Marks, first: Ints, end: Ints) -> Contents:
    """What episodes hold at their end. Their marks are first[i]..end[i]-1; first is ascending."""
    counts = (marks.role >= ADD) & (marks.role <= UPDATE)
    before = np.append(0, np.cumsum(counts))
    added = np.append(0, np.cumsum(marks.role == ADD))
    rows = np.flatnonzero(counts)
    lines = before[end] - before[first]
    rows = rows[ranges(before[first], lines)]
    episode = np.repeat(np.arange(len(first)), lines)
    quantity = number_at(journeys.events, "quantity", marks.position[rows])
    spoken = quantity.valid | (marks.role[rows] != UPDATE)  # an update without a quantity changes nothing
    if not spoken.all():
        rows, episode, quantity = rows[spoken], episode[spoken], quantity.take(spoken)
    price = number_at(journeys.events, "price", marks.position[rows])
    item = text_at(journeys.events, "item_id", marks.position[rows])
    line = episode * (len(item.names) + 1) + item.codes + 1
    order: npt.NDArray[np.int64] | slice = slice(None)
    if len(item.names) and (line[1:] < line[:-1]).any():
        order = np.argsort(line, kind="stable")
    start, net = net_quantities(
        line[order], marks.role[rows][order], np.where(quantity.valid, quantity.values, 1)[order]
    )
    amount, priced = last_values(start, price.values[order], price.valid[order])
    held = np.maximum(net, 0)
    places = np.searchsorted(episode[order][start] if len(start) else start, np.arange(len(first) + 1))
    return Contents(
        had_add=added[end] > added[first],
        left=sums(held, places),
        value=sums(np.where(priced, held * amount, 0), places),
        priced=sums((held > 0) & ~priced, places) == 0,
    )


def net_quantities(line: Ints, role: npt.NDArray[np.int8], quantity: Ints) -> tuple[Ints, Ints]:
    """(where each line starts, its net quantity), int64 [lines]: what the last update set, and what came and went after it."""
    start = np.flatnonzero(np.append(True, line[1:] != line[:-1])) if len(line) else np.zeros(0, dtype=np.int64)
    end = np.append(start[1:], len(line))[: len(start)]
    change = np.where(role == ADD, quantity, np.where(role == REMOVE, -quantity, 0))
    total = np.append(0, np.cumsum(change))
    if not (role == UPDATE).any():
        return start, total[end] - total[start]
    last = np.maximum.accumulate(np.where(role == UPDATE, np.arange(len(role)), -1))[end - 1]
    was_set = last >= start
    return start, np.where(was_set, quantity[last], 0) + total[end] - np.where(was_set, total[last], total[start])


def last_values(start: Ints, values: Ints, valid: Bools) -> tuple[Ints, Bools]:
    """(last known value of each line, is there one), [lines]; start: where each line begins in `values`, ascending."""
    if not valid.any():
        return np.zeros(len(start), dtype=np.int64), np.zeros(len(start), dtype=bool)
    end = np.append(start[1:], len(values))
    last = np.maximum.accumulate(np.where(valid, np.arange(len(values)), -1))[end - 1]
    return np.where(last >= start, values[last], 0), last >= start


def sums(values: npt.NDArray[np.integer] | Bools, places: Ints) -> Ints:
    """int64 [len(places) - 1]: the exact sum of values[places[i]:places[i + 1]]; places ascend."""
    total: Ints = np.append(0, np.cumsum(values, dtype=np.int64))
    return total[places[1:]] - total[places[:-1]]
