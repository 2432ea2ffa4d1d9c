"""The same charts as plotly figures, for notebooks."""

from __future__ import annotations

import pyarrow as pa
import pytest

from paths.drivers.table import DRIVERS, Tried, ranked
from paths.statistics.odds import TwoByTwo
from pipeline.project.result import Result
from reports.draw.figures import carts_figure, names, plot
from tests.reports.shop import hostile, hostile_report

STEPS = ["look", "add_to_cart", "purchase"]


def test_a_funnel_figure_has_the_numbers_of_its_table() -> None:
    result = hostile().funnel(STEPS)
    bars = result.plot().data[0]
    assert list(bars.x) == [r["reached"] for r in result.rows()]
    assert list(bars.y) == STEPS


def test_a_breakdown_gives_a_trace_a_value() -> None:
    result = hostile().funnel(STEPS, breakdown="event")
    assert len(result.plot().data) == len({r["event"] for r in result.rows()})


def test_a_drop_off_figure_has_rates_and_intervals() -> None:
    result = hostile().dropoff()
    dots = result.plot().data[0]
    assert list(dots.x) == [r["drop_off_rate"] for r in result.rows()]
    assert dots.error_x.array[0] == pytest.approx(result.rows()[0]["ci_high"] - result.rows()[0]["drop_off_rate"])


def test_a_path_figure_is_the_matrix_of_probabilities_and_its_names_are_text() -> None:
    result = hostile().paths()
    cells = result.plot().data[0]
    first = result.rows()[0]
    at = list(cells.y).index(first["source"]), list(cells.x).index(first["target"])
    assert cells.z[at[0]][at[1]] == first["probability"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in cells.x
    assert not any("<" in name or "@shop" in name for name in cells.x)


def test_carts_and_first_steps_add_up() -> None:
    report = hostile_report()
    assert report.carts is not None
    episodes = sum(report.carts.table["episodes"].to_pylist())
    assert sum(sum(bar.x) for bar in carts_figure(report.carts.table).data) == episodes
    flows = hostile().flows(4)
    sankey = flows.plot().data[0]
    assert sum(sankey.link.value) == sum(r["sessions"] for r in flows.rows() if r["step"])


def test_a_cohort_triangle_is_blank_where_a_period_is_not_over() -> None:
    result = hostile().retention(by="day")
    cells = result.plot().data[0]
    shares = {(r["cohort"], r["name"]): r["share"] for r in result.rows()}
    assert [[shares.get((y, x)) for x in cells.x] for y in cells.y] == [list(row) for row in cells.z]
    assert cells.y[-1] == "average" and (cells.zmin, cells.zmax) == (0, 1)
    apart = hostile().retention(by="day", breakdown="event").plot().data[0]
    assert len(apart.y) == len({r["event"] for r in hostile().retention(by="day", breakdown="event").rows()})


def test_lifecycle_bars_stand_on_the_dormant() -> None:
    result = hostile().lifecycle(by="day")
    rows = [r for r in result.rows() if r["complete"]]
    assert rows
    bars = {bar.name: list(bar.y) for bar in result.plot().data}
    assert [sum(column) for column in zip(*bars.values(), strict=True)] == [r["active"] - r["dormant"] for r in rows]


def test_the_curve_of_the_second_goal_has_its_interval() -> None:
    result = hostile().retention(second_goal=True)
    low, high, share = result.plot().data
    assert list(share.y) == [r["share"] for r in result.rows()]
    assert [list(low.y), list(high.y)] == [[r[end] for r in result.rows()] for end in ("ci_low", "ci_high")]


def test_a_forest_plot_has_the_odds_ratios_and_their_intervals_and_its_names_are_text() -> None:
    counts = ("<b>x</b>", 40, 10), ("plain", 9, 40)
    tried = [
        Tried("touchpoint", name, TwoByTwo(hits=a, misses=b, hits_without=50 - a, misses_without=50 - b))
        for name, a, b in counts
    ]
    rows = ranked(tried, 100, "bought")
    dots = plot("drivers", pa.Table.from_pylist(rows, schema=DRIVERS)).data[0]
    assert list(dots.x) == [r["odds_ratio"] for r in rows]
    assert list(dots.error_x.array) == [r["odds_high"] - r["odds_ratio"] for r in rows]
    assert "touchpoint &lt;b&gt;x&lt;/b&gt;" in dots.y and not any("<b>" in text for text in dots.customdata)


def test_steps_and_the_step_matrix_are_the_same_shares() -> None:
    matrix, steps = hostile().step_matrix(3), hostile().steps(steps=2)
    cells = matrix.plot().data[0]
    first = matrix.rows()[0]
    assert list(cells.x) == ["1", "2", "3"]
    assert list(cells.z[list(cells.y).index(escaped(first["touchpoint"]))]) == [first[f"step_{i}"] for i in (1, 2, 3)]
    around = steps.plot().data[0]
    assert list(around.x) == ["0", "1", "2"]
    shares = {(r["touchpoint"], r["step"]): r["share"] for r in steps.rows()}
    at = list(around.y).index(escaped(first["touchpoint"]))
    assert list(around.z[at]) == [shares.get((first["touchpoint"], i)) for i in range(3)]


def escaped(name: str) -> str:
    return names([name])[0]


def test_an_answer_without_a_figure_says_so() -> None:
    with pytest.raises(TypeError, match="no figure"):
        hostile().summary().plot()
    with pytest.raises(TypeError, match="no figure"):
        Result(title="bare", table=hostile_report().flows).plot()
