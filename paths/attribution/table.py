"""The ATTRIBUTION table, the path table, and how firm the first place is, from added-up parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.array_types import Bools, Floats, Ints
from paths.attribution.credits import MILLION
from paths.attribution.markov import Removal, removal_of
from paths.attribution.models import Shares
from paths.attribution.paths import Paths, as_lists, counted, from_lists, merged, same_paths
from paths.attribution.rules import MODELS, AttributionRules

TOUCHED, CREDITS, ASKED, CHAIN, DECAY = range(5)
"""What a row of PARTS counts. TOUCHED: touches of the period; CREDITS: by model (`which`), in 1e-6 conversions and minor
units; ASKED, CHAIN: paths as asked, and those since the goal before where others were asked, by look-back (`which`); DECAY: by
look-back."""

NO_TOUCH = "(no touch)"
LITERALLY = "value:"

PATHS = pa.schema(
    [
        ("path", pa.list_(pa.string())),
        ("conversions", pa.int64()),
        ("value", pa.float64()),
        ("nulls", pa.int64()),
        ("open", pa.int64()),
    ]
)
"""One row is one path, most conversions first; of no values: conversions without a touch. value: of its conversions (money,
null where none is known); nulls: how often it led to none; open: how often it may still do so."""


@dataclass(frozen=True, kw_only=True)
class AttributionAnswer:
    """`table`: one row per value, see `columns_of`; `paths`: PATHS; `totals`: conversions, valued (of which the value is known),
    value, no_touch, nulls, open; `removal`: None where markov was not solved; `robustness`: see `firmness`."""

    table: pa.Table
    paths: pa.Table
    totals: dict[str, Any]
    removal: Removal | None = field(compare=False)  # its columns are in the table
    robustness: dict[str, Any] | None = None
    values: int = 0  # how many different ones, with a touch or a path


@dataclass(frozen=True)
class Columns:
    """What is told of each value before it is a table: integers."""

    names: list[str]
    touches: Ints
    there: Bools  # has it a touch in the period, or in a path of the answer?
    conversions: dict[str, Ints] = field(default_factory=dict)  # by model, in 1e-6
    value: dict[str, Ints] = field(default_factory=dict)  # by model, in minor units


@dataclass(frozen=True)
class Table:
    """A path table: the paths, and how often each of them went which way."""

    names: Sequence[str]
    paths: Paths
    conversions: Ints
    value: Ints
    valued: Ints
    nulls: Ints
    open: Ints

    def with_nulls(self, chain: Table) -> Table:
        """The conversions of this one, what led to none of the other."""
        none = np.zeros(len(chain.paths), dtype=np.int64)
        mine = self.conversions, self.value, self.valued, self.nulls, self.open
        parts = [
            counted(self.paths, self.names, mine, ASKED),
            counted(chain.paths, self.names, (none, none, none, chain.nulls, chain.open), ASKED),
        ]
        whole = merged(parts)
        paths, names = from_lists(whole["path"])
        return PathTables(whole, paths, names).of(ASKED, 0)


def answer_of(
    whole: pa.Table,
    rules: AttributionRules,
    models: Sequence[str],
    *,
    lookbacks: Sequence[timedelta],
    minor_units: int,
) -> AttributionAnswer:
    """From merged PARTS."""
    paths, names = from_lists(whole["path"])
    tables = PathTables(whole, paths, names)
    asked = tables.of(ASKED, 0)
    chain = asked if rules.paths == "since_goal" else tables.of(CHAIN, 0)
    totals = totals_of(asked, chain, minor_units)
    touches = tables.single(TOUCHED, 0, "conversions")
    there = touches > 0
    there[np.concatenate([asked.paths.code, chain.paths.code])] = True
    found = Columns(names, touches, there)
    removal = removal_of(chain.paths, len(names), chain.conversions, chain.nulls) if "markov" in models else None
    for model in models:
        if model != "markov":
            number = MODELS.index(model)
            found.conversions[model] = tables.single(CREDITS, number, "conversions")
            found.value[model] = tables.single(CREDITS, number, "value")
        elif removal is not None:
            found.conversions[model], found.value[model] = by_removal(removal, asked)
    return AttributionAnswer(
        table=table_of(found, asked, models, removal, minor_units if totals["valued"] else None),
        paths=paths_of(asked, chain, minor_units),
        totals=totals,
        removal=removal,
        robustness=firmness(tables, rules, lookbacks),
        values=int(there.sum()),
    )


def by_removal(removal: Removal, asked: Table) -> tuple[Ints, Ints]:
    """(conversions in 1e-6, minor units) of those with a touch, shared out by removal effect."""
    some = asked.paths.size > 0
    totals = [int(asked.conversions[some].sum()) * MILLION, int(asked.value[some].sum())]
    conversions, value = removal.credits(totals)
    return np.array(conversions, dtype=np.int64), np.array(value, dtype=np.int64)


class PathTables:
    """Rows of merged PARTS by what they count."""

    def __init__(self, whole: pa.Table, paths: Paths, names: Sequence[str]) -> None:
        self.paths, self.names = paths, names
        self.columns = {c: np.asarray(whole[c]) for c in whole.column_names if c != "path"}

    def rows(self, what: int, which: int) -> Ints:
        """The rows of one kind."""
        return np.flatnonzero((self.columns["what"] == what) & (self.columns["which"] == which))

    def of(self, what: int, which: int) -> Table:
        """A path table."""
        rows = self.rows(what, which)
        return Table(
            self.names,
            self.paths.pick(rows),
            *(self.columns[c][rows] for c in ("conversions", "value", "valued", "nulls", "open")),
        )

    def single(self, what: int, which: int, column: str) -> Ints:
        """int64 per name: of paths of one value."""
        sums, rows = np.zeros(len(self.names), dtype=np.int64), self.rows(what, which)
        np.add.at(sums, self.paths.code[self.paths.start[rows]], self.columns[column][rows])
        return sums


def totals_of(asked: Table, chain: Table, minor_units: int) -> dict[str, Any]:
    """The sums that every model shares out."""
    bare = asked.paths.size == 0
    valued = int(asked.valued.sum())
    return {
        "conversions": int(asked.conversions.sum()),
        "valued": valued,
        "value": int(asked.value.sum()) / minor_units if valued else None,
        "no_touch": int(asked.conversions[bare].sum()),
        "null_paths": int(chain.nulls.sum()),
        "open_paths": int(chain.open.sum()),
    }


def shown_name(name: str) -> str:
    """A value that reads as the row without one says that it is a value."""
    bare = name
    while bare.startswith(LITERALLY):
        bare = bare[len(LITERALLY) :]
    return LITERALLY + name if bare == NO_TOUCH else name


def table_of(
    counted: Columns, asked: Table, models: Sequence[str], removal: Removal | None, minor_units: int | None
) -> pa.Table:
    """One row per value, most conversions by the first model first, then by name; then "(no touch)", where there are such.

    value, touches · of each model NAME_conversions and NAME_value (money; null where no conversion has one) · with markov
    removal_effect and removal_share. `minor_units` None: there is no money.
    """
    bare = asked.paths.size == 0
    lost, worth = int(asked.conversions[bare].sum()), int(asked.value[bare].sum())
    lead = next((counted.conversions[m] for m in models if m in counted.conversions), counted.touches)
    order = np.lexsort((np.arange(len(lead)), -counted.touches, -lead))
    order = order[counted.there[order]]
    more = bool(lost)
    columns: dict[str, Any] = {
        "value": pa.array([shown_name(counted.names[i]) for i in order.tolist()] + [NO_TOUCH] * more, pa.string()),
        "touches": pa.array(counted.touches[order].tolist() + [0] * more, pa.int64()),
    }
    for model in models:
        credit, money = counted.conversions.get(model), counted.value.get(model)
        n = None if credit is None else [c / MILLION for c in credit[order].tolist()] + [float(lost)] * more
        m = None if money is None else [c / (minor_units or 1) for c in money[order].tolist()]
        m = None if m is None or minor_units is None else m + [worth / minor_units] * more
        size = len(order) + more
        columns[f"{model}_conversions"] = pa.array(n or [None] * size, pa.float64())
        columns[f"{model}_value"] = pa.array(m or [None] * size, pa.float64())
    if "markov" in models:
        for name in ("effect", "share"):
            of = None if removal is None else getattr(removal, name)[order].round(6).tolist() + [None] * more
            columns[f"removal_{name}"] = pa.array(of or [None] * (len(order) + more), pa.float64())
    return pa.table(columns)


def paths_of(asked: Table, chain: Table, minor_units: int) -> pa.Table:
    """PATHS; the null paths are those since the goal before, whatever was asked. Equal ones: shorter first, then by name."""
    table = asked if chain is asked else asked.with_nulls(chain)
    number = same_paths(table.paths, max(1, int(table.paths.code.max(initial=0)) + 1))
    order = np.lexsort((number, -table.nulls, -table.conversions))
    order = order[(table.conversions + table.nulls + table.open)[order] > 0]
    worth = [v / minor_units if n else None for v, n in zip(table.value[order], table.valued[order], strict=True)]
    counts = table.conversions[order], pa.array(worth, pa.float64()), table.nulls[order], table.open[order]
    return pa.table([as_lists(table.paths.pick(order), table.names), *counts], schema=PATHS)


def firmness(tables: PathTables, rules: AttributionRules, lookbacks: Sequence[timedelta]) -> dict[str, Any] | None:
    """How often which value has the first place by conversions, over all models and the look-backs tried, which are those behind
    the first of `lookbacks`; without any, the paths as they are. Ties: name.

    first (its name), times, of, places (name -> times), lookbacks (days). None where nothing was converted.
    """
    places: Counter[str] = Counter()
    for which in range(1, len(lookbacks)) if len(lookbacks) > 1 else (0,):
        for found in standings(tables, which, rules):
            if found.any():
                places[tables.names[int(np.argmax(np.round(found, 6)))]] += 1
    if not places:
        return None
    ranked = sorted(places.items(), key=lambda p: (-p[1], p[0]))
    return {
        "first": shown_name(ranked[0][0]),
        "times": ranked[0][1],
        "of": sum(places.values()),
        "places": {shown_name(name): n for name, n in ranked},
        "lookbacks": [d // timedelta(days=1) for d in lookbacks[1:]],
    }


def standings(tables: PathTables, which: int, rules: AttributionRules) -> list[Floats]:
    """Conversions by value, under every model and one look-back."""
    names, kinds = tables.names, len(tables.names)
    asked = tables.of(ASKED, which)
    chain = asked if rules.paths == "since_goal" else tables.of(CHAIN, which)
    some = np.flatnonzero((asked.paths.size > 0) & (asked.conversions > 0))
    direct = np.array([n in rules.direct for n in names], dtype=bool)
    shares = Shares(asked.paths.pick(some), direct, rules)
    rankings: list[Floats] = []
    for model in MODELS:
        if model == "decay":
            rankings.append(tables.single(DECAY, which, "conversions").astype(np.float64))
        elif model == "markov":
            removal = removal_of(chain.paths, kinds, chain.conversions, chain.nulls)
            rankings.append(np.zeros(kinds) if removal is None else removal.effect)
        elif model != "custom" or rules.weights is not None:
            rankings.append(shares.estimates(model, asked.conversions[some]))
    return rankings
