"""Rows with equal keys -> groups, by integer codes: strings are compared once per different value, not once per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.array_types import Ints
from paths.arrays.counting import DENSE

NAME = pa.dictionary(pa.int32(), pa.string())


def coded_names(code: Ints, names: pa.Array) -> pa.DictionaryArray:
    """names[code] as a dictionary array: int32 indices over `names`, which is kept once."""
    return pa.DictionaryArray.from_arrays(pa.array(code.astype(np.int32)), names)


T = TypeVar("T", bound=Sized)
MANY = 8
"""Cells for each row, up to which a table of all cells is quicker than sorting the rows."""


def sums_by(columns: Sequence[pa.ChunkedArray], values: Iterable[Ints]) -> tuple[Ints, list[Ints]]:
    """(a row of each different key, keys ascending and nulls last; the exact sums of the values at each key).

    Values are int64, and come back as they are where no key comes twice.
    """
    cell, size = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        ranks, different = ranks_of(column)
        if size * max(1, different) > 1 << 62:
            kept, cell = np.unique(cell, return_inverse=True)
            size = len(kept)
        for rows, rank in placed(ranks):
            cell[rows] *= different
            cell[rows] += rank
        size *= different
    if (cell[1:] > cell[:-1]).all():  # such as one part that was added up before
        return np.arange(len(cell)), list(values)
    if size <= min(DENSE, MANY * len(cell)):
        return in_table(cell, size, values)
    order = ascending(cell, size)
    last = np.flatnonzero(np.append(cell[1:] != cell[:-1], True)[: len(cell)])
    # what is beyond 2**63 on the way is not beyond it in the difference
    return order.take(last), [np.diff(np.cumsum(v.take(order)).take(last), prepend=0) for v in values]


def in_table(cell: Ints, size: int, values: Iterable[Ints]) -> tuple[Ints, list[Ints]]:
    """As sums_by, with a place for each of the cells 0..size-1."""
    row = np.full(size, -1, dtype=np.int32)
    row[cell] = np.arange(len(cell), dtype=np.int32)
    occurring, sums = np.flatnonzero(row >= 0), []
    for value in values:
        total = np.zeros(size, dtype=np.int64)
        np.add.at(total, cell, value)
        sums.append(total.take(occurring))
    return row.take(occurring).astype(np.int64), sums


def ascending(cell: Ints, size: int) -> Ints:
    """Sort cells in place; returns the row that each comes from. 0 <= cell < size."""
    bits = len(cell).bit_length()
    if max(size, 1).bit_length() + bits > 63:
        order: Ints = np.argsort(cell, kind="stable")
        cell[:] = cell[order]
        return order
    cell <<= bits  # with its row behind it each is a number, and numbers sort several times as fast as places
    cell |= np.arange(len(cell))
    cell.sort()
    order = cell & ((1 << bits) - 1)
    cell >>= bits
    return order


def placed(chunks: Iterable[T]) -> Iterator[tuple[slice, T]]:
    """(the rows of it, each chunk): work chunk by chunk stays in the caches."""
    end = 0
    for chunk in chunks:
        begin, end = end, end + len(chunk)
        yield slice(begin, end), chunk


def groups(cell: Ints, size: int) -> tuple[Ints, Ints]:
    """(a row of each different cell, ascending; the group of each row); 0 <= cell < size."""
    if size > min(DENSE, MANY * len(cell)):
        _, row, place = np.unique(cell, return_index=True, return_inverse=True)
        return row.astype(np.int64), place.astype(np.int64)
    there, number = cells_there(cell, size)
    place = number[cell]
    row = np.empty(len(there), dtype=np.int64)
    row[place] = np.arange(len(cell))
    return row, place


def cells_there(cell: Ints, size: int) -> tuple[Ints, Ints]:
    """(the cells that occur, ascending; by cell: which of these it is, 0 where it does not occur)."""
    seen = np.zeros(size, dtype=bool)
    seen[cell] = True
    occurring = np.flatnonzero(seen)
    number = np.zeros(size, dtype=np.int64)
    number[occurring] = np.arange(len(occurring))
    return occurring, number


def equal_runs(*columns: npt.NDArray[np.signedinteger[Any]]) -> list[tuple[int, int]]:
    """(begin, end) of each run of rows that are equal in all of these columns."""
    n = len(columns[0])
    fresh = np.ones(n, dtype=bool)
    fresh[1:] = np.logical_or.reduce([c[1:] != c[:-1] for c in columns])
    return list(pairwise([*np.flatnonzero(fresh).tolist(), n]))


def as_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows, coded names as text: decoded at once, which is much quicker than value by value."""
    types = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in table.schema]
    rows: list[dict[str, Any]] = table.cast(pa.schema(zip(table.column_names, types, strict=True))).to_pylist()
    return rows


def codes_of(column: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    """The codes of a dictionary column, over one dictionary."""
    return np.asarray(column.unify_dictionaries().combine_chunks().indices)


def ranks_of(column: pa.ChunkedArray) -> tuple[Iterable[Ints], int]:
    """(per chunk the rank of each value among the different ones, how many ranks there may be); a null ranks last."""
    if pa.types.is_integer(column.type) and not column.null_count and len(column):
        low, high = (pc.min_max(column)[end].as_py() for end in ("min", "max"))
        if high - low < DENSE:
            return (np.asarray(c).astype(np.int64, copy=False) - low for c in column.chunks), high - low + 1
    if pa.types.is_string(column.type):
        column = column.dictionary_encode()
    if not pa.types.is_dictionary(column.type):
        return (dense_ranks(column),), len(column)
    chunks = column.unify_dictionaries().chunks
    names = chunks[0].dictionary if chunks else pa.array([], column.type.value_type)
    rank = np.append(dense_ranks(names), len(names))
    return (rank[np.asarray(c.indices.fill_null(len(names)))] for c in chunks), len(rank)


def dense_ranks(values: pa.Array | pa.ChunkedArray) -> Ints:
    """0, 1, 2, ... of the different values, ascending; a null ranks last."""
    ranks: Ints = np.asarray(pc.rank(values, tiebreaker="dense")).astype(np.int64) - 1
    return ranks
