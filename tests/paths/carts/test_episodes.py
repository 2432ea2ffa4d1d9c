"""Cart episodes: one test per sentence of SEMANTICS."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from paths.carts.episodes import BY, KINDS, STATUSES, episodes
from paths.carts.rules import CartRules
from paths.journeys.scope import NEVER
from tests.builder import instant, journeys_of
from tests.cart_steps import HOUR, ONE, RULES, TWO, A, B, journeys


def told(*steps: tuple[Any, ...], rules: CartRules = RULES, hours: float | None = None) -> list[dict[str, Any]]:
    """The episodes of one customer; as_of is `hours` after ZERO."""
    scope = {} if hours is None else {"as_of": 60 * hours}
    batch = journeys(*steps, **scope)
    found = episodes(batch, rules)
    return [
        {
            "kind": KINDS[found.kind[i]],
            "status": STATUSES[found.status[i]],
            "by": BY[found.by[i]],
            "value": int(found.value[i]) if found.known[i] else None,
            "left": int(found.items_left[i]),
            "opened": (found.opened_at[i] - instant(0)) / HOUR,
            "last_step": batch.touchpoint.names[found.last_step[i]],
            "quiet_since": None if found.quiet_since[i] == NEVER else (found.quiet_since[i] - instant(0)) / HOUR,
        }
        for i in range(len(found))
    ]


def states(*steps: tuple[Any, ...], **options: Any) -> list[str]:
    """converted, recovered by reminder, ..."""
    return [e["status"] + (f" by {e['by']}" if e["by"] != "none" else "") for e in told(*steps, **options)]


def values(*steps: tuple[Any, ...], **options: Any) -> list[int | None]:
    return [e["value"] for e in told(*steps, **options)]


# ---- what an episode is


def test_an_episode_opens_at_an_add_or_begin_checkout_when_none_is_running() -> None:
    assert [e["opened"] for e in told(("see", 0), ("add", 1), ("add", 2))] == [1]
    assert [e["opened"] for e in told(("chk", 1), ("add", 2))] == [1]
    for name in ("rem", "upd", "cart", "pay", "see", "mail", "buy", "back"):
        assert told((name, 0)) == [], name
    assert [e["opened"] for e in told(("cart", 0), ("pay", 1), ("add", 2))] == [2]  # before it there is no cart


def test_every_kind_of_cart_activity_keeps_it_running() -> None:
    for name in ("add", "rem", "upd", "cart", "chk", "pay"):
        assert states(("add", 0, A), (name, 3, B), ("buy", 6)) == ["converted"], name
    for name in ("see", "mail", "back"):
        assert states(("add", 0), (name, 3), ("buy", 6)) == ["recovered by organic"], name


def test_converted_if_it_was_never_quiet() -> None:
    assert states(("add", 0), ("buy", 4)) == ["converted"]  # windows are closed at their end
    assert states(("add", 0), ("buy", 4.01)) == ["recovered by organic"]


def test_recovered_within_recovery_window_of_the_last_activity() -> None:
    assert states(("add", 0), ("buy", 168)) == ["recovered by organic"]
    assert states(("add", 0), ("buy", 168.01)) == ["abandoned"]
    assert states(("add", 0), ("cart", 100), ("cart", 200), ("buy", 368)) == ["recovered by organic"]


def test_recovered_if_it_was_ever_quiet_reopenings_included() -> None:
    assert states(("add", 0), ("add", 10), ("buy", 11)) == ["recovered by organic"]
    assert told(("add", 0), ("add", 10), ("add", 20), ("buy", 21))[0]["quiet_since"] == 4  # the first time counts


def test_by_reminder_if_one_lies_after_the_moment_it_first_went_quiet_and_before_the_purchase() -> None:
    assert states(("add", 0), ("mail", 5), ("buy", 9)) == ["recovered by reminder"]
    assert states(("add", 0), ("mail", 4), ("buy", 9)) == ["recovered by organic"]  # not after it, but at it
    assert states(("add", 0), ("buy", 9), ("mail", 9)) == ["recovered by organic"]  # recorded behind the purchase
    assert states(("add", 0), ("mail", 9), ("buy", 9)) == ["recovered by reminder"]
    assert states(("add", 0), ("mail", 5), ("add", 6), ("buy", 7)) == ["recovered by reminder"]
    assert states(("add", 0), ("mail", 3), ("buy", 3.5)) == ["converted"]  # it was never quiet


def test_a_reminder_of_another_customer_recovers_nothing() -> None:
    rows = [("t", 300, "mail"), ("u", 0, "add"), ("u", 540, "buy")]
    found = episodes(journeys_of(rows), RULES)
    assert [BY[b] for b in found.by] == ["organic"]


def test_cart_activity_within_recovery_window_reopens_a_quiet_episode() -> None:
    assert states(("add", 0), ("cart", 168)) == ["abandoned"]
    assert states(("add", 0), ("add", 10), hours=12) == ["open"]


def test_past_recovery_window_it_is_over_and_a_later_add_opens_a_new_one() -> None:
    assert states(("add", 0), ("add", 168.01)) == ["abandoned", "abandoned"]
    assert states(("add", 0), ("cart", 169), ("buy", 170)) == ["abandoned"]


def test_at_as_of_quiet_is_abandoned_and_not_yet_quiet_is_open() -> None:
    assert states(("add", 0), hours=4) == ["open"]
    assert states(("add", 0), hours=4.01) == ["abandoned"]


def test_events_at_or_after_as_of_do_not_exist() -> None:
    assert states(("add", 0), ("buy", 1), hours=1) == ["open"]


def test_a_purchase_ends_it() -> None:
    steps = ("add", 0), ("buy", 1), ("buy", 2), ("add", 3), ("buy", 4)
    assert states(*steps) == ["converted", "converted"]


def test_recorded_order_decides_ties() -> None:
    assert states(("buy", 0), ("add", 0)) == ["abandoned"]
    assert states(("add", 0), ("buy", 0)) == ["converted"]


def test_both_times_are_options() -> None:
    rules = CartRules(roles=RULES.roles, quiet_period=timedelta(hours=1), recovery_window=timedelta(hours=2))
    assert states(("add", 0), ("buy", 1.5), rules=rules) == ["recovered by organic"]
    assert states(("add", 0), ("buy", 2.5), rules=rules) == ["abandoned"]


# ---- emptied


def test_emptied_is_not_bought_had_an_add_and_nothing_left_of_any_item() -> None:
    assert states(("add", 0), ("rem", 1)) == ["emptied"]
    assert states(("add", 0), ("upd", 1, {"quantity": 0})) == ["emptied"]
    assert states(("add", 0, A), ("rem", 1, {**B, "quantity": 5})) == ["abandoned"]  # every item, not their sum
    assert states(("add", 0), ("rem", 1, {"quantity": 3})) == ["emptied"]  # below 0 is not above
    assert states(("chk", 0)) == ["abandoned"]  # it had no add
    assert states(("add", 0), ("rem", 1), ("buy", 2)) == ["converted"]


def test_emptied_is_judged_when_it_is_quiet_at_as_of_or_over() -> None:
    assert states(("add", 0), ("rem", 1), hours=5) == ["open"]
    assert states(("add", 0), ("rem", 1), hours=5.01) == ["emptied"]
    assert states(("add", 0), ("rem", 1), ("add", 300)) == ["emptied", "abandoned"]


def test_reopening_un_empties_it() -> None:
    assert states(("add", 0), ("rem", 1), ("cart", 9), hours=10) == ["open"]
    assert states(("add", 0), ("rem", 1), ("add", 9)) == ["abandoned"]


# ---- orders and refunds


def test_the_rows_of_one_order_id_are_one_purchase_at_its_first_row() -> None:
    order = {"order_id": "o", "value": 300}
    assert values(("add", 0), ("buy", 1, order), ("buy", 2, {**order, "value": 200})) == [500]
    assert states(("add", 0), ("buy", 1, order), ("add", 2), ("buy", 3, order)) == ["converted", "abandoned"]


def test_without_an_order_id_purchases_of_one_event_at_are_one() -> None:
    steps = ("add", 0), ("buy", 1, {"value": 1}), ("buy", 1, {"value": 2}), ("buy", 2, {"value": 4})
    assert values(*steps) == [3]


def test_a_refund_lowers_its_order_by_its_absolute_amount_and_undoes_nothing() -> None:
    bought = ("add", 0), ("buy", 1, {"order_id": "o", "value": 500})
    for amount in (200, -200):
        (found,) = told(*bought, ("back", 50, {"order_id": "o", "value": amount}))
        assert (found["status"], found["value"]) == ("converted", 300)
    other = ("back", 50, {"order_id": "p", "value": 200}), ("back", 51, {"value": 100})
    assert values(*bought, *other) == [500]


def test_values_are_net_of_the_refunds_known_at_as_of() -> None:
    steps = ("add", 0), ("buy", 1, {"order_id": "o", "value": 500}), ("back", 9, {"order_id": "o", "value": 100})
    assert values(*steps, hours=9) == [500]
    assert values(*steps, hours=9.01) == [400]


# ---- cart_id


def test_carts_run_per_cart_id_where_mapped() -> None:
    assert states(("add", 0, ONE), ("add", 1, TWO), ("buy", 2, ONE)) == ["converted", "abandoned"]


def test_a_purchase_with_a_cart_id_that_no_running_cart_has_ends_the_newest_running_cart() -> None:
    assert states(("add", 0, ONE), ("buy", 1, TWO)) == ["converted"]
    assert states(("add", 0, ONE), ("add", 1, TWO), ("buy", 2, {"cart_id": "3"})) == ["abandoned", "converted"]
    assert states(("add", 0, ONE), ("add", 1, TWO), ("buy", 2, TWO), ("buy", 3, TWO)) == ["converted", "converted"]
    assert states(("add", 0, TWO), ("add", 160, ONE), ("cart", 170, ONE), ("buy", 171, TWO)) == [
        "abandoned",
        "recovered by organic",
    ]
    assert states(("add", 0, ONE), ("cart", 1, TWO)) == ["abandoned"]


def test_a_purchase_without_a_cart_id_ends_the_newest_running_cart() -> None:
    steps = ("add", 0, ONE), ("add", 1, TWO), ("cart", 2, ONE)
    assert states(*steps, ("buy", 3)) == ["abandoned", "converted"]  # newest = latest opened
    assert states(*steps, ("buy", 3), ("buy", 3.5)) == ["converted", "converted"]  # then the other
    assert states(*steps, ("buy", 3, TWO), ("buy", 4)) == ["converted", "converted"]
    assert states(("add", 0), ("add", 1, ONE), ("buy", 2)) == ["abandoned", "converted"]  # no cart_id: a lane too
    assert states(("add", 0, ONE), ("buy", 2)) == ["converted"]


def test_a_cart_that_is_over_is_not_running() -> None:
    steps = ("add", 0, ONE), ("add", 1, TWO), ("cart", 160, ONE)
    assert states(*steps, ("buy", 170)) == ["recovered by organic", "abandoned"]
    again = ("add", 0, ONE), ("add", 100, TWO), ("add", 168.5, ONE), ("buy", 169)  # 1 is over, and opened anew
    assert states(*again) == ["abandoned", "abandoned", "converted"]


# ---- kinds, value, last step


def test_a_checkout_has_seen_begin_checkout_or_payment() -> None:
    kinds = [told(("add", 0), *more)[0]["kind"] for more in ([], [("cart", 1)], [("chk", 1)], [("pay", 1)])]
    assert kinds == ["cart", "cart", "checkout", "checkout"]
    assert told(("pay", 0), ("add", 1))[0]["kind"] == "cart"  # before it opened


def test_last_step_is_the_touchpoint_of_the_last_cart_activity() -> None:
    assert [e["last_step"] for e in told(("add", 0), ("pay", 1), ("see", 2), ("buy", 3))] == ["pay"]


def test_value_is_net_quantity_times_last_known_price() -> None:
    steps = ("add", 0, A), ("add", 1, {**B, "quantity": 2}), ("rem", 2, A), ("add", 3, {"item_id": "b", "price": 250})
    assert values(*steps) == [750]
    assert [e["left"] for e in told(*steps)] == [3]
    assert values(("add", 0, A), ("add", 1, {"item_id": "a"})) == [1000]  # a missing price changes no price
    assert values(("add", 0, {"price": 200}), ("add", 1)) == [400]  # without item_id they are one item


def test_any_unpriced_item_left_makes_the_value_unknown() -> None:
    assert values(("add", 0, A), ("add", 1, {"item_id": "c"})) == [None]
    assert values(("add", 0, A), ("add", 1, {"item_id": "c"}), ("rem", 2, {"item_id": "c"})) == [500]
    assert values(("add", 0, {**A, "price": 0})) == [0]  # free is a price


def test_a_checkout_without_any_item_is_unknown_and_an_emptied_cart_is_0_and_known() -> None:
    assert values(("chk", 0)) == [None]
    assert values(("chk", 0), ("rem", 1, A)) == [None]
    assert values(("add", 0), ("rem", 1)) == [0]


def test_update_sets_the_quantity_and_without_one_changes_nothing() -> None:
    assert values(("chk", 0), ("upd", 1, {**A, "quantity": 2})) == [1000]
    assert values(("add", 0, A), ("upd", 1, {**A, "quantity": 4}), ("rem", 2, A)) == [1500]
    assert values(("add", 0, {**A, "quantity": 3}), ("upd", 1, {"item_id": "a", "price": 900})) == [1500]
    assert values(("chk", 0), ("upd", 1, A)) == [None]


def test_converted_and_recovered_have_the_purchases_own_value_where_mapped() -> None:
    assert values(("add", 0, A), ("buy", 1)) == [500]
    assert values(("add", 0, A), ("buy", 1, {"value": 450})) == [450]
    assert values(("add", 0), ("buy", 9, {"value": 450})) == [450]
