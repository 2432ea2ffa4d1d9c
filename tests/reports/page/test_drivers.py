"""The section of drivers: what it says is the answer's, names stay text, and where little is known it is not there."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from paths.drivers.table import DRIVERS, DriversAnswer, Tried, ranked
from paths.statistics.odds import TwoByTwo
from reports.content.report import Report
from reports.files.answers import answers
from reports.files.strict import strict
from reports.page.sections.drivers import drivers
from tests.reports.shop import HOSTILE, hostile_report


def with_drivers(hits: int = 60) -> Report:
    strong = TwoByTwo(hits=50, misses=50, hits_without=hits - 50, misses_without=190 - hits)
    none = TwoByTwo(hits=hits // 2, misses=70, hits_without=hits - hits // 2, misses_without=140 - hits + hits // 2)
    rows = ranked([Tried("touchpoint", HOSTILE[0], strong), Tried("platform", "web", none)], 240, "reached the goal")
    answer = DriversAnswer(
        table=pa.Table.from_pylist(rows, schema=DRIVERS), units=240, hits=hits, open_=0, customers=240, rare=0,
        everywhere=0, cut={}, crowded=[],
    )  # fmt: skip
    return replace(hostile_report(), drivers=answer)


def test_factors_beyond_noise_are_drawn_and_all_stand_in_the_table() -> None:
    view = drivers(with_drivers())
    assert view is not None
    (name, picture, rates), *more = view.rows
    assert more == [] and len(view.table.cells) == 2
    assert "<script" not in str(picture) and "alert(1)" in name
    assert rates.replace("\N{NARROW NO-BREAK SPACE}", " ") == "50.0 % with it, 7.1 % without"
    assert "<b>25.0\N{NARROW NO-BREAK SPACE}%</b> reach one. 1 of 2 factors tried" in view.told


def test_without_thirty_of_either_outcome_there_is_no_section() -> None:
    few = with_drivers()
    assert few.drivers is not None
    assert drivers(replace(few, drivers=replace(few.drivers, hits=29))) is None
    assert drivers(replace(few, drivers=replace(few.drivers, hits=211))) is None
    assert drivers(replace(few, drivers=None)) is None


def test_the_workbook_has_a_sheet_of_them_and_strict_privacy_none() -> None:
    assert [a.table.num_rows for a in answers(with_drivers()) if a.name == "drivers"] == [2]
    assert strict(with_drivers()).drivers is None
