"""SEMANTICS, Comparing: a bound on noise takes sessions of one customer as one cluster."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paths.statistics.clusters import SUMS, Clustered, cluster_sums

Units = list[tuple[int, int, bool]]


def sums(units: Units, size: int = 3) -> np.ndarray:
    code, cluster, hit = (np.array([u[i] for u in units], dtype=np.int64) for i in range(3))
    return cluster_sums(code, cluster, hit.astype(bool), size)


def one(units: list[tuple[int, bool]]) -> Clustered:
    """Units of one rate: (cluster, is it a hit)."""
    found = sums([(0, cluster, hit) for cluster, hit in units], size=1)[:, 0]
    return Clustered(**dict(zip(SUMS, found.tolist(), strict=True)))


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.booleans())))
def test_the_sums_are_those_of_the_clusters(units: Units) -> None:
    found = sums(units)
    for code in range(3):
        n = Counter(u[1] for u in units if u[0] == code)
        x = Counter(u[1] for u in units if u[0] == code and u[2])
        expected = [
            sum(n.values()),
            sum(x.values()),
            len(n),
            sum(v * v for v in n.values()),
            sum(n[c] * x[c] for c in n),
            sum(v * v for v in x.values()),
        ]
        assert found[:, code].tolist() == expected


def test_one_unit_a_cluster_is_as_good_as_independent() -> None:
    strangers = one([(i, i % 4 == 0) for i in range(400)])
    assert strangers.design_effect == pytest.approx(400 / 399)
    assert strangers.effective == pytest.approx((100 * 399 / 400, 399))


def test_clusters_of_equal_units_count_as_one_each() -> None:
    alike = one([(i // 10, i // 10 % 4 == 0) for i in range(400)])
    assert alike.design_effect == pytest.approx(10 * 40 / 39)


def test_where_nobody_or_everybody_hits_a_cluster_may_be_all_alike() -> None:
    assert one([(i // 4, False) for i in range(40)]).effective == (0.0, 10.0)
    assert one([(0, True), (0, False), (0, True)]).effective == pytest.approx((2 / 3, 1.0))


def test_nothing_has_no_design_effect() -> None:
    assert Clustered().effective == (0.0, 0.0)
