"""Paths: sequences of values that lie one after the other in flat arrays; equal ones are found, cut and added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from ingest.array_types import AnyInts, Bools, Codes32, Ints
from paths.arrays.counting import ranges
from paths.arrays.grouping import groups

COUNTS = ("conversions", "value", "valued", "nulls", "open")
PARTS = pa.schema(
    [("what", pa.int64()), ("which", pa.int64()), ("path", pa.list_(pa.string())), *((c, pa.int64()) for c in COUNTS)]
)
"""Additive; one row is one path, or one value as a path of one, of what is counted (attribution.py says what). An empty path
stands for conversions without a touch. value: minor units; valued: conversions that have one."""


@dataclass(frozen=True)
class Paths:
    """Paths of values: that of path i stands at start[i]..start[i + 1] of `code` (positions in names) and `age`."""

    start: Ints  # int64[p + 1]
    code: Codes32
    age: Ints  # microseconds from each touch to the end of its path's window

    def __len__(self) -> int:
        return len(self.start) - 1

    @classmethod
    def of(cls, size: Ints, code: Codes32, age: Ints) -> Paths:
        """Paths of these lengths."""
        return cls(np.append(0, np.cumsum(size)).astype(np.int64), code, age)

    @cached_property
    def size(self) -> Ints:
        """Touches of each path."""
        return np.diff(self.start)

    @cached_property
    def path(self) -> Ints:
        """Per touch: its path."""
        return np.repeat(np.arange(len(self)), self.size)

    @cached_property
    def place(self) -> Ints:
        """Per touch: 0 for the first of its path, 1 for the next."""
        return np.arange(len(self.code)) - self.start[self.path]

    def keep(self, touches: Bools) -> Paths:
        """The same paths without some touches."""
        size = np.bincount(self.path[touches], minlength=len(self))
        return Paths.of(size, self.code[touches], self.age[touches])

    def pick(self, paths: Ints) -> Paths:
        """Only these paths."""
        rows = ranges(self.start[paths], self.size[paths])
        return Paths.of(self.size[paths], self.code[rows], self.age[rows])

    def trimmed(self, direct: Bools, *, drop_direct: bool, collapse_repeats: bool, first: int | None) -> Paths:
        """Under the touch rules, in the order of the words; `direct` per code."""
        kept = self
        if drop_direct:
            other = ~direct[kept.code]
            kept = kept.keep(other | (np.bincount(kept.path[other], minlength=len(kept)) == 0)[kept.path])
        if collapse_repeats and len(kept.code):
            same = np.append(False, kept.code[1:] == kept.code[:-1])
            kept = kept.keep(~same | (kept.place == 0))
        return kept if first is None else kept.keep(kept.place < first)


def same_paths(paths: Paths, kinds: int, given: Ints | None = None) -> Ints:
    """int64[p]: equal for equal paths (of equal `given` numbers) and only for those; codes are 0..kinds-1.

    One round for the n-th touches of all paths that have so many: a path is the one before that touch, and the touch.
    """
    group = np.zeros(len(paths), dtype=np.int64) if given is None else groups(given, int(given.max(initial=0)) + 1)[1]
    order = np.argsort(-paths.size, kind="stable")
    reach = np.searchsorted(-paths.size[order], -np.arange(int(paths.size.max(initial=0))), side="left")
    base, known = 0, int(group.max(initial=-1)) + 1
    for depth, active in enumerate(reach.tolist()):
        mine = order[:active]
        cell = (group[mine] - base) * kinds + paths.code[paths.start[mine] + depth]
        row, place = groups(cell, known * kinds)
        base, known = base + known, len(row)
        group[mine] = base + place
    return group


def counted(
    paths: Paths, names: Sequence[str], counts: Sequence[Ints], what: int, which: int = 0, *, given: Ints | None = None
) -> pa.Table:
    """PARTS of these paths, equal ones added up; `counts` as COUNTS."""
    cell = same_paths(paths, max(1, len(names)), given)
    row, place = groups(cell, int(cell.max(initial=0)) + 1)
    first = paths.pick(row)
    numbers = [np.full(len(row), n, dtype=np.int64) for n in (what, which)]
    return pa.table([*numbers, as_lists(first, names), *(added(c, place, len(row)) for c in counts)], schema=PARTS)


def added(values: Ints, place: AnyInts, size: int) -> Ints:
    """Exact integer sums by place."""
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, place, values)
    return sums


def as_lists(paths: Paths, names: Sequence[str]) -> pa.Array:
    """The paths as lists of text."""
    values = pa.array(list(names), pa.string()).take(pa.array(paths.code))
    return pa.ListArray.from_arrays(pa.array(paths.start.astype(np.int32)), values)


def from_lists(lists: pa.ChunkedArray) -> tuple[Paths, list[str]]:
    """(the paths without ages, the names, ascending)."""
    whole = lists.combine_chunks() if isinstance(lists, pa.ChunkedArray) else lists
    size = np.diff(np.asarray(whole.offsets)).astype(np.int64)
    coded = whole.flatten().dictionary_encode()
    names = coded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), dtype=np.int32)
    rank[order] = np.arange(len(names), dtype=np.int32)
    codes = rank[np.asarray(coded.indices)] if len(names) else np.zeros(0, dtype=np.int32)
    return Paths.of(size, codes, np.zeros(len(codes), dtype=np.int64)), [names[i] for i in order]


def merged(parts: Sequence[pa.Table]) -> pa.Table:
    """Parts added up: one row per what, which and path."""
    whole = pa.concat_tables(parts) if parts else PARTS.empty_table()
    if not whole.num_rows:
        return whole
    paths, names = from_lists(whole["path"])
    what, which = (np.asarray(whole[c]) for c in ("what", "which"))
    cell = same_paths(paths, max(1, len(names)), what * (int(which.max()) + 1) + which)
    row, place = groups(cell, int(cell.max()) + 1)
    sums = [added(np.asarray(whole[c]), place, len(row)) for c in COUNTS]
    return pa.table([what[row], which[row], as_lists(paths.pick(row), names), *sums], schema=PARTS)
