"""Rows with equal keys -> groups, by integer codes: strings are compared once per different value, not once per row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from paths.counting import DENSE

Ints = npt.NDArray[np.int64]


def key_groups(columns: Sequence[pa.ChunkedArray]) -> tuple[Ints, Ints]:
    """(a row of each different key, keys ascending and nulls last; the group of each row)."""
    cell, size = np.zeros(len(columns[0]) if columns else 0, dtype=np.int64), 1
    for column in columns:
        rank, ranks = ranks_of(column)
        if size * max(1, ranks) > 1 << 62:
            different, cell = np.unique(cell, return_inverse=True)
            size = len(different)
        cell, size = cell * ranks + rank, size * ranks
    return groups(cell, size)


def groups(cell: Ints, size: int) -> tuple[Ints, Ints]:
    """(a row of each different cell, ascending; the group of each row); 0 <= cell < size."""
    if size > DENSE:
        _, row, place = np.unique(cell, return_index=True, return_inverse=True)
        return row.astype(np.int64), place.astype(np.int64)
    table = np.full(size, -1, dtype=np.int64)
    table[cell] = np.arange(len(cell))
    row = table[table >= 0]
    table[table >= 0] = np.arange(len(row))
    return row, table[cell]


def ranks_of(column: pa.ChunkedArray) -> tuple[Ints, int]:
    """(rank of each value among the different ones, how many ranks there may be); a null ranks last."""
    if pa.types.is_integer(column.type) and not column.null_count and len(column):
        values = np.asarray(column).astype(np.int64, copy=False)
        low, high = int(values.min()), int(values.max())
        if high - low < DENSE:
            return values - low, high - low + 1
    if pa.types.is_string(column.type):
        column = column.dictionary_encode()
    if not pa.types.is_dictionary(column.type):
        return dense_ranks(column), len(column)
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    rank = np.append(dense_ranks(whole.dictionary), len(whole.dictionary))
    codes = np.asarray(whole.indices.fill_null(len(whole.dictionary)))
    return rank[codes], len(rank)


def dense_ranks(values: pa.Array | pa.ChunkedArray) -> Ints:
    """0, 1, 2, ... of the different values, ascending; a null ranks last."""
    found: Ints = np.asarray(pc.rank(values, tiebreaker="dense")).astype(np.int64) - 1
    return found


def sums_of(column: pa.ChunkedArray, place: Ints, size: int) -> Ints:
    """The exact sum of an integer column in each group."""
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, place, np.asarray(column))
    return total
