"""Every analysis says itself how far it looks back."""

from __future__ import annotations

from importlib import import_module
from inspect import isabstract
from pathlib import Path

import pytest

import paths
from paths.analysis import Analysis, Lookback
from paths.carts.rules import CartRules
from paths.dropoff.dropoff import DropOff
from paths.graph.transitions import Transitions
from paths.lookback import past_of
from paths.sequences.variants import Variants
from paths.views.period import InPeriod
from tests.builder import scope_of


def analyses() -> list[type]:
    """All classes of paths/ that map and reduce."""
    root = Path(next(iter(paths.__path__)))
    names = [".".join(file.relative_to(root.parent).with_suffix("").parts) for file in sorted(root.rglob("*.py"))]
    modules = [import_module(name.removesuffix(".__init__")) for name in names]
    found = {
        c
        for m in modules
        for c in vars(m).values()
        if isinstance(c, type) and hasattr(c, "map") and hasattr(c, "reduce")
    }
    return sorted((c for c in found if c is not Analysis and not isabstract(c)), key=lambda c: c.__qualname__)


@pytest.mark.parametrize("analysis", analyses(), ids=lambda c: c.__qualname__)
def test_an_analysis_says_how_far_it_looks_back(analysis: type) -> None:
    assert callable(getattr(analysis, "lookback", None)), (
        f"{analysis.__module__}.{analysis.__qualname__} needs `lookback(since)`: without one every night reads the whole store."
    )
    assert "lag" not in vars(analysis)


def test_the_walk_finds_them() -> None:
    assert {DropOff, Transitions, Variants, InPeriod} <= set(analyses())


def test_what_they_need_together_is_the_most_that_any_needs() -> None:
    rules = CartRules(roles={"add": ("add",)})
    inside = InPeriod(analysis=DropOff(), since=50, until=90)
    assert inside.lookback(0) == Lookback(since=50, horizon=50, orders=True)
    past = past_of([Transitions(), inside], scope_of(since=0))
    assert past is not None
    assert (past.since, past.horizon, past.orders, past.carts) == (50, 50, True, None)
    assert past_of([Transitions(), Variants()], scope_of()) is None
    assert hash(rules) == hash(CartRules(roles={"add": ("add",)}))
