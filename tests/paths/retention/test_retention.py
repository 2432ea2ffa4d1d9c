"""Cohorts and who comes back: the rules on a few rows, and the worked values of other tools to the printed digit."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from ingest.errors import ConfigError
from paths.journeys.conditions import parse_condition
from paths.journeys.goals import GoalRules
from paths.retention.cohorts import Retention
from paths.retention.rules import RetentionRules
from paths.retention.table import COUNTS, PARTS, retention_table
from tests.builder import Row, ask, columns_of

JAN = [
    ("a", "2026-01-05 10:00", "see"),
    ("a", "2026-01-13 10:00", "see"),
    ("b", "2026-01-06 10:00", "see"),
    ("b", "2026-01-28 10:00", "purchase", {"value": 500}),
    ("c", "2026-01-12 10:00", "see"),
]


def retention(
    rows: list[Row], as_of: str = "2026-02-02 00:00", scope: Any = None, **rules: Any
) -> list[tuple[Any, ...]]:
    """(cohort, period, customers, returned) of each row."""
    answer = ask(Retention(rules=RetentionRules(**rules)), rows, as_of=as_of, **(scope or {}))
    return columns_of(answer, "cohort", "period", "customers", "returned")


def of(rows: list[tuple[Any, ...]], cohort: str) -> list[int | None]:
    return [r[3] for r in rows if r[0] == cohort]


def test_a_cohort_is_the_period_of_the_first_event_and_a_return_is_any_event_in_period_k() -> None:
    rows = retention(JAN)
    assert of(rows, "2026-01-05") == [2, 1, 0, 1]
    assert of(rows, "2026-01-12") == [1, 0, 0]
    assert [r for r in rows if r[0] == "average"] == [
        ("average", 0, 3, 3),
        ("average", 1, 3, 1),
        ("average", 2, 3, 0),
        ("average", 3, 2, 1),
    ]


def test_on_or_after_counts_a_return_in_k_or_later() -> None:
    rows = retention(JAN, mode="on_or_after")
    assert of(rows, "2026-01-05") == [2, 2, 1, 1]


def test_a_period_that_is_not_over_at_as_of_is_blank_never_zero() -> None:
    rows = retention(JAN, as_of="2026-01-29 00:00")
    assert of(rows, "2026-01-05") == [2, 1, 0, None]
    assert of(rows, "2026-01-12") == [1, 0, None]
    assert of(rows, "average") == [3, 1, 0, None]
    assert of(retention(JAN, as_of="2026-01-26 00:00"), "2026-01-05") == [2, 1, 0]  # none of week 3 has been


def test_a_cohort_with_no_returns_counts_in_the_pool() -> None:
    rows = [("a", "2026-01-05 10:00", "see"), ("a", "2026-01-12 10:00", "see"), ("b", "2026-01-12 11:00", "see")]
    assert retention(rows)[-3:-1] == [("average", 1, 2, 1), ("average", 2, 2, 0)]


def test_a_passive_event_neither_opens_a_cohort_nor_is_a_return_unless_it_is_named() -> None:
    rows = [
        ("a", "2026-01-05 10:00", "mail"),
        ("a", "2026-01-12 10:00", "see"),
        ("a", "2026-01-20 10:00", "mail"),
    ]
    passive = {"passive": frozenset({"mail"})}
    assert of(retention(rows, scope=passive), "2026-01-12") == [1, 0, 0]
    assert of(retention(rows, scope=passive, returns=frozenset({"mail"})), "2026-01-12") == [0, 1, 0]


def test_from_goal_a_cohort_is_the_first_goal_and_what_went_before_it_is_no_return() -> None:
    rows = [*JAN, ("b", "2026-01-28 09:00", "see"), ("b", "2026-01-28 10:00", "see")]
    found = retention(rows, as_of="2026-02-09 00:00", start="goal")
    assert found[:2] == [("2026-01-26", 0, 1, 1), ("2026-01-26", 1, 1, 0)]
    named = retention(rows, as_of="2026-02-09 00:00", start="goal", returns=frozenset({"see"}))
    assert of(named, "2026-01-26") == [1, 0]  # the one recorded after the purchase, at its instant
    assert of(retention(JAN, start="goal", returns=frozenset({"see"})), "2026-01-26") == [0]


def test_since_and_until_select_cohorts_by_their_start() -> None:
    assert {r[0] for r in retention(JAN, scope={"since": "2026-01-06 00:00"})} == {"2026-01-12", "average"}
    assert {r[0] for r in retention(JAN, scope={"until": "2026-01-06 00:00"})} == {"2026-01-05", "average"}


def test_a_segment_and_a_breakdown_are_of_the_event_that_opens_the_cohort() -> None:
    rows = [
        ("a", "2026-01-05 10:00", "see", {"channel": "web"}),
        ("a", "2026-01-12 10:00", "see", {"channel": "app"}),
        ("b", "2026-01-05 10:00", "see", {"channel": "app"}),
        ("c", "2026-01-05 10:00", "see"),
        ("d", "2026-01-06 10:00", "see"),
    ]
    only = {"segment": (parse_condition("channel=web"),)}
    assert retention(rows, as_of="2026-01-19 00:00", scope=only)[:2] == [
        ("2026-01-05", 0, 1, 1),
        ("2026-01-05", 1, 1, 1),
    ]
    broken = ask(Retention(rules=RetentionRules(breakdown="channel")), rows, as_of="2026-01-19 00:00")
    assert columns_of([r for r in broken if r["period"] == 1], "channel", "cohort", "customers", "returned") == [
        ("(none)", "2026-01-05", 2, 0),
        ("(none)", "average", 2, 0),
        ("app", "2026-01-05", 1, 0),
        ("app", "average", 1, 0),
        ("web", "2026-01-05", 1, 1),
        ("web", "average", 1, 1),
    ]


def test_brackets_are_days_after_the_first_one() -> None:
    at = (
        "2026-01-05 23:00",
        "2026-01-06 01:00",
        "2026-01-09 23:59",
        "2026-01-10 00:00",
        "2026-01-16 23:59",
        "2026-01-17",
    )
    days = {"b": at[1], "c": at[2], "d": at[3], "e": at[4], "f": at[5]}
    rows = [("a", at[0], "see"), *((c, at[0], "see") for c in days), *((c, t, "see") for c, t in days.items())]
    answer = ask(Retention(rules=RetentionRules(unit="day", brackets=(1, 3, 7))), rows, as_of="2026-02-02 00:00")
    assert columns_of(answer[:4], "name", "customers", "returned") == [
        ("day 0", 6, 6),
        ("day 1", 6, 1),
        ("days 2-4", 6, 1),
        ("days 5-11", 6, 2),
    ]
    after = ask(
        Retention(rules=RetentionRules(unit="day", brackets=(1, 3, 7), mode="on_or_after")),
        rows,
        as_of="2026-02-02 00:00",
    )
    assert [r["returned"] for r in after[:4]] == [6, 5, 4, 3]


def test_five_minutes_over_midnight_are_day_1_of_the_calendar_and_day_0_elapsed() -> None:
    rows = [("a", "2025-09-06 23:55", "see"), ("a", "2025-09-07 00:05", "see")]
    late = "2025-09-10 00:00"
    assert of(retention(rows, as_of=late, unit="day"), "2025-09-06") == [1, 1, 0, 0]
    assert of(retention(rows, as_of=late, unit="day", rolling=True), "2025-09-06") == [1, 0, 0, None]
    berlin = {"timezone": "Europe/Berlin"}  # 01:55 and 02:05 there
    assert of(retention(rows, as_of=late, unit="day", scope=berlin), "2025-09-07")[:2] == [1, 0]


def test_a_day_of_the_calendar_may_have_23_hours_and_a_rolling_one_never() -> None:
    rows = [("a", "2026-03-28 23:30", "see"), ("a", "2026-03-29 22:15", "see")]  # 00:30 and 00:15 in Berlin
    berlin = {"timezone": "Europe/Berlin"}
    late = "2026-04-05 00:00"
    assert of(retention(rows, as_of=late, unit="day", scope=berlin), "2026-03-29")[:2] == [1, 1]
    assert of(retention(rows, as_of=late, unit="day", rolling=True, scope=berlin), "2026-03-29")[:2] == [1, 0]


def test_three_users_of_amplitudes_page() -> None:
    """A day, a week and a month, from the first event or of the calendar; hours are not rounded here, so U1 is at home."""
    u1 = [("u", "2026-01-05 17:59", "see"), ("u", "2026-01-06 17:00", "see")]
    u2 = [("u", "2026-01-09 12:00", "see"), ("u", "2026-01-13 12:00", "see")]  # Friday and Tuesday
    u3 = [("u", "2026-01-05 12:00", "see"), ("u", "2026-01-30 12:00", "see")]
    late = "2026-05-01 00:00"
    for rows, unit, calendar, rolling in ((u1, "day", 1, 0), (u2, "week", 1, 0), (u3, "month", 0, 0)):
        for words, k in (({}, calendar), ({"rolling": True}, rolling)):
            found = ask(Retention(rules=RetentionRules(unit=unit, **words)), rows, as_of=late)  # type: ignore[arg-type]
            assert [r["period"] for r in found if r["returned"] and r["cohort"] != "average"] == sorted({0, k})


def test_value_is_what_the_goals_come_to_by_the_end_of_the_period() -> None:
    rows = [*JAN, ("c", "2026-01-12 11:00", "purchase", {"value": 250}), ("c", "2026-01-27 11:00", "purchase")]
    answer = Retention(rules=RetentionRules(value=True))
    found = ask(answer, rows, as_of="2026-02-02 00:00")
    assert columns_of(found, "cohort", "period", "value", "value_per_customer") == [
        ("2026-01-05", 0, 0.0, 0.0),
        ("2026-01-05", 1, 0.0, 0.0),
        ("2026-01-05", 2, 0.0, 0.0),
        ("2026-01-05", 3, 5.0, 2.5),
        ("2026-01-12", 0, 2.5, 2.5),
        ("2026-01-12", 1, 2.5, 2.5),
        ("2026-01-12", 2, 2.5, 2.5),
        ("average", 0, 2.5, 0.83),
        ("average", 1, 2.5, 0.83),
        ("average", 2, 2.5, 0.83),
        ("average", 3, 5.0, 2.5),
    ]
    unknown = [r[:3] for r in JAN]
    assert {r["value"] for r in ask(answer, unknown, as_of="2026-02-02 00:00")} == {None}


def added_up(*cohorts: tuple[int, int | None], value: tuple[int, ...] = ()) -> list[dict[str, Any]]:
    """The rows of period 1 of cohorts of these sizes and returns (None: the period is not over), the average last."""
    rows: list[dict[str, Any]] = []
    for day, (size, back) in enumerate(cohorts):
        of_it = [
            {"period": 1 if back is None else 2, "over": size},
            {"period": 2, "begun": size},
            {"period": 0, "returned": size},
            {"period": 1, "returned": 10 if back is None else back},
        ]
        if value:
            of_it.append({"period": 1, "value": value[day], "valued": 1})
        rows += [{"group": "", "cohort": day} | r for r in of_it]
    full = [dict.fromkeys(COUNTS, 0) | r for r in rows]
    parts = Retention().merge([pa.Table.from_pylist(full, schema=PARTS)])
    table = retention_table(parts, RetentionRules(value=bool(value)), 100)
    return [r for r in table.to_pylist() if r["period"] == 1]


@pytest.mark.parametrize(
    "cohorts, share",
    [
        (((1000, 500), (500, 400), (700, None)), "60"),  # pooled; weighted by size it were 56, the plain mean 65
        (((10, 2), (100, 0)), "1.8"),  # the plain mean were 10
        (((9_644, 6_633), (127_942, 49_119)), "40.5"),  # overall 55,752 of 137,586
        (((9_644, 6_594), (116_021, 41_625)), "38.4"),  # overall 48,219 of 125,665
    ],
    ids=["mixpanel", "posthog", "amplitude on or after day 3", "amplitude on day 3"],
)
def test_the_average_row_is_pooled_over_the_cohorts_whose_period_is_complete(
    cohorts: tuple[tuple[int, int | None], ...], share: str
) -> None:
    average = added_up(*cohorts)[-1]
    digits = len(share.partition(".")[2])
    assert f"{100 * average['share']:.{digits}f}" == share
    assert average["customers"] == sum(size for size, back in cohorts if back is not None)
    assert average["returned"] == sum(back or 0 for _, back in cohorts)


@pytest.mark.parametrize(
    "size, back, share",
    [
        (9_644, 6_633, "68.8"),
        (9_644, 6_594, "68.4"),
        (254, 168, "66.1"),
        (254, 72, "28.3"),
        (3_172, 2_382, "75.1"),
        (3_172, 3_164, "99.7"),
    ],
)
def test_shares_of_amplitudes_pages(size: int, back: int, share: str) -> None:
    assert f"{100 * added_up((size, back))[0]['share']:.1f}" == share


def test_value_per_customer_is_pooled_the_same_way() -> None:
    found = added_up((100, 1), (120, 1), (80, 1), value=(50_000, 72_000, 32_000))
    assert [r["value_per_customer"] for r in found] == [5.0, 6.0, 4.0, 5.13]
    immature = added_up((100, 1), (120, None), (80, None), value=(50_000, 72_000, 32_000))
    assert [r["value_per_customer"] for r in immature] == [5.0, None, None, 5.0]


def test_a_cohort_of_one_and_a_store_of_nobody() -> None:
    assert retention([("a", "2026-01-05 10:00", "see")], as_of="2026-01-19 00:00") == [
        ("2026-01-05", 0, 1, 1),
        ("2026-01-05", 1, 1, 0),
        ("average", 0, 1, 1),
        ("average", 1, 1, 0),
    ]
    assert retention([]) == []
    assert Retention().reduce([]).num_rows == 0


@pytest.mark.parametrize(
    "words, said",
    [
        ({"unit": "weak"}, 'by is day or week or month, not "weak". Did you mean "week"?'),
        ({"mode": "on or after"}, 'Did you mean "on_or_after"?'),
        ({"start": "last"}, "from is first or goal"),
        ({"brackets": (1, 0)}, "each at least 1, not 1,0"),
        ({"periods": 0}, "at least 1, not 0"),
        ({"periods": 3, "brackets": (1,)}, "leave out periods"),
        ({"start": "goal", "goal": GoalRules(goal=frozenset())}, "needs a goal"),
        ({"value": True, "goal": GoalRules(goal=frozenset())}, "needs a goal"),
    ],
)
def test_rules_check_themselves_and_say_the_near_word(words: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("?", r"\?").replace(".", r"\.")):
        RetentionRules(**words)
