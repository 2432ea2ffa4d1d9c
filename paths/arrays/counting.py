"""Counting over integer codes: distinct pairs, dense or sparse tallies. All results are integers.

What has a `twin` counts by a loop of paths/arrays/loops.py once that is worth it, with the same result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ingest.array_types import AnyInts, Bools, Flags, Ints
from ingest.compiled import twin
from paths.arrays import loops
from paths.arrays.histograms import bins

DENSE = 1 << 23
FEW = 200
"""Values of a code, up to which sorting them is quicker than a table of their bins."""


def _compiled_units(unit: AnyInts, code: AnyInts, size: int) -> Ints | None:
    counts, ascending = loops.units(unit, code, size)
    return counts if ascending else None


@twin(_compiled_units, when=lambda unit, code, size: size <= loops.ROOM)
def units_at(unit: AnyInts, code: AnyInts, size: int) -> Ints:
    """How many different units each code has: int64 [size]. unit, code: one per row, integers, 0 <= code < size."""
    bits = max(size - 1, 1).bit_length()  # shifts are much quicker than divisions
    room = (int(unit.max()) + 1) << bits if len(unit) else 0
    pairs = packed(unit, code, bits, room <= 1 << 31)
    pairs.sort()
    fresh = np.ones(len(pairs), dtype=bool)
    np.not_equal(pairs[1:], pairs[:-1], out=fresh[1:])
    return np.bincount(pairs[np.flatnonzero(fresh)] & ((1 << bits) - 1), minlength=size)  # quicker than a mask


def packed(high: AnyInts, low: AnyInts, bits: int, small: bool) -> AnyInts:
    """high << bits | low, as int32 where that has room: half the bytes sort in half the time."""
    kind: type[np.signedinteger[Any]] = np.int32 if small else np.int64
    pairs: AnyInts = high.astype(kind)
    pairs <<= bits
    pairs |= low.astype(kind, copy=False)
    return pairs


def _compiled_first_rows(unit: AnyInts, code: AnyInts, size: int) -> Ints | None:
    first, ascending = loops.first_rows(unit, code, size)
    return first if ascending else None


@twin(_compiled_first_rows, when=lambda unit, code, size: size <= loops.ROOM)
def first_rows(unit: AnyInts, code: AnyInts, size: int) -> Ints:
    """The first row of each different (unit, code) pair, in no order to rely on; 0 <= code < size."""
    cell = unit.astype(np.int64) * size + code
    return first_cells(cell, (int(unit.max()) + 1) * size if len(unit) else 0)


def first_cells(cell: Ints, room: int) -> Ints:
    """The first row of each different cell, cells ascending; 0 <= cell < room."""
    if room <= DENSE:
        table = np.full(room, -1, dtype=np.int32)
        table[cell[::-1]] = np.arange(len(cell), dtype=np.int32)[::-1]  # backwards: the first row is written last
        return table[np.flatnonzero(table >= 0)].astype(np.int64)
    bits = len(cell).bit_length()
    cell = (cell << bits) | np.arange(len(cell))
    cell.sort()
    fresh: Ints = np.flatnonzero(np.append(True, np.diff(cell >> bits) != 0)[: len(cell)])
    return cell[fresh] & ((1 << bits) - 1)


def numbered(codes: Sequence[AnyInts], size: int) -> tuple[Ints, list[AnyInts]]:
    """(code of each number, the codes as numbers): the codes themselves where 0..size-1 are few enough to count each."""
    if size <= DENSE:
        return np.arange(size, dtype=np.int64), list(codes)
    values, number = np.unique(np.concatenate(codes), return_inverse=True)
    return values.astype(np.int64), np.split(number, np.cumsum([len(c) for c in codes])[:-1])


def combinations(node: AnyInts, flags: npt.NDArray[np.integer[Any] | np.bool_], size: int, bits: int) -> Ints:
    """[node, combination]: how often; flags are numbers with a bit for each, 0 <= node < size."""
    code = node.astype(np.int64)
    code <<= bits
    code |= flags
    return np.bincount(code, minlength=size << bits).reshape(size, 1 << bits)


def combined(flags: Mapping[str, Bools], n: int, names: Sequence[str]) -> Flags:
    """Flags of n rows as a number for each: bit i is that of names[i]."""
    bits = np.zeros(n, dtype=np.uint8)
    for name, one in flags.items():
        bits |= one.view(np.uint8) << np.uint8(names.index(name))
    return bits


def tally(code: AnyInts, size: int) -> tuple[Ints, Ints]:
    """(code, how often) of the codes that occur, ascending, both int64; 0 <= code < size."""
    if size <= DENSE:
        counts = np.bincount(code, minlength=1)
        occurring = np.flatnonzero(counts)
        return occurring, counts[occurring]
    values, counts = np.unique(code, return_counts=True)
    return values.astype(np.int64), counts.astype(np.int64)


@twin(loops.times, when=lambda code, size, values: size <= loops.ROOM and len(values) > FEW * size)
def tally_times(code: AnyInts, size: int, values: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """(code, bin, how many values, their sum) for values >= 0 in log bins, ascending; 0 <= code < size; see histograms.py.

    Bins ascend with values, so one sort by code and value puts every bin of a code into one stretch.
    """
    if not len(values):
        return values, values, values, values
    bits = int(values.max()).bit_length()
    if (size - 1).bit_length() + bits <= 63:
        pairs = packed(code, values, bits, small=False)
        pairs.sort()
        values = pairs & ((1 << bits) - 1)
        code = np.right_shift(pairs, bits, out=pairs)
    else:
        order = np.lexsort((values, code))
        code, values = code[order], values[order]
    bin_ = bins(values)
    fresh = np.ones(len(code), dtype=bool)
    np.not_equal(bin_[1:], bin_[:-1], out=fresh[1:])
    fresh[1:] |= code[1:] != code[:-1]
    first = np.flatnonzero(fresh)
    sums = np.add.reduceat(values, first)
    return code[first].astype(np.int64), bin_[first], np.diff(first, append=len(values)), sums


def different(ascending: AnyInts) -> int:
    """How many different numbers there are in an ascending array."""
    return int(np.count_nonzero(ascending[1:] != ascending[:-1])) + 1 if len(ascending) else 0


def exact_sums(cell: AnyInts, values: Ints, size: int = 0) -> Ints:
    """int64 [at least size]: the exact sum of `values` (they may be negative) in each cell.

    At once where a float64 can hold every sum, else by halves.
    """
    if not len(values) or max(int(values.max()), -int(values.min())) * len(values) < 1 << 53:
        return np.bincount(cell, weights=values, minlength=size).astype(np.int64)
    high = np.bincount(cell, weights=values >> 26, minlength=size).astype(np.int64)
    low = np.bincount(cell, weights=values & 0x3FFFFFF, minlength=size).astype(np.int64)
    return (high << 26) + low


@twin(loops.flagged)
def flagged(flags: Flags) -> tuple[Ints, Flags]:
    """(rows with any flag, those flags)."""
    return np.flatnonzero(flags), flags[flags > 0]


def _compiled_positions(flags: Bools) -> Ints:
    return loops.flagged(flags.view(np.uint8))[0]


@twin(_compiled_positions)
def positions(flags: Bools) -> Ints:
    """Where the flags are set: `flatnonzero`, which takes long where many are."""
    return np.flatnonzero(flags)


def previous_true(flags: Bools) -> Ints:
    """For each position: the last position before it (itself left out) whose flag is set, -1 = none."""
    at = np.maximum.accumulate(np.where(flags, np.arange(len(flags), dtype=np.int64), -1))
    return np.append(np.int64(-1), at[:-1]) if len(at) else at


def ranges(start: Ints, length: Ints) -> Ints:
    """start, start + 1, ... of each stretch, one after the other."""
    return np.repeat(start - np.cumsum(length) + length, length) + np.arange(int(length.sum()), dtype=np.int64)


@twin(loops.next_at_or_after)
def next_at_or_after(positions: Ints, start: Ints) -> Ints:
    """For each start: the first of the ascending positions that is >= it; the largest int64 where there is none."""
    return np.append(positions, np.iinfo(np.int64).max)[np.searchsorted(positions, start)]
