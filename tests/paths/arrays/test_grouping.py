"""Adding up additive tables, against plain Python."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.analysis import summed
from paths.arrays.counting import DENSE
from paths.arrays.grouping import ascending

Row = tuple[str | None, int, int]
ROWS = st.lists(
    st.tuples(st.sampled_from(["b", "a", "ä", "", None]), st.sampled_from([-1, 0, 7, 1 << 40]), st.integers(0, 9))
)
TEXTS = (pa.string(), pa.dictionary(pa.int32(), pa.string()))


def table(rows: list[Row], text: pa.DataType) -> pa.Table:
    schema = pa.schema([("name", text), ("bin", pa.int64()), ("n", pa.int64())])
    return pa.table([pa.array([r[i] for r in rows], t) for i, t in enumerate(schema.types)], schema=schema)


@given(st.lists(ROWS, min_size=1, max_size=3), st.sampled_from(TEXTS))
def test_rows_of_one_key_become_one_in_key_order_whatever_the_parts(parts: list[list[Row]], text: pa.DataType) -> None:
    tables = [table(rows, text) for rows in parts]
    found = summed(tables, ["name", "bin"], tables[0].schema)
    expected = Counter[tuple[str | None, int]]()
    for name, bin_, n in (r for rows in parts for r in rows):
        expected[name, bin_] += n
    order = sorted(expected, key=lambda k: (k[0] is None, k[0] or "", k[1]))
    assert [tuple(r.values()) for r in found.to_pylist()] == [(*k, expected[k]) for k in order]
    assert found.schema == tables[0].schema


@pytest.mark.parametrize("names", [3, 5_000])
def test_keys_beyond_a_dense_table_are_added_up_alike(names: int) -> None:
    rows: list[Row] = [(f"{i % names:05}", i % names * DENSE, 1) for i in range(2 * names)]
    found = summed([table(rows, pa.string())], ["name", "bin", "name"], table([], pa.string()).schema)
    assert found["n"].to_pylist() == [2] * names
    assert found["name"].to_pylist() == [f"{i:05}" for i in range(names)]


def test_sums_are_exact_beyond_what_a_float_holds() -> None:
    rows: list[Row] = [("a", 0, 2**53 + 1), ("a", 0, 2**53 + 3)]
    assert summed([table(rows, pa.string())], ["name"], table([], pa.string()).schema.remove(1))["n"].to_pylist() == [
        2**54 + 4
    ]


@given(st.lists(st.integers(0, 9)), st.sampled_from([10, 1 << 62]))
def test_equal_cells_keep_the_order_of_their_rows(cells: list[int], size: int) -> None:
    found = np.array(cells, dtype=np.int64)
    order = ascending(found, size)
    assert order.tolist() == sorted(range(len(cells)), key=lambda row: cells[row])
    assert found.tolist() == sorted(cells)
