"""SEMANTICS, Comparing: sessions of one customer are one cluster where customers have several."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given, settings

from paths.carts.counts import Carts
from paths.compare.clusters import CartClusters, Clusters, DropOffClusters, EdgeClusters, FunnelClusters
from paths.compare.rates import cart_counts, dropoff_counts, edge_counts, step_counts
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.statistics.clusters import Clustered
from paths.statistics.pairs import SideCounts, paired
from tests.builder import Row, journeys_of, step
from tests.cart_steps import RULES
from tests.property.strategies import logs

CART_NAMES = ("see", "add", "chk", "buy")


def both(rows: list[Row], question: Any, clusters: Any) -> tuple[Any, Clusters]:
    journeys = journeys_of(rows)
    return question.reduce([question.map(journeys)]), clusters.reduce([clusters.map(journeys)])


def agree(counts: SideCounts, clusters: Clusters) -> None:
    """The sums over clusters are of the very units that are counted."""
    assert {k: (c.hits, c.n) for k, c in clusters.items()} == {k: v for k, v in counts.items() if v[1]}


@given(logs())
@settings(max_examples=60)
def test_clusters_are_of_the_units_that_are_counted(rows: list[Row]) -> None:
    goal, window = frozenset({"purchase"}), timedelta(days=7)
    answer, found = both(rows, DropOff(return_window=window), DropOffClusters(goal=goal, return_window=window))
    agree(dropoff_counts(answer), {k: c for k, c in found.items() if k in dropoff_counts(answer)})
    answer, found = both(rows, Transitions(), EdgeClusters(question=Transitions()))
    agree(edge_counts(answer, answer)[0], {k: c for k, c in found.items() if len(k) == 2})
    funnel = Funnel(steps=(step("a"), step("b"), step("purchase")), count="sessions")
    answer, found = both(rows, funnel, FunnelClusters(question=funnel))
    agree({(k[0],): v for k, v in step_counts(answer, None).items()}, found)


@given(logs(names=CART_NAMES, step=90))
@settings(max_examples=60)
def test_clusters_of_carts_are_of_the_carts_that_are_decided(rows: list[Row]) -> None:
    answer, found = both(rows, Carts(rules=RULES), CartClusters(question=Carts(rules=RULES)))
    agree(cart_counts(answer.table, None), found)


def test_steps_out_of_a_place_cluster_by_customer() -> None:
    rows = [("u", 0, "a"), ("u", 1, "b"), ("u", 2, "a"), ("u", 3, "c"), ("v", 0, "a"), ("v", 1, "b")]
    _, found = both(rows, Transitions(), EdgeClusters(question=Transitions()))
    assert found["a", "b"] == Clustered(n=3, hits=2, clusters=2, nn=2 * 2 + 1, nx=2 * 1 + 1 * 1, xx=1 + 1)
    assert found["a",] == Clustered(n=3, hits=0, clusters=2, nn=2 * 2 + 1)
    assert found["a", "c"] == Clustered(n=3, hits=1, clusters=2, nn=2 * 2 + 1, nx=2 * 1, xx=1)


def test_customers_with_one_session_each_are_judged_as_ever() -> None:
    counts = {("a",): (10, 40)}
    strangers = {("a",): Clustered(n=40, hits=10, clusters=40, nn=40, nx=10, xx=10)}
    assert paired(counts, counts, strangers, strangers) == paired(counts, counts)


def test_a_bound_on_noise_takes_sessions_of_one_customer_as_one_cluster() -> None:
    def side(lost: int) -> tuple[SideCounts, Clusters]:
        """10 customers with 20 sessions each, of which so many customers end all at the page."""
        rows: list[Row] = []
        for i in range(10):
            for k in range(20):
                rows += [(f"c{i}", 600 * k, "page"), (f"c{i}", 600 * k + 1, "page" if i < lost else "purchase")]
        window = timedelta(minutes=1)
        answer, found = both(
            rows, DropOff(return_window=window), DropOffClusters(goal=frozenset({"purchase"}), return_window=window)
        )
        return dropoff_counts(answer), found

    (now, clusters), (before, clusters_before) = side(7), side(4)
    naive, robust = paired(now, before)[("page",)], paired(now, before, clusters, clusters_before)[("page",)]
    assert naive.difference == robust.difference == 0.3
    assert naive.p_value < 0.001 < 0.1 < robust.p_value
    low, high = robust.interval
    assert low is not None and high is not None and low < 0 < high
