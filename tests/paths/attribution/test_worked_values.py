"""The worked examples of vendors and papers, to the digit that they print."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from paths.attribution.attribution import Attribution
from paths.attribution.path_file import attribution_of_paths
from paths.attribution.rules import AttributionRules
from paths.attribution.table import AttributionAnswer
from tests.builder import Row, journeys_of

UNITS = 1_000_000
FILE = Path(__file__).parents[4] / "shared" / "data" / "attribution_paths.csv.gz"


def visits(*touches: tuple[str, str], goal: str, value: int | None = None) -> list[Row]:
    found: list[Row] = [("u", when, "visit", {"channel": channel}) for when, channel in touches]
    return [*found, ("u", goal, "purchase", {} if value is None else {"value": value})]


def asked(rows: Sequence[Row], lookback: int = 30, touches: tuple[str, ...] = (), **words: Any) -> AttributionAnswer:
    rules = AttributionRules(lookback=timedelta(days=lookback), touches=touches, **words)
    question = Attribution(rules=rules, tried=())
    return question.reduce([question.map(journeys_of(rows))])


def column(found: AttributionAnswer, name: str, digits: int = 6) -> dict[str, float]:
    return {r["value"]: round(r[name], digits) for r in found.table.to_pylist() if r[name]}


def of_paths(paths: Mapping[str, tuple[int, int]], **words: Any) -> AttributionAnswer:
    lists = pa.array([p.split(">") for p in paths], pa.list_(pa.string()))
    hits, misses = (np.array([n[i] for n in paths.values()], dtype=np.int64) for i in (0, 1))
    return attribution_of_paths(lists, hits, None, misses, rules=AttributionRules(**words), minor_units=1)


def test_cja_50_dollars_over_four_touches() -> None:
    rows = visits(
        ("2026-09-15 00:00", "paid search"),
        ("2026-09-18 00:00", "social"),
        ("2026-09-24 00:00", "email"),
        ("2026-09-24 00:00", "display"),
        goal="2026-09-24 00:00",
        value=5000,
    )
    found = asked(rows, touches=("visit",))
    assert column(found, "linear_value") == dict.fromkeys(["paid search", "social", "email", "display"], 12.5)
    assert column(found, "j_value") == {"display": 30, "paid search": 10, "social": 5, "email": 5}
    decay = column(found, "decay_value")
    assert decay == {"display": 16.88, "email": 16.88, "social": 9.32, "paid search": 6.92}
    session = asked(rows, lookback=0, touches=("visit",))
    assert column(session, "first_value") == {"email": 50}
    assert column(session, "linear_value") == {"email": 25, "display": 25}


AMPLITUDE = visits(
    ("2026-05-01 00:00", "Google"),
    ("2026-05-07 00:00", "Facebook"),
    ("2026-05-10 00:00", "TikTok"),
    goal="2026-05-10 00:10",
)


@pytest.mark.parametrize(
    "model, days, expected",
    [
        ("first", 30, {"Google": 1}),
        ("first", 7, {"Facebook": 1}),
        ("linear", 30, {"Google": 1 / 3, "Facebook": 1 / 3, "TikTok": 1 / 3}),
        ("linear", 7, {"Facebook": 0.5, "TikTok": 0.5}),
        ("j", 30, {"Google": 0.2, "Facebook": 0.2, "TikTok": 0.6}),
        ("j", 7, {"Facebook": 0.25, "TikTok": 0.75}),  # CJA and Mixpanel; Amplitude alone says 30/70
        ("inverse_j", 30, {"Google": 0.6, "Facebook": 0.2, "TikTok": 0.2}),
        ("position", 7, {"Facebook": 0.5, "TikTok": 0.5}),
        ("custom", 30, {"Google": 0.05, "Facebook": 0.2, "TikTok": 0.75}),
    ],
)
def test_amplitude_three_networks(model: str, days: int, expected: dict[str, float]) -> None:
    found = column(asked(AMPLITUDE, days, weights=(5, 20, 75)), f"{model}_conversions")
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("n, shares", [(2, [50, 50]), (4, [40, 10, 10, 40]), (6, [40, 5, 5, 5, 5, 40])])
def test_a_u_of_any_length(n: int, shares: list[int]) -> None:
    names = [f"t{i}" for i in range(n)]
    found = column(of_paths({">".join(names): (1, 0)}), "position_conversions")
    assert [round(100 * found[t], 4) for t in names] == shares


def test_mixpanel_purchases_that_are_not_direct() -> None:
    rows = [
        *visits(("2026-05-01 00:00", "Google"), ("2026-05-02 00:00", "direct"), goal="2026-05-02 00:05"),
        ("v", "2026-05-01 00:00", "visit", {"channel": "Google"}),
        ("v", "2026-05-01 00:05", "purchase"),
        ("w", "2026-05-01 00:00", "visit", {"channel": "direct"}),
        ("w", "2026-05-01 00:05", "purchase"),
    ]
    found = asked(rows)
    assert sum(n for v, n in column(found, "last_non_direct_conversions").items() if v != "direct") == 2
    assert column(found, "last_conversions")["Google"] == 1
    assert column(found, "participation_conversions")["Google"] == 2


def test_snowplow_two_conversions() -> None:
    lists = pa.array([["Display", "Organic"], ["Video"]], pa.list_(pa.string()))
    one, none = np.array([1, 1]), np.array([0, 0])
    found = attribution_of_paths(lists, one, np.array([6650, 20000]), none, rules=AttributionRules(), minor_units=100)
    assert column(found, "first_value") == {"Display": 66.5, "Video": 200}
    assert column(found, "last_value") == {"Organic": 66.5, "Video": 200}
    for model in ("linear", "position"):
        assert column(found, f"{model}_value") == {"Display": 33.25, "Organic": 33.25, "Video": 200}


def test_conversionbits_1200_conversions() -> None:
    found = of_paths({"First>Middle>Last": (1200, 0)}, weights=(35, 30, 35))
    assert column(found, "linear_conversions") == {"First": 400, "Middle": 400, "Last": 400}
    assert column(found, "position_conversions") == {"First": 480, "Middle": 240, "Last": 480}
    assert column(found, "custom_conversions") == {"First": 420, "Middle": 360, "Last": 420}


TEN = {
    "Email>Social": (1, 1),
    "Search>Email": (1, 0),
    "Social": (1, 0),
    "Email>Search": (0, 1),
    "Search>Social>Email": (1, 0),
    "Direct": (1, 0),
    "Search>Email>Social": (1, 0),
    "Social>Email": (1, 0),
    "Search": (0, 1),
}
MARKOV: list[tuple[dict[str, tuple[int, int]], float, dict[str, float], dict[str, float]]] = [
    (
        {"C1>C2>C3": (1, 0), "C1": (0, 1), "C2>C3": (0, 1)},
        1 / 3,
        {"C1": 0.5, "C2": 1, "C3": 1},
        {"C1": 0.2, "C2": 0.4, "C3": 0.4},
    ),
    (
        {"google": (2, 1), "mailing": (1, 0), "google>mailing": (1, 0)},
        0.8,
        {"google": 0.75, "mailing": 0.5},
        {"google": 2.4, "mailing": 1.6},
    ),
    (
        TEN,
        0.7,
        {"Direct": 0.142857, "Email": 0.657143, "Search": 0.321429, "Social": 0.558442},
        {"Direct": 0.5953, "Email": 2.7383, "Search": 1.3394, "Social": 2.3270},
    ),
    ({"A>B>A>B>B>A": (1, 0), "A>B>B>A>A": (1, 0), "A>A": (1, 0)}, 1, {"A": 1, "B": 0.5}, {"A": 2, "B": 1}),
]


@pytest.mark.parametrize("paths, chance, effects, conversions", MARKOV)
def test_markov_by_hand(
    paths: dict[str, tuple[int, int]], chance: float, effects: dict[str, float], conversions: dict[str, float]
) -> None:
    found = of_paths(paths)
    assert found.removal is not None and found.removal.chance == pytest.approx(chance)
    assert column(found, "removal_effect") == pytest.approx(effects, abs=1e-6)
    assert column(found, "markov_conversions", 4) == conversions


def test_shapley_of_the_ten_journeys() -> None:
    expected = {"Email": 2.1667, "Social": 2.6667, "Search": 1.1667, "Direct": 1.0}
    assert column(of_paths(TEN), "shapley_conversions", 4) == expected


def test_shapley_of_three_sources() -> None:
    worth = {"F": 200, "O": 100, "L": 170, "F>O": 170, "F>L": 300, "F>O>L": 60}
    found = column(of_paths({path: (n, 0) for path, n in worth.items()}), "shapley_conversions")
    assert {v: n / 1000 for v, n in found.items()} == {"F": 0.455, "O": 0.205, "L": 0.34}


PUBLIC = """
alpha 6308 8447 7574.719 7444.824 7627.944 10736 .558399 5344.948 19121.27 28414.21 24524.71
beta 2831 989 2083.500 1969.766 1982.739 4378 .264039 2527.352 12235.59 3850.02 8954.27
delta 1 5 1.725 2.587 2.293 9 .000482 4.614 6.12 10.97 4.40
epsilon 99 531 272.170 301.050 374.677 1138 .062639 599.571 412.30 2202.61 1106.27
eta 3164 4167 3539.951 3618.796 3613.656 6216 .349026 3340.847 11909.48 16754.20 13783.50
gamma 165 92 121.042 125.241 138.186 328 .017880 171.145 718.98 506.01 569.42
iota 4606 3355 3857.096 3944.948 3505.044 6895 .405835 3884.615 19597.26 13487.97 15988.99
kappa 74 230 137.964 147.460 159.057 469 .028663 274.363 305.74 1069.38 599.75
lambda 902 1207 1035.258 1046.904 987.782 2054 .134022 1282.847 3735.60 5249.95 4430.32
mi 2 2 2.222 2.057 2.667 4 .000180 1.722 5.27 5.27 6.08
theta 1606 653 1022.801 1092.744 1190.963 3267 .206010 1971.913 6652.35 2799.09 4295.74
zeta 27 107 136.552 88.623 199.992 653 .039811 381.063 103.00 453.26 539.53
"""
COLUMNS = (
    *(f"{m}_conversions" for m in ("first", "last", "linear", "position", "shapley", "participation")),
    "removal_effect",
    "markov_conversions",
    *(f"{m}_value" for m in ("first", "last", "linear")),
)


@pytest.mark.skipif(not FILE.is_file(), reason="the public path file is not beside the project (../shared/data)")
def test_the_public_path_file() -> None:
    with gzip.open(FILE, "rt") as file:
        rows = list(csv.DictReader(file))
    hits, misses = (np.array([int(r[c]) for r in rows]) for c in ("total_conversions", "total_null"))
    money = np.array([round(float(r["total_conversion_value"]) * UNITS) for r in rows])
    lists = pa.array([r["path"].split(" > ") for r in rows], pa.list_(pa.string()))
    found = attribution_of_paths(lists, hits, money, misses, rules=AttributionRules(), minor_units=UNITS)
    expected = {line.split()[0]: line.split()[1:] for line in PUBLIC.strip().splitlines()}
    told = {r["value"]: r for r in found.table.to_pylist()}
    assert told.keys() == expected.keys()
    for value, printed in expected.items():
        for name, text in zip(COLUMNS, printed, strict=True):
            assert told[value][name] == pytest.approx(float(text), abs=0.500001 * 10 ** -len(text.partition(".")[2])), (
                name
            )
    assert found.removal is not None
    assert round(found.removal.chance, 10) == 0.2238451356
    assert round(float(found.removal.effect.sum()), 10) == 2.0669863499
    assert (found.totals["conversions"], found.totals["null_paths"]) == (19_785, 68_602)
    assert round(found.totals["value"], 2) == 74_802.97
