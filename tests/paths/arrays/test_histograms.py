"""Quantiles from integer bins: nearest rank, off by at most 1 %."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from paths.arrays.counting import tally_times
from paths.arrays.histograms import bins, quantile, quantile_seconds, quantiles
from tests.cases import cases
from tests.oracles.paths import nearest_rank

VALUES = st.lists(
    st.integers(0, 50) | st.integers(0, 10**9) | st.integers(0, 400 * 86_400 * 10**6), min_size=1, max_size=60
)


def of(values: list[int], percent: int) -> float | None:
    found = np.array(values, dtype=np.int64)
    _, _, counts, sums = tally_times(np.zeros(len(found), dtype=np.int64), 1, found)
    return quantile(counts, sums, percent)


@given(VALUES, st.sampled_from([1, 10, 25, 50, 75, 90, 99, 100]))
@cases(100)
def test_a_quantile_is_the_nearest_rank_to_one_percent(values: list[int], percent: int) -> None:
    exact, found = nearest_rank(values, percent), of(values, percent)
    assert exact is not None
    assert found is not None
    assert abs(found - exact * 1e6) <= 0.01 * exact * 1e6


@given(st.integers(0, 2**52), st.integers(1, 40))
@cases(40)
def test_a_quantile_of_equal_values_is_exact(value: int, times: int) -> None:
    assert of([value] * times, 50) == value


@given(st.lists(st.integers(0, 2**52), min_size=2, max_size=40))
@cases(40)
def test_bins_ascend_with_the_values(values: list[int]) -> None:
    found = bins(np.array(sorted(values), dtype=np.int64))
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0


def test_nothing_one_and_two_have_bins_of_their_own() -> None:
    assert len(set(bins(np.arange(200)).tolist())) == 200


def test_the_median_of_an_even_number_is_the_lower_one() -> None:
    assert of([1, 2, 3, 4], 50) == 2
    assert of([1, 2, 3, 4], 90) == 4


def test_without_values_there_is_no_quantile() -> None:
    empty = np.array([], dtype=np.int64)
    assert quantile(empty, empty, 50) is None
    assert quantile_seconds(empty, empty, 90) is None
    assert quantile_seconds(np.array([3]), np.array([4_500_000]), 50) == 1.5


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2**60)), max_size=4), max_size=5), st.integers(1, 100)
)
def test_stretches_of_bins_have_their_own_quantiles(stretches: list[list[tuple[int, int]]], percent: int) -> None:
    n, total = (np.array([b[i] for s in stretches for b in s], dtype=np.int64) for i in (0, 1))
    end = np.cumsum([len(s) for s in stretches], dtype=np.int64)
    begin = np.append(0, end)[: len(end)]
    expected = [quantile(n[a:b], total[a:b], percent) for a, b in zip(begin, end, strict=True)]
    assert quantiles(n, total, begin, end, percent) == expected
