"""Counting over codes: dense and sparse give the same, all of it exact integers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.arrays.counting import (
    DENSE,
    exact_sums,
    first_rows,
    next_at_or_after,
    numbered,
    previous_true,
    tally,
    tally_times,
    units_at,
)
from paths.arrays.histograms import bins
from tests.cases import cases

LAST = np.iinfo(np.int64).max
CODES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**50)), max_size=30)


def array(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9))), st.sampled_from([10, DENSE + 1, 1 << 31]))
def test_first_rows_and_units_are_those_of_a_set(pairs: list[tuple[int, int]], size: int) -> None:
    unit, code = array([u for u, _ in pairs]).astype(np.int32), array([c for _, c in pairs])
    expected = sorted(set(pairs))
    assert first_rows(unit, code, size).tolist() == [pairs.index(p) for p in expected]
    assert units_at(unit, code, 10).tolist() == [len({u for u, c in pairs if c == n}) for n in range(10)]


@pytest.mark.parametrize("size", [10, DENSE + 1])
def test_codes_are_numbered_alike_in_every_column(size: int) -> None:
    code, (left, right) = numbered((array([4, 0, 9]), array([9, 4])), size)
    assert (code[left].tolist(), code[right].tolist()) == ([4, 0, 9], [9, 4])
    assert len(code) <= max(10, 3)


@pytest.mark.parametrize("size", [10, DENSE + 1])
def test_tally_counts_codes_that_occur(size: int) -> None:
    code, n = tally(array([4, 0, 4, 9]), size)
    assert (code.tolist(), n.tolist()) == ([0, 4, 9], [1, 2, 1])
    assert [len(x) for x in tally(array([]), size)] == [0, 0]


@given(CODES, st.sampled_from([10, DENSE + 1]))
@cases(60)
def test_times_are_tallied_by_code_and_bin_with_their_exact_sum(pairs: list[tuple[int, int]], size: int) -> None:
    code, values = array([c for c, _ in pairs]), array([v for _, v in pairs])
    found = [x.tolist() for x in tally_times(code, size, values)]
    cells = list(zip(code.tolist(), bins(values).tolist(), strict=True))
    counts, sums = Counter(cells), Counter[tuple[int, int]]()
    for cell, value in zip(cells, values.tolist(), strict=True):
        sums[cell] += value
    assert list(zip(*found, strict=True)) == [(*cell, counts[cell], sums[cell]) for cell in sorted(counts)]


def test_sums_are_exact_beyond_what_a_float_holds() -> None:
    values = array([2**53 + 1, 2**53 + 3, 2**40 + 1])
    assert exact_sums(array([0, 0, 1]), values).tolist() == [2**54 + 4, 2**40 + 1]


def test_the_previous_flag_lies_before_the_position() -> None:
    assert previous_true(np.array([False, True, False, True])).tolist() == [-1, -1, 1, 1]
    assert previous_true(np.array([], dtype=bool)).tolist() == []


def test_the_next_position_is_at_or_after_the_start() -> None:
    assert next_at_or_after(array([3, 7]), array([0, 3, 4, 8])).tolist() == [3, 3, 7, LAST]
    assert next_at_or_after(array([]), array([0])).tolist() == [LAST]
