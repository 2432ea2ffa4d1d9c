"""SEMANTICS, Journey map: cells, feelings, friction, moments of truth."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from paths.journey_map.designed import DesignedJourney, Target
from paths.journey_map.friction import FrictionRules
from paths.journey_map.journey_map import JourneyMap
from paths.journey_map.opportunities import Opportunities
from paths.journey_map.scores import MapAnswer
from paths.journey_map.surveys import NO_SCORE, ONE, Survey, feeling
from paths.journeys.goals import GoalRules
from paths.journeys.touchpoints import StageRule, StageRules
from tests.builder import ask, batch_of, columns_of, minutes, prepare, scope_of

STAGES = StageRules(
    (
        StageRule(name="look", events=("page", "search")),
        StageRule(name="paying", events=("pay", "oops")),
        StageRule(name="buy", events=("purchase",)),
    )
)
ORDER = ("look", "paying", "buy")
CSAT = Survey(event="csat", kind="csat", about="about")
NPS = Survey(event="nps", kind="nps")
HOUR = timedelta(hours=1)
SECOND = 1 / 60


def map_of(rows: list[Any], *, by: str = "touchpoint", surveys: tuple[Survey, ...] = (), **options: Any) -> MapAnswer:
    scope = {k: options.pop(k) for k in ("as_of", "since", "until", "passive", "segment") if k in options}
    friction = FrictionRules(**options.pop("friction", {}))
    pad = ("zz", 10_000, "csat", {"score": None, "about": None})  # so that the columns are there
    question = JourneyMap(
        stages=ORDER,
        by=by,
        rules=GoalRules(),
        return_window=HOUR,
        surveys=surveys,
        friction=friction,
        min_n=2,
        **options,
    )
    journeys = prepare(
        batch_of([*rows, pad]), scope_of(stages=STAGES, **{"passive": frozenset({"csat", "nps"}), **scope})
    )
    return question.reduce([question.map(journeys)])


def cell(answer: MapAnswer, name: str) -> dict[str, Any]:
    return next(r for r in answer.table.to_pylist() if name in (r["stage"], r.get("touchpoint"), r.get("channel")))


def test_csat_1_to_5_is_score_minus_3() -> None:
    assert [feeling("csat", s) for s in (1, 3, 4.5, 5)] == [-2 * ONE, 0, 1.5 * ONE, 2 * ONE]


def test_nps_0_to_6_is_minus_2_7_and_8_are_0_9_and_10_are_plus_2() -> None:
    assert [feeling("nps", s) // ONE for s in (0, 6, 7, 8, 9, 10)] == [-2, -2, 0, 0, 2, 2]


def test_other_scales_are_declared() -> None:
    assert [feeling("scale", s, 0, 100) for s in (0, 75, 100)] == [-2 * ONE, ONE, 2 * ONE]
    assert feeling("scale", 1, low=5, high=1) == 2 * ONE  # 1 is the best school mark
    assert feeling("ces", 7) == 2 * ONE


def test_english_comments_are_read_by_a_lexicon() -> None:
    said = Survey(event="note", kind="comment", comment="text")
    good, bad, none = (
        said.feeling(t) for t in ("Friendly and quick, I love it!", "Terrible. Nobody could help me.", "Tuesday")
    )
    assert -2 * ONE <= bad < none == 0 < good <= 2 * ONE
    rows = [("a", 0, "page"), ("a", 1, "note", {"text": "Terrible. Nobody could help me."}), ("b", 0, "page")]
    answer = map_of(rows, surveys=(said,), passive=frozenset({"note", "csat"}))
    assert (cell(answer, "page")["answers"], cell(answer, "page")["sentiment"] < 0) == (1, True)


@pytest.mark.parametrize("kind, score", [("csat", 0), ("csat", 6), ("nps", 11), ("nps", -1), ("ces", 8)])
def test_a_score_off_its_scale_is_no_feeling(kind: str, score: float) -> None:
    assert feeling(kind, score) == NO_SCORE


def test_answers_off_their_scale_are_counted_and_said() -> None:
    answer = map_of(
        [("a", 0, "page"), ("a", 1, "csat", {"score": "9"}), ("a", 2, "csat", {"score": "fine"})], surveys=(CSAT,)
    )
    assert answer.totals["answers_off_scale"] == 2
    assert cell(answer, "page")["answers"] == 0


def test_an_answer_belongs_to_the_touchpoint_it_names() -> None:
    rows = [("a", 0, "page"), ("a", 1, "pay"), ("a", 9, "csat", {"score": "1", "about": "page"})]
    answer = map_of(rows, surveys=(CSAT,))
    assert (cell(answer, "page")["sentiment"], cell(answer, "pay")["answers"]) == (-2.0, 0)


def test_else_it_belongs_to_the_customers_last_non_passive_event_before_it() -> None:
    rows = [("a", 0, "page"), ("b", 1, "search"), ("a", 1, "mail"), ("a", 9, "csat", {"score": "5"})]
    answer = map_of(rows, surveys=(CSAT,), passive=frozenset({"csat", "mail"}))
    assert cell(answer, "page")["sentiment"] == 2.0
    assert cell(answer, "search")["answers"] == 0


def test_an_answer_to_an_answer_is_about_what_came_before_both() -> None:
    rows = [("a", 0, "page"), ("a", 1, "csat", {"score": "5"}), ("a", 2, "csat", {"score": "1"})]
    assert cell(map_of(rows, surveys=(CSAT,), passive=frozenset()), "page")["answers"] == 2


def test_an_answer_that_names_a_touchpoint_nobody_visited_is_on_the_map_all_the_same() -> None:
    answer = map_of([("a", 0, "page"), ("a", 1, "csat", {"score": "2", "about": "pay"})], surveys=(CSAT,))
    assert (cell(answer, "pay")["customers"], cell(answer, "pay")["sentiment"], cell(answer, "pay")["evidence"]) == (
        0,
        -1.0,
        "none",
    )


def test_the_period_selects_answers_by_their_own_time() -> None:
    rows = [("a", 0, "page"), ("a", 100, "csat", {"score": "5"}), ("a", 300, "csat", {"score": "1"})]
    assert cell(map_of(rows, surveys=(CSAT,), until=200), "page")["sentiment"] == 2.0


def test_a_mean_feeling_has_an_interval_from_two_answers_on() -> None:
    one = [("a", 0, "page"), ("a", 1, "csat", {"score": "5"})]
    assert cell(map_of(one, surveys=(CSAT,)), "page")["sentiment_low"] is None
    two = cell(map_of([*one, ("b", 0, "page"), ("b", 1, "csat", {"score": "3"})], surveys=(CSAT,)), "page")
    assert (two["sentiment"], two["sentiment_low"], two["sentiment_high"]) == (1.0, -0.959964, 2.0)


def friction_of(rows: list[Any], name: str, **rules: Any) -> dict[str, float | None]:
    row = cell(map_of(rows, friction=rules), name)
    return {k.removeprefix("friction_"): v for k, v in row.items() if k.startswith("friction_") and v}


def test_an_error_is_friction_where_the_customer_was_and_where_it_is_recorded() -> None:
    rows = [("a", 0, "page"), ("a", 1, "pay"), ("a", 2, "oops"), ("b", 0, "pay"), ("b", 60, "oops")]
    assert friction_of(rows, "pay", errors=("oo*",)) == {"error": 0.5}
    assert friction_of(rows, "oops", errors=("oo*",)) == {"error": 1.0}
    assert friction_of(rows, "page", errors=("oo*",)) == {}


def test_three_repeats_within_10_s_are_friction() -> None:
    rows = [("a", i * 5 * SECOND, "pay") for i in range(3)] + [("b", i * 6 * SECOND, "pay") for i in range(3)]
    assert friction_of(rows, "pay") == {"repeat": 0.5}


def test_passive_events_are_no_visits_that_could_show_friction() -> None:
    rows = [("a", 0, "mail"), ("a", 1, "search"), ("a", 1.5, "mail"), *(("a", 2 + i * SECOND, "pay") for i in range(3))]
    answer = map_of(rows, passive=frozenset({"mail", "csat", "nps"}))
    shown = {n: cell(answer, n)["friction_repeat"] for n in ("search", "pay")}
    assert shown == {"search": 0.0, "pay": 1.0}


def test_the_rows_of_an_order_are_no_clicks_in_anger() -> None:
    rows = [("a", i * SECOND, name) for i, name in enumerate(["pay"] * 3 + ["purchase"] * 3)]
    assert (friction_of(rows, "pay"), friction_of(rows, "purchase")) == ({"repeat": 1.0}, {})


def test_back_and_forth_is_friction_of_what_one_comes_back_from() -> None:
    rows = [
        ("a", 0, "search"),
        ("a", 1, "page"),
        ("a", 2, "search"),
        ("b", 0, "search"),
        ("b", 1, "page"),
        ("b", 2, "pay"),
    ]
    assert friction_of(rows, "page") == {"back_and_forth": 0.5}
    assert friction_of(rows, "search") == {}


def test_back_and_forth_takes_at_least_1_s() -> None:
    rows = [
        (who, at * SECOND, n)
        for who, t in (("a", 1), ("b", 0.99))
        for at, n in ((0, "search"), (5, "page"), (5 + t, "search"))
    ]
    assert friction_of(rows, "page") == {"back_and_forth": 0.5}


def test_a_page_view_and_an_event_on_one_page_are_one_place_and_not_a_detour() -> None:
    def there(url: str | None) -> dict[str, float | None]:
        at = {"url": "https://shop.example/p/1?size=m"}
        return friction_of([("a", 0, "search", at), ("a", 1, "page", {"url": url}), ("a", 2, "search", at)], "page")

    assert there("/p/1#reviews") == {}
    assert there("/p/2") == there(None) == {"back_and_forth": 1.0}


def test_each_signals_rate_is_over_the_visits_that_had_room_for_it() -> None:
    rows = [("a", i * SECOND, "pay") for i in range(3)] + [("b", 0, "pay"), ("b", 1, "pay"), ("c", 0, "pay")]
    assert friction_of(rows, "pay") == {"repeat": 1.0}
    assert cell(map_of(rows), "pay")["friction"] == 0.5
    pain = map_of(rows).pains.to_pylist()[0]
    assert (pain["signal"], pain["visits"], pain["with_signal"], pain["rate"]) == ("repeat", 3, 3, 1.0)


def test_a_goal_has_no_friction() -> None:
    rows = [("a", 0, "page"), ("a", 1, "purchase"), ("a", 2, "page"), ("a", 3, "oops"), ("a", 9, "call")]
    answer = map_of(rows, friction={"errors": ("oops", "purchase"), "support": ("call",)})
    assert all(cell(answer, "purchase")[k] is None for k in ("friction", "friction_back_and_forth", "friction_contact"))
    assert not [r for r in answer.pains.to_pylist() if r["touchpoint"] == "purchase"]


def test_a_support_contact_within_24_h_is_friction_of_what_went_before() -> None:
    day = 24 * 60
    rows = [("a", 0, "page"), ("a", day, "call"), ("b", 0, "page"), ("b", day + SECOND, "call"), ("c", 0, "page")]
    assert friction_of(rows, "page", support=("call",)) == {"contact": 0.333333}
    assert friction_of(rows, "call", support=("call",)) == {}


def test_dwell_beyond_three_times_the_reference_median_is_friction() -> None:
    rows = [("a", 0, "pay"), ("a", 6, "page"), ("b", 0, "pay"), ("b", 6 + SECOND, "page")]
    assert friction_of(rows, "pay", dwell={"pay": minutes(2)}) == {"dwell": 0.5}


def visits(*who: tuple[str, int, str, str]) -> list[Any]:
    """Sessions page > pay > end, with an answer about pay: (customers' letter, how many, score, end)."""
    return [
        row
        for letter, n, score, end in who
        for i in range(n)
        for row in (
            (f"{letter}{i:02}", 0, "page"),
            (f"{letter}{i:02}", 1, "pay"),
            (f"{letter}{i:02}", 1.5, "csat", {"score": score}),
            (f"{letter}{i:02}", 2, end),
        )
    ]


def moment_of(answer: MapAnswer, name: str = "pay") -> dict[str, Any]:
    return next(r for r in answer.moments.to_pylist() if r["touchpoint"] == name)


def test_a_moment_of_truth_is_reach_times_the_difference_of_the_chances_of_a_goal() -> None:
    rows = visits(("g", 3, "5", "purchase"), ("b", 1, "1", "purchase"), ("c", 1, "1", "search"))
    moment = moment_of(map_of(rows, surveys=(CSAT,)))
    assert (moment["good"], moment["bad"], moment["p_goal_good"], moment["p_goal_bad"]) == (3, 2, 1.0, 0.5)
    assert moment["effect"] == round(5 / 6 * 0.5, 6)  # the padding row is a customer too
    assert moment["effect_low"] <= moment["effect"] <= moment["effect_high"]


def test_a_moment_of_truth_is_over_visits_with_room_for_every_signal() -> None:
    rows = [
        ("a", 0, "pay"),
        ("a", 1, "csat", {"score": "1"}),
        ("a", 2, "page"),
        ("a", 3, "purchase"),
    ]  # the first visit
    rows += [("b", 0, "page"), ("b", 1, "pay"), ("b", 2, "csat", {"score": "1"})]  # the last one
    assert map_of(rows, surveys=(CSAT,)).moments.num_rows == 0


def test_a_moment_is_named_only_where_good_is_better_than_bad_beyond_noise() -> None:
    better = map_of(visits(("g", 40, "5", "purchase"), ("b", 40, "1", "search")), surveys=(CSAT,))
    assert (moment_of(better)["significant"], moment_of(better)["verdict"]) == (True, "moment of truth")
    alike = map_of(visits(("g", 40, "5", "purchase"), ("b", 40, "1", "purchase")), surveys=(CSAT,))
    assert (moment_of(alike)["significant"], moment_of(alike)["verdict"]) == (False, None)


def test_where_bad_is_better_the_row_says_goes_with_buying_and_is_no_moment() -> None:
    worse = map_of(visits(("g", 40, "5", "search"), ("b", 40, "1", "purchase")), surveys=(CSAT,))
    moment = moment_of(worse)
    assert (moment["significant"], moment["verdict"]) == (False, "goes with buying")
    assert moment["effect"] < 0


def test_visits_of_one_customer_are_one_cluster() -> None:
    def of(customers: int) -> dict[str, Any]:
        rows = visits(("g", 40, "5", "purchase"), ("b", 20, "1", "search"), ("c", 20, "1", "purchase"))
        day = 24 * 60
        some = {f"{letter}{i:02}": i for letter in "gbc" for i in range(40)}
        return moment_of(
            map_of(
                [(f"{r[0][0]}{some[r[0]] % customers:02}", r[1] + day * some[r[0]], *r[2:]) for r in rows],
                surveys=(CSAT,),
            )
        )

    strangers, few = of(40), of(4)
    assert strangers["difference"] == few["difference"]
    assert few["ci_low"] < strangers["ci_low"] < strangers["ci_high"] <= few["ci_high"] + 1e-9
    assert few["p_value"] > strangers["p_value"]


def test_a_contact_after_the_goal_is_nothing_the_goal_failed_by() -> None:
    rows = [
        ("a", 0, "page"),
        ("a", 1, "pay"),
        ("a", 2, "purchase"),
        ("a", 9, "call"),
        ("b", 0, "page"),
        ("b", 1, "pay"),
        ("b", 9, "call"),
        ("b", 10, "purchase"),
    ]
    answer = map_of(rows, friction={"support": ("call",)})
    assert cell(answer, "pay")["friction_contact"] == 1.0
    assert (moment_of(answer)["good"], moment_of(answer)["bad"]) == (1, 1)


def test_n_below_min_n_is_thin_evidence() -> None:
    answer = map_of([("a", 0, "page"), ("b", 0, "page"), ("c", 0, "pay")])
    assert [cell(answer, n)["evidence"] for n in ("page", "pay")] == ["solid", "thin"]


def test_a_pain_point_costs_what_good_visits_would_have_brought() -> None:
    money = {"value": 10_000}
    good = [r for i in range(4) for r in ((f"g{i}", 0, "pay"), (f"g{i}", 1, "purchase", money))]
    bad = [r for i in range(2) for r in ((f"b{i}", 0, "pay"), (f"b{i}", 1, "oops"))]
    pain = next(
        r for r in map_of([*good, *bad], friction={"errors": ("oops",)}).pains.to_pylist() if r["touchpoint"] == "pay"
    )
    assert (pain["signal"], pain["with_signal"], pain["customers"], pain["lost_goals"], pain["value"]) == (
        "error",
        2,
        2,
        2.0,
        200.0,
    )


def test_the_share_that_goes_on_reaches_a_later_stage_in_time() -> None:
    rows = [
        ("a", 0, "page"),
        ("a", 1, "pay"),
        ("b", 0, "page"),
        ("b", 61, "pay"),
        ("c", 0, "page"),
        ("c", 60, "buy"),
        ("d", 0, "page"),
    ]
    assert (
        cell(map_of(rows), "page")["goes_on"] == 0.25
    )  # b came too late; "buy" is the name of a stage, and of no event
    assert cell(map_of(rows), "page")["customers"] == 4
    assert cell(map_of(rows, as_of=30), "page")["goes_on"] is None


def test_events_of_no_stage_are_unmapped_and_counted() -> None:
    answer = map_of([("a", 0, "page"), ("a", 1, "odd"), ("a", 2, "purchase"), ("a", 3, "odd")], passive=frozenset())
    assert answer.totals["unmapped_share"] == 0.6  # the padding row is of no stage too
    assert [r["stage"] for r in answer.table.to_pylist()][-1] == "(unmapped)"


def test_passive_events_are_touches_and_no_visits() -> None:
    row = cell(map_of([("a", 0, "page"), ("a", 1, "mail")], passive=frozenset({"mail", "csat"})), "mail")
    assert (row["events"], row["customers"], row["visits"], row["drop_off_rate"]) == (1, 1, 0, None)


def test_what_a_touch_costs_is_said_by_event_else_by_channel() -> None:
    rows = [("a", 0, "page", {"channel": "web"}), ("a", 1, "pay", {"channel": "web"}), ("a", 2, "search")]
    answer = map_of(rows, cost={"web": 10, "pay": 250})
    assert [cell(answer, n)["cost"] for n in ("page", "pay", "search")] == [0.1, 2.5, None]


def test_a_stage_is_left_when_the_next_one_begins() -> None:
    rows = [("a", 0, "page"), ("a", 2, "search"), ("a", 5, "pay"), ("a", 6, "pay")]
    answer = map_of(rows, by="stage")
    assert [(r["stage"], r["visits"], r["median_seconds"]) for r in answer.table.to_pylist()[:2]] == [
        ("look", 1, 300.0),
        ("paying", 1, None),
    ]


def test_the_designed_order_is_kept_broken_left_out_and_repeated() -> None:
    rows = [
        ("in order", 0, "page"),
        ("in order", 5, "pay"),
        ("in order", 6, "purchase"),
        ("left out", 0, "page"),
        ("left out", 9, "purchase"),
        ("broken", 0, "pay"),
        ("broken", 1, "page"),
        ("broken", 2, "pay"),
    ]
    question = DesignedJourney(stages=ORDER, targets={"paying": Target(share=0.5, time=minutes(4))})
    journeys = prepare(batch_of(rows), scope_of(stages=STAGES))
    answer = question.reduce([question.map(journeys)])
    assert (answer.totals["in_order"], answer.totals["complete"]) == (2, 1)
    found = columns_of(answer.table.to_pylist(), "stage", "customers", "missing", "repeated", "out_of_order")
    assert found == [("look", 3, 0, 0, 1), ("paying", 2, 1, 1, 0), ("buy", 2, 0, 0, 0)]


def test_targets_are_met_or_not() -> None:
    question = DesignedJourney(
        stages=ORDER, targets={"paying": Target(share=0.5, time=minutes(4)), "buy": Target(share=0.6)}
    )
    rows = ask_table(question, [("a", 0, "page"), ("a", 5, "pay"), ("b", 0, "page"), ("a", 6, "purchase")])
    assert columns_of(rows, "share_met", "time_met", "median_seconds") == [
        (None, None, None),
        (True, False, 300.0),
        (False, None, 60.0),
    ]


def ask_table(question: DesignedJourney, rows: list[Any]) -> list[dict[str, Any]]:
    answer = question.reduce([question.map(prepare(batch_of(rows), scope_of(stages=STAGES)))])
    table: list[dict[str, Any]] = answer.table.to_pylist()
    return table


def test_buyers_who_heard_nothing_are_those_without_any_touch_in_time() -> None:
    day = 24 * 60
    rows = [
        ("a", 0, "purchase"),
        ("b", 0, "purchase"),
        ("b", 30 * day, "mail"),
        ("c", 0, "purchase"),
        ("c", 30 * day + SECOND, "mail"),
    ]
    assert done(Opportunities(), rows) == [("silent_after_purchase", 2, 3, 0)]
    assert done(Opportunities(), rows, as_of=30 * day) == [("silent_after_purchase", 0, 0, 3)]


def test_complaints_without_an_answer_in_time_are_to_be_answered() -> None:
    day = 24 * 60
    rows = [
        ("a", 0, "angry"),
        ("a", 2 * day, "sorry"),
        ("b", 0, "angry"),
        ("b", 2 * day + SECOND, "sorry"),
        ("c", 0, "angry"),
    ]
    assert done(Opportunities(complaints=("angry",), answers=("sorry",)), rows) == [("unanswered_complaint", 2, 3, 0)]


def test_a_contact_after_friction_could_have_been_avoided() -> None:
    rows = [("a", 0, "pay"), ("a", 1, "oops"), ("a", 60, "call"), ("b", 0, "pay"), ("b", 60, "call")]
    question = Opportunities(friction=FrictionRules(errors=("oops",), support=("call",)), contact_cost=6.5)
    found = ask(question, rows, stages=STAGES)
    assert columns_of(found, "opportunity", "touchpoint", "n", "of", "value") == [
        ("avoidable_contact", "oops", 1, 2, 6.5)
    ]


def test_a_long_stay_before_a_contact_is_friction_too() -> None:
    rows = [("a", 0, "pay"), ("a", 7, "page"), ("a", 60, "call")]
    question = Opportunities(friction=FrictionRules(support=("call",), dwell={"pay": minutes(2)}))
    assert columns_of(ask(question, rows, stages=STAGES), "opportunity", "touchpoint") == [("avoidable_contact", "pay")]


def done(question: Opportunities, rows: list[Any], **scope: Any) -> list[tuple[Any, ...]]:
    return columns_of(ask(question, rows, stages=STAGES, **scope), "opportunity", "n", "of", "open")
