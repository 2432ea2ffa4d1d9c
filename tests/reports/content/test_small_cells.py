"""Cells about fewer than ten: hidden, with what follows from them, and with the next smallest where a sum would tell."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from reports.content.small_cells import HIDDEN, guarded, guarded_totals
from tests.cases import cases


def told(rows: list[dict[str, Any]], **how: bool) -> list[tuple[Any, ...]]:
    return [tuple(r.values()) for r in guarded(pa.Table.from_pylist(rows), **how)[0].to_pylist()]


def channels(*customers: int) -> list[dict[str, Any]]:
    return [{"channel": chr(97 + i), "customers": n, "share": n / 1000} for i, n in enumerate(customers)]


def test_a_row_of_the_data_about_few_goes_and_the_next_smallest_tells_no_number() -> None:
    assert told(channels(500, 40, 3)) == [("a", 500, 0.5), ("b", None, None)]
    assert told(channels(500, 40, 3), kept=True)[-1] == ("c", None, None)


def test_two_hidden_rows_give_neither_away_so_no_third_is_hidden() -> None:
    assert told(channels(500, 40, 3, 4)) == [("a", 500, 0.5), ("b", 40, 0.04)]


def test_zero_is_told_and_ten_is_told() -> None:
    assert told(channels(500, 10, 0)) == [("a", 500, 0.5), ("b", 10, 0.01), ("c", 0, 0.0)]


def test_a_row_of_a_fixed_list_stays_without_its_numbers() -> None:
    rows = [
        {"kind": "cart", "status": s, "episodes": n, "customers": n, "value": 1.0 * n}
        for s, n in (("open", 5), ("left", 50))
    ]
    assert told(rows) == [("cart", "open", None, None, None), ("cart", "left", None, None, None)]


def test_of_a_funnel_step_the_parts_are_hidden_together_and_the_rates_stay() -> None:
    row = {"step": 1, "name": "a", "reached": 100, "conversion_rate": 0.5, "dropped": 47, "in_progress": 3}
    assert told([row]) == [(1, "a", 100, 0.5, None, None)]


def test_a_breakdown_is_closed_at_each_step_alone() -> None:
    rows = [
        {"channel": c, "step": s, "name": str(s), "reached": n}
        for c, reached in (("web", (300, 90)), ("app", (200, 8)), ("shop", (100, 70)))
        for s, n in enumerate(reached, 1)
    ]
    found = told(rows, kept=True)
    assert [r for r in found if r[1] == 1] == [("web", 1, "1", 300), ("app", 1, "1", 200), ("shop", 1, "1", 100)]
    assert [r for r in found if r[1] == 2] == [("web", 2, "2", 90), ("app", 2, "2", None), ("shop", 2, "2", None)]


def test_a_rate_of_which_few_are_the_numerator_is_hidden() -> None:
    assert (
        told(
            [
                {"place": "x", "n": 1000, "rate": 0.004, "sentence": "4 of 1,000"},
                {"place": "y", "n": 1000, "rate": 0.4, "sentence": "s"},
            ]
        )[0][2]
        is None
    )


def test_lists_inside_a_row_lose_what_is_about_few() -> None:
    row = {"step": 1, "reached": 500, "dropped": 100, "in_progress": 20}
    row |= {"dropped_next": [{"touchpoint": t, "units": n} for t, n in (("END", 60), ("a", 35), ("b", 5))]}
    assert told([row])[0][-1] == [{"touchpoint": "END", "units": 60}]


def test_totals_hide_what_would_tell_a_single_hidden_one() -> None:
    assert guarded_totals({"converted": 80, "recovered": 40, "open": 5, "rate": 0.3}) == {
        "converted": 80,
        "recovered": HIDDEN,
        "open": HIDDEN,
        "rate": HIDDEN,
    }


@cases(40)
@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=1, max_size=6))
def test_no_count_is_small_and_no_row_or_column_sum_less_the_rest_gives_one(numbers: list[list[int]]) -> None:
    rows = [
        {"stage": f"s{i}", "touchpoint": f"t{j}", "sessions": n}
        for i, row in enumerate(numbers)
        for j, n in enumerate(row)
    ]
    found = {
        (r["stage"], r["touchpoint"]): r["sessions"]
        for r in guarded(pa.Table.from_pylist(rows), kept=True)[0].to_pylist()
    }
    true = {(r["stage"], r["touchpoint"]): r["sessions"] for r in rows}
    assert all(v is None or v == true[k] for k, v in found.items())
    assert not any(v is not None and 0 < v < 10 for v in found.values())
    lines = [[k for k in true if k[axis] == name] for axis in (0, 1) for name in {k[axis] for k in true}]
    for line in [*lines, list(true)]:
        hidden = [k for k in line if found[k] is None]
        others = [k for k in line if found[k]]
        assert len(hidden) != 1 or not others
