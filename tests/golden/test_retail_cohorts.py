"""Monthly cohorts of the Online Retail invoices: the table of countless notebooks, with the month that is not over blank."""

from __future__ import annotations

from pathlib import Path

import pytest

import journeys
from tests.golden.test_retail import ARCHIVE, MAP, days

RETURNED = """
2010-12 948 362 317 367 341 376 360 336 336 374 354 474 *
2011-01 421 101 119 102 138 126 110 108 131 146 155 *
2011-02 380 94 73 106 102 94 97 107 98 119 *
2011-03 440 84 112 96 102 78 116 105 127 *
2011-04 299 68 66 63 62 71 69 78 *
2011-05 279 66 48 48 60 68 74 *
2011-06 235 49 44 64 58 79 *
2011-07 191 40 39 44 52 *
2011-08 167 42 42 42 *
2011-09 298 89 97 *
2011-10 352 93 *
2011-11 321 *
2011-12 *
"""
WITHOUT_CANCELLED = """
2010-12 885 324 286 340 321 352 321 309 313 350 331 445 *
2011-01 417 92 111 96 134 120 103 101 125 136 152 *
2011-11 324 *
"""

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not ARCHIVE.exists(), reason=f"{ARCHIVE.name} is not beside this checkout (../shared/data)"),
]
__all__ = ["days"]


def triangle(text: str) -> dict[str, list[int | None]]:
    lines = (line.split() for line in text.split("\n") if line)
    return {cohort + "-01": [None if n == "*" else int(n) for n in counts] for cohort, *counts in lines}


def asked(shop: journeys.Project, **words: str) -> dict[str, list[int | None]]:
    found: dict[str, list[int | None]] = {}
    for r in shop.retention(by="month", **words).rows():  # type: ignore[arg-type]
        assert r["complete"] == (r["returned"] is not None)
        found.setdefault(r["cohort"], []).append(r["returned"])
    return found


def test_monthly_cohorts_are_the_computed_ones_and_december_2011_is_blank(days: list[Path], tmp_path: Path) -> None:
    shop = journeys.open(tmp_path)
    shop.ingest(*days, map=MAP)
    found = asked(shop)
    average = found.pop("average")
    expected = triangle(RETURNED)
    assert found == expected
    assert average[1] == sum(c[1] or 0 for c in expected.values() if len(c) > 1)
    assert average[12] is None
    bought = asked(shop, where="order_id~[!C]*")
    assert {cohort: bought[cohort] for cohort in triangle(WITHOUT_CANCELLED)} == triangle(WITHOUT_CANCELLED)
