"""Carts counted: one test per sentence of SEMANTICS."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ingest.errors import ConfigError, JourneysError
from paths.carts.breakdown import local_hours
from paths.carts.by_period import CartSpans
from paths.carts.counts import PARTS, Carts
from paths.carts.episodes import STATUSES
from paths.carts.rules import NO_ROLE, ROLES, CartRules, roles_of
from paths.journeys.conditions import parse_condition
from paths.journeys.touchpoints import TouchpointRule, TouchpointRules
from tests.builder import LATER, instant, journeys_of
from tests.cart_steps import RULES, A, answer, counts, journeys


def test_refunds_have_a_line_of_their_own_by_their_own_time() -> None:
    steps = (
        ("add", 0),
        ("buy", 1, {"order_id": "o", "value": 500}),
        ("back", 50, {"order_id": "o", "value": -200}),
        ("back", 51),
    )
    assert answer(journeys(*steps)).totals["refunds"] == {"refunds": 2, "customers": 1, "value": 2.0}
    early = answer(journeys(*steps, until="2026-01-16 00:00")).totals
    assert early["refunds"] == {"refunds": 0, "customers": 0, "value": None}
    assert early["episodes"] == 1
    without = CartRules(roles={"add": frozenset({"add"})})
    assert answer(journeys(*steps), rules=without).totals["refunds"] is None


def test_browse_is_a_session_with_a_view_no_add_and_no_purchase_until_recovery_window_after_its_end() -> None:
    def browsed(*steps: tuple[Any, ...], hours: float = 9999) -> dict[tuple[str, ...], int]:
        found = counts(journeys(*steps, as_of=60 * hours))
        return {k: n for k, n in found.items() if k[0] == "browse"}

    gone = {("browse", "abandoned"): 1}
    assert browsed(("see", 0)) == gone
    assert browsed(("see", 0), ("pay", 0.1)) == gone
    assert browsed(("see", 0), ("add", 0.1)) == browsed(("see", 0), ("chk", 0.1)) == {}
    assert browsed(("see", 0), ("add", 1)) == gone  # another session
    assert browsed(("see", 0), ("buy", 0.1)) == browsed(("see", 0), ("see", 0.1), ("buy", 168.1)) == {}
    assert browsed(("see", 0), ("buy", 168.1)) == gone
    assert browsed(("buy", 0), ("see", 0)) == {}  # from its start
    assert browsed(("buy", 0), ("see", 1)) == gone
    assert (
        browsed(("buy", 0, {"order_id": "o"}), ("see", 1), ("buy", 2, {"order_id": "o"})) == gone
    )  # the first row counts
    assert browsed(("see", 0), hours=168) == {("browse", "open"): 1}
    assert browsed(("see", 0), hours=168.01) == gone


def test_browse_is_counted_not_valued_and_not_in_the_rates() -> None:
    found = answer(journeys(("see", 0), ("see", 1), ("add", 2, A)))
    assert [r for r in found.table.to_pylist() if r["kind"] == "browse"] == [
        {"kind": "browse", "status": "abandoned", "episodes": 2, "customers": 1, "value": None, "value_coverage": None}
    ]
    assert (found.totals["episodes"], found.totals["abandonment_rate"]) == (1, 1.0)


def shop() -> list[tuple[Any, ...]]:
    """One converted, one recovered, two abandoned (one of them priced), one emptied, one open at 200 h."""
    return [
        ("a", 0, "add", {**A, "channel": "mail"}),
        ("a", 60, "buy", {"value": 450}),
        ("b", 0, "add", A),
        ("c", 0, "add", {}),
        ("d", 0, "chk", {"channel": "ads"}),
        ("d", 300, "mail", {}),
        ("d", 540, "buy", {"value": 1000}),
        ("e", 0, "add", {}),
        ("e", 5, "rem", {}),
        ("f", 60 * 199, "add", {}),
    ]


def test_rates_and_coverage() -> None:
    found = answer(journeys_of(shop(), as_of=60 * 200))
    totals = found.totals
    assert [totals[s] for s in STATUSES] == [1, 1, 2, 1, 1]
    assert (totals["episodes"], totals["abandonment_rate"], totals["recovery_rate"]) == (6, 0.75, 0.333333)
    assert totals["abandonment_ci_low"] < 0.75 < totals["abandonment_ci_high"]
    assert totals["recovery_ci_low"] < 1 / 3 < totals["recovery_ci_high"]
    assert totals["recovered_by"] == {"reminder": 1, "organic": 0}
    assert totals["value_coverage"] == 0.666667
    assert found.table.to_pylist() == [
        {"kind": "cart", "status": "converted", "episodes": 1, "customers": 1, "value": 4.5, "value_coverage": 1.0},
        {"kind": "cart", "status": "abandoned", "episodes": 2, "customers": 2, "value": 5.0, "value_coverage": 0.5},
        {"kind": "cart", "status": "open", "episodes": 1, "customers": 1, "value": None, "value_coverage": 0.0},
        {"kind": "cart", "status": "emptied", "episodes": 1, "customers": 1, "value": 0.0, "value_coverage": 1.0},
        {
            "kind": "checkout",
            "status": "recovered",
            "episodes": 1,
            "customers": 1,
            "value": 10.0,
            "value_coverage": 1.0,
        },
    ]
    assert found.recovery_hours.to_pylist() == [{"hours": 5, "episodes": 1}]
    assert found.idle_hours.to_pylist() == [{"hours": 200, "episodes": 2}]


def test_spans_know_how_many_have_a_value_and_what_it_is() -> None:
    question = CartSpans(rules=RULES, spans=((instant(0), instant(60)), (instant(1), instant(LATER))))
    found = question.reduce([question.map(journeys_of(shop(), as_of=60 * 200))]).to_pylist()
    known = [tuple(row[f"{s}_{what}"] for s in STATUSES) for row in found for what in ("known", "value")]
    assert known == [(1, 1, 1, 0, 1), (450, 1000, 500, 0, 0), (0, 0, 0, 0, 0), (0, 0, 0, 0, 0)]


def test_by_status_gives_the_same_rows_in_another_order() -> None:
    batch = journeys_of(shop(), as_of=60 * 200)
    assert [k[:2] for k in counts(batch, by="status")] == [
        ("cart", "converted"),
        ("checkout", "recovered"),
        ("cart", "abandoned"),
        ("cart", "open"),
        ("cart", "emptied"),
    ]
    assert counts(batch, by="kind") == counts(batch) == counts(batch, by="status")


def test_by_a_column_of_the_opening_event() -> None:
    batch = journeys_of(shop(), as_of=60 * 200)
    assert counts(batch, by="channel") == {
        ("cart", "converted", "mail"): 1,
        ("cart", "abandoned", "(none)"): 2,
        ("cart", "open", "(none)"): 1,
        ("cart", "emptied", "(none)"): 1,
        ("checkout", "recovered", "ads"): 1,
    }
    assert Carts(rules=RULES, by="channel").columns == RULES.columns | {"channel"}
    assert counts(batch, by="price")["cart", "abandoned", "500"] == 1
    assert counts(batch, by="last_step")["cart", "emptied", "rem"] == 1
    assert counts(batch, by="event")["checkout", "recovered", "chk"] == 1
    assert counts(batch, by="stage")["cart", "emptied", "(unmapped)"] == 1


def test_by_hour_is_the_hour_of_the_opening_in_the_projects_time_zone() -> None:
    steps = ("add", 11.9), ("add", 500)
    assert counts(journeys(*steps), by="hour") == {("cart", "abandoned", 11): 1, ("cart", "abandoned", 20): 1}
    batch = journeys(*steps, timezone="Europe/Berlin")
    assert counts(batch, by="hour") == {("cart", "abandoned", 12): 1, ("cart", "abandoned", 21): 1}


def test_local_hours_follow_the_clocks_when_they_change() -> None:
    at = np.array([instant(t) for t in ("2026-03-29 00:30", "2026-03-29 01:30", "2026-03-30 01:30")])
    assert local_hours(at, "Europe/Berlin").tolist() == [1, 3, 3]
    assert local_hours(at, "Asia/Kolkata").tolist() == [6, 7, 7]


def test_episodes_are_selected_by_their_opening() -> None:
    steps = (
        ("add", 0, {"platform": "web"}),
        ("add", 23, {"platform": "app"}),
        ("buy", 25),
        ("add", 26, {"platform": "web"}),
    )
    assert counts(journeys(*steps, until="2026-01-16 00:00")) == {("cart", "recovered"): 1}
    assert counts(journeys(*steps, since="2026-01-16 00:00")) == {("cart", "abandoned"): 1}
    assert counts(journeys(*steps, segment=(parse_condition("platform=app"),))) == {}


def test_excluded_sessions_are_in_no_cart() -> None:
    steps = ("add", 0), ("add", 0.1), ("add", 0.2), ("add", 30)
    assert counts(journeys(*steps, max_session_events=2)) == {("cart", "abandoned"): 1}


def test_passive_events_are_seen() -> None:
    assert counts(journeys(("add", 0), ("buy", 1), passive=frozenset({"add"}))) == {("cart", "converted"): 1}


# ---- roles and refusals


def test_names_of_roles_mean_touchpoints_where_rules_give_them() -> None:
    touchpoints = TouchpointRules(
        (TouchpointRule(name="add", url=("/cart/add",)), TouchpointRule(name="paid", event=("order",)))
    )
    steps = ("see", 0), ("click", 1, {"url": "/cart/add"}), ("order", 2), ("click", 3)
    batch = journeys(*steps, touchpoints=touchpoints)
    roles = {"add": frozenset({"add"}), "purchase": frozenset({"paid"}), "view": frozenset({"event:see"})}
    found = [None if r == NO_ROLE else ROLES[r] for r in roles_of(batch, CartRules(roles=roles))]
    assert found == ["view", "add", "purchase", None]
    for role, names in roles.items():
        assert [r == role for r in found] == batch.answers_to(names).tolist()


def test_an_event_with_several_roles_has_the_first_of_ROLES() -> None:
    names = frozenset({"thing"})
    for i, role in enumerate(ROLES):
        rules = CartRules(roles=dict.fromkeys(ROLES[i:], names))
        assert [ROLES[r] for r in roles_of(journeys(("thing", 0)), rules)] == [role]


def test_columns_that_are_not_mapped_are_not_read() -> None:
    rules = CartRules(roles=RULES.roles, mapped=frozenset({"cart_id"}))
    assert Carts(rules=rules).columns == {"cart_id"}
    batch = journeys(("add", 0), ("buy", 1), ("back", 2))
    bare = replace(batch, events=replace(batch.events, columns={}), memo={})
    assert counts(bare, rules=rules) == {("cart", "converted"): 1}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"roles": {"ad": frozenset()}}, 'no role "ad". Did you mean "add"'),
        ({"roles": {}, "quiet_period": timedelta(0)}, "longer than 0"),
        ({"roles": {}, "quiet_period": timedelta(days=8)}, "longer than recovery_window"),
    ],
)
def test_nonsense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CartRules(**options)


def test_what_is_counted_is_no_group() -> None:
    with pytest.raises(ConfigError, match="a column of the answer"):
        Carts(rules=RULES, by="value")


def test_parts_that_break_the_law_are_refused() -> None:
    nothing = {n: 0 if pa.types.is_integer(t) else "" for n, t in zip(PARTS.names, PARTS.types, strict=True)}
    lost = pa.Table.from_pylist([{**nothing, "section": "all", "episodes": 1}], schema=PARTS)
    with pytest.raises(JourneysError, match="1 cart episodes"):
        Carts(rules=RULES).reduce([lost])


def test_nothing_gives_nothing() -> None:
    found = Carts(rules=RULES).reduce([])
    assert found.table.num_rows == found.totals["episodes"] == 0
    assert found.totals["abandonment_rate"] is None
    empty = journeys(("add", 5), ("add", 5), as_of=0)
    assert answer(empty).totals == found.totals
    assert counts(journeys(("see", 0)), by="hour") == {}
