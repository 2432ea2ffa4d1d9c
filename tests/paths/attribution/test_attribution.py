"""Attribution against an oracle that goes event by event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigError
from paths.attribution.attribution import Attribution
from paths.attribution.credits import shared_out
from paths.attribution.rules import MODELS, AttributionRules, models_of
from paths.attribution.table import AttributionAnswer
from paths.journeys.goals import GoalRules
from sessionize.rules import SessionRules
from tests.builder import Event, Row, events_of, instant, journeys_of, minutes
from tests.cases import cases
from tests.oracles import attribution as oracle
from tests.oracles.sessions import kept_sessions
from tests.property.strategies import logs, session_rules

SUM = GoalRules(order_value="sum")
Options = dict[str, Any]


def answer(rows: Sequence[Row], rules: AttributionRules | None = None, **scope: Any) -> AttributionAnswer:
    question = Attribution(rules=rules or AttributionRules(), tried=(), minor_units=1)
    return question.reduce([question.map(journeys_of(rows, **scope))])


def table(found: AttributionAnswer, *names: str) -> dict[str, Any]:
    """The answer's columns by value; one alone as it is."""
    rows = {r["value"]: tuple(r[n] for n in names) for r in found.table.to_pylist()}
    return {value: row[0] if len(names) == 1 else row for value, row in rows.items()}


def visit(customer: str, day: float, channel: str | None = None, event: str = "look", **more: Any) -> Row:
    return customer, day * 1440, event, {"channel": channel, **more} if channel else more


def test_a_touch_is_the_first_event_of_a_session_with_the_value_there() -> None:
    rows = [visit("a", 0, "email"), ("a", 5, "look", {"channel": "web"}), ("a", 9, "purchase", {"channel": "web"})]
    assert table(answer(rows), "touches", "last_conversions") == {"email": (1, 1.0)}


def test_a_session_that_begins_with_its_goal_is_a_touch_of_it_and_a_goal_without_any_has_a_row_of_its_own() -> None:
    rows = [visit("a", 0, "email", "purchase"), ("a", 5, "purchase")]
    assert table(answer(rows), "first_conversions") == {"email": 1.0, "(no touch)": 1.0}
    everything = answer(rows, AttributionRules(paths="all"))
    assert table(everything, "first_conversions", "markov_conversions") == {"email": (2.0, 2.0)}


def test_a_lookback_is_closed_at_its_end_and_one_of_0_leaves_touches_of_the_goals_own_instant() -> None:
    rows = [visit("a", 0, "email"), visit("a", 30, "direct", "purchase")]
    assert table(answer(rows), "first_conversions") == {"email": 1.0, "direct": 0.0}
    assert table(answer([rows[0], ("a", 30 * 1440 + 1, *rows[1][2:])]), "first_conversions")["direct"] == 1.0
    assert table(answer(rows, AttributionRules(lookback=timedelta(0))), "linear_conversions")["direct"] == 1.0


def test_earlier_goals_cut_paths_since_goal_and_not_all_paths() -> None:
    rows = [visit("a", 0, "email"), visit("a", 1, "ads", "purchase"), visit("a", 2, "web", "purchase")]
    assert table(answer(rows), "linear_conversions") == {"web": 1.0, "email": 0.5, "ads": 0.5}
    found = table(answer(rows, AttributionRules(paths="all")), "linear_conversions")
    assert found == {"ads": 0.833334, "email": 0.833333, "web": 0.333333}  # ties: name


def test_an_order_is_one_conversion_at_its_first_row_net_of_its_refunds() -> None:
    order = {"order_id": "o1", "value": 50}
    rows = [
        visit("a", 0, "email"),
        ("a", 5, "purchase", order),
        visit("a", 1, "web"),
        ("a", 1500, "purchase", {"order_id": "o1", "value": 30}),
        ("a", 1501, "refund", {"order_id": "o1", "value": 20}),
    ]
    found = answer(rows, until=1440)
    assert (found.totals["conversions"], found.totals["value"]) == (1, 60)
    assert table(found, "last_conversions", "last_value") == {"email": (1.0, 60.0)}


def test_named_touches_take_the_place_of_sessions_and_may_be_passive() -> None:
    rows = [visit("a", 0, "web"), visit("a", 1, "email", "mail_sent"), visit("a", 2, "web"), ("a", 2885, "purchase")]
    found = answer(rows, AttributionRules(touches=("mail_*",)), passive=frozenset({"mail_sent"}))
    assert table(found, "touches", "last_conversions") == {"email": (1, 1.0)}


def test_direct_touches_are_dropped_unless_there_is_nothing_else() -> None:
    rows = [visit("a", 0, "email"), visit("a", 1), ("a", 1445, "purchase"), visit("b", 0), ("b", 5, "purchase")]
    found = table(answer(rows), "last_conversions", "last_non_direct_conversions")
    assert found == {"(none)": (2.0, 1.0), "email": (0.0, 1.0)}
    dropped = answer(rows, AttributionRules(drop_direct=True))
    assert table(dropped, "linear_conversions") == {"(none)": 1.0, "email": 1.0}


def test_repeats_collapse_and_only_the_first_touches_are_kept() -> None:
    rows = [*(visit("a", day, c) for day, c in enumerate(["x", "x", "y", "x"])), ("a", 3 * 1440 + 5, "purchase")]
    paths = answer(rows, AttributionRules(collapse_repeats=True)).paths.to_pylist()
    assert [p["path"] for p in paths] == [["x", "y", "x"]]
    rules = AttributionRules(collapse_repeats=True, first_touches=2)
    assert [p["path"] for p in answer(rows, rules).paths.to_pylist()] == [["x", "y"]]


def test_null_paths_are_cut_at_goals_and_at_gaps_and_those_still_open_are_in_no_model() -> None:
    rows = [
        visit("a", 0, "x"),
        visit("a", 1, "y"),  # 31 days before the goal
        visit("a", 32, "z"),
        ("a", 32 * 1440 + 1, "purchase"),
        visit("a", 33, "x"),
        visit("a", 64, "y"),  # more than 30 days later
    ]
    found = answer(rows, as_of=94 * 1440)  # exactly reached: still open
    kept = [(p["path"], p["conversions"], p["nulls"], p["open"]) for p in found.paths.to_pylist()]
    assert kept == [(["z"], 1, 0, 0), (["x"], 0, 1, 0), (["x", "y"], 0, 1, 0), (["y"], 0, 0, 1)]
    assert (found.totals["null_paths"], found.totals["open_paths"]) == (2, 1)
    assert found.removal is not None and found.removal.chance == pytest.approx(1 / 3)
    assert answer(rows, as_of=94 * 1440 + 1).totals["open_paths"] == 0


def test_goals_without_a_value_have_no_money() -> None:
    found = answer([visit("a", 0, "x"), ("a", 1, "purchase")])
    assert found.totals["value"] is None
    assert table(found, "linear_conversions", "linear_value", "markov_value") == {"x": (1.0, None, None)}


def test_a_value_that_reads_as_the_row_without_one_says_so() -> None:
    rows = [visit("a", 0, "(no touch)"), ("a", 5, "purchase"), ("a", 6, "purchase")]
    found = answer(rows).table["value"].to_pylist()
    assert found == ["value:(no touch)", "(no touch)"]


def test_the_first_place_is_tried_over_models_and_look_backs() -> None:
    rows = [visit("a", 0, "email"), visit("a", 20, "ads"), ("a", 20 * 1440 + 5, "purchase")]
    question = Attribution(rules=AttributionRules())
    firm = question.reduce([question.map(journeys_of(rows))]).robustness
    assert firm is not None
    assert firm["of"] == 11 * 5 and firm["lookbacks"] == [7, 14, 30, 60, 90]
    # within 7 and 14 d there are only ads; beyond, email has first, inverse_j and, by name, no tie
    assert firm["places"]["email"] == 3 * 2
    assert firm["first"] == "ads"


def test_nobody_and_nothing_give_no_rows() -> None:
    question = Attribution()
    empty = question.reduce([])
    assert (empty.table.num_rows, empty.paths.num_rows, empty.totals["conversions"]) == (0, 0, 0)
    assert answer([]).table.schema == empty.table.schema


def test_a_model_that_is_not_known_is_refused_with_the_near_one_and_custom_without_weights() -> None:
    with pytest.raises(ConfigError, match='no model "lineer". Did you mean "linear"'):
        models_of(["lineer"], AttributionRules())
    with pytest.raises(ConfigError, match="custom needs"):
        models_of(["custom"], AttributionRules())
    for wrong in ((0, 0, 0), (1, 2), (-1, 1, 1)):
        with pytest.raises(ConfigError, match="three numbers"):
            AttributionRules(weights=wrong)  # type: ignore[arg-type]


def test_shares_of_large_sums_are_exact_and_of_negative_ones_too() -> None:
    weight, start = np.array([2**32, 2**31, 1, 1, 1]), np.array([0, 2])
    found = shared_out(np.array([10**15, -10]), weight, start)
    third = (2 * 10**15) // 3 + 1
    assert found.tolist() == [third, 10**15 - third, -3, -3, -4]


@st.composite
def options(draw: st.DrawFn) -> Options:
    return {
        "lookback": minutes(draw(st.sampled_from([0, 3, 30, 61, 10_000]))),
        "paths": draw(st.sampled_from(["since_goal", "all"])),
        "touches": draw(st.sampled_from([(), (), ("mail", "b"), ("*",)])),
        "weights": draw(st.sampled_from([(5, 20, 75), (0, 1, 0), (0.35, 0.3, 0.35)])),
        "half_life": minutes(draw(st.sampled_from([1, 10, 10_080]))),
        "drop_direct": draw(st.booleans()),
        "collapse_repeats": draw(st.booleans()),
        "first_touches": draw(st.sampled_from([None, None, 1, 2])),
    }


def channel(event: Event) -> str:
    return event.get("channel") or "(none)"


DIRECT = frozenset({"(none)", "app"})


def trimmed(path: list[tuple[str, int]], rules: AttributionRules) -> list[tuple[str, int]]:
    if rules.drop_direct:
        path = [t for t in path if t[0] not in DIRECT] or path
    if rules.collapse_repeats:
        path = [next(run) for _, run in groupby(path, key=lambda t: t[0])]
    return path[: rules.first_touches]


class Expected:
    """What the oracle finds in a log."""

    def __init__(
        self, rows: list[Row], rules: AttributionRules, sessions: SessionRules, as_of: int, period: tuple[int, int]
    ) -> None:
        self.asked: list[oracle.Conversion] = []
        self.chain: Counter[tuple[oracle.Path, int]] = Counter()
        self.open = 0
        self.touches: Counter[str] = Counter()
        events, kept = kept_sessions([e for e in events_of(rows) if e.at < as_of], sessions)
        starts = {s.events[0].recorded for s in kept}
        every = {"a", "b", "c", "d", "purchase", "refund", "mail"}
        named = None if not rules.touches else every if "*" in rules.touches else set(rules.touches)
        lookback = rules.lookback // timedelta(microseconds=1)
        for customer in sorted({e.customer for e in events}):
            mine = [e for e in events if e.customer == customer]
            places = [i for i, e in enumerate(mine) if (e.recorded in starts if named is None else e.name in named)]
            counts = lambda at: period[0] <= at < period[1]  # noqa: E731
            trim = lambda path: trimmed(path, rules)  # noqa: E731
            self.touches.update(channel(mine[i]) for i in places if counts(mine[i].at))
            asked, _ = oracle.conversions_of(
                mine, places, channel, lookback, counts, since_goal=rules.paths == "since_goal", trim=trim
            )
            chain, used = oracle.conversions_of(mine, places, channel, lookback, counts, since_goal=True, trim=trim)
            self.asked += asked
            self.chain.update((tuple(v for v, _ in path), 1) for path, _ in chain if path)
            for path, still_open in oracle.nulls_of(mine, places, used, channel, lookback, as_of, counts):
                kept_path = tuple(v for v, _ in trimmed([(v, 0) for v in path], rules))
                self.open += still_open
                self.chain.update([(kept_path, 0)] if not still_open else [])


@cases(120)
@given(
    rows=logs(step=7),
    chosen=options(),
    sessions=session_rules(),
    as_of=st.integers(0, 900),
    since=st.sampled_from([0, 0, 40]),
    until=st.sampled_from([10_000, 120]),
)
def test_every_model_is_that_of_the_oracle(
    rows: list[Row], chosen: Options, sessions: SessionRules, as_of: int, since: int, until: int
) -> None:
    rules = AttributionRules(goals=SUM, direct=DIRECT, **chosen)
    question = Attribution(rules=rules, tried=(), minor_units=1)
    scope = {f: getattr(sessions, f) for f in SessionRules.__dataclass_fields__}
    journeys = journeys_of(rows, as_of=as_of, since=since, until=until, **scope)
    found = question.reduce([question.map(journeys)])
    expected = Expected(rows, rules, sessions, instant(as_of), (instant(since), instant(until)))
    assert Counter(table(found, "touches")) == expected.touches
    assert found.totals["conversions"] == len(expected.asked)
    assert found.totals["no_touch"] == sum(not path for path, _ in expected.asked)
    half = rules.half_life // timedelta(microseconds=1)
    for model in MODELS:
        if model != "markov":
            owed = oracle.credits(model, expected.asked, set(DIRECT), half, rules.weights)
            assert credited(found, model) == owed, model
            if model != "participation":
                adds_up(found, model, expected.asked)
    paths: dict[oracle.Path, tuple[int, int]] = {}
    for (path, hit), n in expected.chain.items():
        hits, misses = paths.get(path, (0, 0))
        paths[path] = (hits + n * hit, misses + n * (1 - hit))
    assert found.totals["open_paths"] == expected.open
    assert found.totals["null_paths"] == sum(misses for _, misses in paths.values())
    whole, effects = oracle.removal(paths)
    removed_as(found, whole, effects, expected.asked)


def credited(found: AttributionAnswer, model: str) -> dict[str, list[int]]:
    """What the answer gives, as the oracle counts it."""
    rows = table(found, f"{model}_conversions", f"{model}_value")
    told = {v: [round(n * 1_000_000), round(m or 0)] for v, (n, m) in rows.items() if v != "(no touch)"}
    return {v: both for v, both in told.items() if any(both)}


def adds_up(found: AttributionAnswer, model: str, conversions: Sequence[oracle.Conversion]) -> None:
    rows = found.table.to_pylist()
    assert sum(round(r[f"{model}_conversions"] * 1_000_000) for r in rows) == 1_000_000 * len(conversions)
    assert sum(round(r[f"{model}_value"] or 0) for r in rows) == sum(v or 0 for _, v in conversions)


def removed_as(
    found: AttributionAnswer, whole: Fraction, effects: dict[str, Fraction], conversions: Sequence[oracle.Conversion]
) -> None:
    if not whole:
        assert found.removal is None
        return
    assert found.removal is not None and found.removal.chance == pytest.approx(float(whole), abs=1e-9)
    told = {v: e for v, e in table(found, "removal_effect").items() if e is not None}
    assert {v: e for v, e in told.items() if e} == {
        v: pytest.approx(float(e), abs=1e-6) for v, e in effects.items() if e
    }
    adds_up(found, "markov", conversions)


@cases(40)
@given(rows=logs(step=7, customers="uvwxyz"), chosen=options())
def test_customers_apart_give_what_they_give_together(rows: list[Row], chosen: Options) -> None:
    question = Attribution(rules=AttributionRules(**chosen))
    whole = question.reduce([question.map(journeys_of(rows))])
    parts = [question.map(journeys_of([r for r in rows if r[0] == c])) for c in "zyxwvu"]
    apart = question.reduce([question.merge(parts[:2]), *parts[2:]])
    assert apart.table == whole.table and apart.paths == whole.paths
    assert (apart.totals, apart.robustness) == (whole.totals, whole.robustness)
