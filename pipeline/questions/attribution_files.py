"""Files of attribution: what was spent on each value, and paths that were counted elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ingest.array_types import Ints
from ingest.errors import InputError, did_you_mean
from ingest.scan.batches import NONE, OTHER
from ingest.side_files import read_texts
from paths.journeys.names import quoted, unquoted
from paths.journeys.scope import NEVER
from pipeline.config import Config
from sessionize.clock import midnight

UNITS = 1_000_000
"""Units of money of a file of paths: its values may be finer than a currency's."""
BETWEEN = re.compile(r'\s*((?:"(?:[^"\\]|\\.)*"|[^>])*?)\s*(?:>|$)')
"""A value of a path and what ends it; within quotes a > is a letter."""


@dataclass(frozen=True)
class Spend:
    """by_value: cost, in units of the currency; left_out: rows of days outside the period; dated: has the file days at all?"""

    by_value: dict[str, Decimal]
    left_out: int
    dated: bool


@dataclass(frozen=True)
class PathFile:
    """Paths and how often each ended which way; value in millionths, None: the file has none."""

    lists: pa.Array
    conversions: Ints
    value: Ints | None
    nulls: Ints


def read_spend(
    path: Path, by: str, config: Config, period: tuple[int, int] = (-NEVER, NEVER), as_of: int = NEVER
) -> Spend:
    """Rows of a value, a cost and, where there are such columns, a day and a currency.

    Raises InputError for a cost or a day that is none, and for another currency than the project's, with the row.
    """
    texts = read_texts(
        path,
        {
            "value": (by, "value", "channel", "campaign", "source", "name"),
            "cost": ("cost", "costs", "spend", "amount"),
            "day": ("date", "day"),
            "currency": ("currency", "currency_code"),
        },
        ("value", "cost"),
    )
    costs, left_out = dict[str, Decimal](), 0
    days, currencies = texts.get("day"), texts.get("currency")
    check_currency(path, currencies or [], config.project.currency)
    for i, (value, cost) in enumerate(zip(texts["value"], texts["cost"], strict=True)):
        if value is None and cost is None:
            continue
        amount = number(path, i, cost, "cost")
        if days is not None and not within(path, i, days[i], config.project.timezone, period, as_of):
            left_out += 1
            continue
        costs[value or NONE] = costs.get(value or NONE, Decimal(0)) + amount
    return Spend(costs, left_out, days is not None)


def check_currency(path: Path, currencies: Sequence[str | None], declared: str | None) -> None:
    """Raise InputError for a row in another currency than the one declared, or than those before it."""
    for i, currency in enumerate(currencies):
        if currency is None:
            continue
        if declared is not None and currency.upper() != declared:
            raise InputError(
                f"{path.name}, row {i + 1}: the cost is in {currency}, and [project] currency is {declared}. "
                "Amounts of several currencies are not added up: convert it first."
            )
        declared = currency.upper()


def number(path: Path, row: int, text: str | None, what: str) -> Decimal:
    """A number as it is written, with a decimal point or, where there is no point, one decimal comma."""
    written = (text or "").replace(" ", "")
    if written.count(",") == 1 and "." not in written:
        written = written.replace(",", ".")
    try:
        value = Decimal(written)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise InputError(f'{path.name}, row {row + 1}: the {what} "{text or ""}" is no number such as 1204.50.')
    return value


def within(path: Path, row: int, text: str | None, timezone: str, period: tuple[int, int], as_of: int) -> bool:
    """Does a row's day lie in the period, and before as_of?"""
    try:
        at = midnight(date.fromisoformat((text or "")[:10]), timezone)
    except ValueError:
        raise InputError(f'{path.name}, row {row + 1}: the day "{text or ""}" is not written as 2026-01-31.') from None
    return period[0] <= at < min(period[1], as_of)


def with_spend(table: pa.Table, spend: Spend, models: Sequence[str], warnings: list[str]) -> pa.Table:
    """The table with cost, and per model cost_per_conversion and return (money per cost); null where one is missing or 0.

    A value of the file that nobody touched gets a row of its own, and a warning with the near one.
    """
    if not spend.dated:
        warnings.append("the spend file has no column date: all of it is taken to be of the period.")
    rows, known = table.to_pylist(), table["value"].to_pylist()
    for value in sorted(spend.by_value.keys() - set(known)):
        warnings.append(f'there is spend on "{value}", which nobody touched.{did_you_mean(value, known)}')
        rows.append(
            {c: 0 if c == "touches" or c.endswith("_conversions") else None for c in table.column_names}
            | {"value": value}
        )
    fields = [table.schema.field("value"), table.schema.field("touches"), pa.field("cost", pa.float64())]
    for row in rows:
        cost = spend.by_value.get(row["value"])
        row["cost"] = None if cost is None else float(cost)
        for model in models:
            conversions, money = row[f"{model}_conversions"], row[f"{model}_value"]
            row[f"{model}_cost_per_conversion"] = ratio(row["cost"], conversions)
            row[f"{model}_return"] = ratio(money, row["cost"])
    for model in models:
        names = (f"{model}_{c}" for c in ("conversions", "value", "cost_per_conversion", "return"))
        fields += [pa.field(name, pa.float64()) for name in names]
    fields += [f for f in table.schema if f.name.startswith("removal_")]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def ratio(upper: float | None, lower: float | None) -> float | None:
    """To 6 decimals; None where it is not defined."""
    return None if upper is None or not lower else round(upper / lower, 6)


def with_other(table: pa.Table, top: int | None, models: Sequence[str]) -> pa.Table:
    """The first `top` rows; the rest is one row, "(other)", with their exact sums; what does not add up is null there."""
    if top is None or table.num_rows <= top + 1:
        return table
    rest = table.slice(top)
    row: dict[str, Any] = {"value": OTHER}
    for name in table.column_names[1:]:
        given = [v for v in rest[name].to_pylist() if v is not None]
        adds = not name.endswith(("_cost_per_conversion", "_return", "_effect"))
        digits = 6 if isinstance(next(iter(given), 0), float) else None
        row[name] = round(sum(given), digits) if adds and given else None
    return pa.concat_tables([table.slice(0, top), pa.Table.from_pylist([row], schema=table.schema)])


def read_paths(path: Path) -> PathFile:
    """Rows of a path ("email > search", values with a > in quotes), conversions, and, where there are such columns, value and null.

    Raises InputError for a count that is no whole number of at least 0, and for a path with an empty value.
    """
    texts = read_texts(
        path,
        {
            "path": ("path",),
            "conversions": ("conversions", "total_conversions", "conversion"),
            "value": ("value", "total_conversion_value", "conversion_value", "total_value"),
            "nulls": ("nulls", "null", "total_null"),
        },
        ("path", "conversions"),
    )
    n = len(texts["path"])
    counts = {
        c: np.array([count(path, i, t, c) for i, t in enumerate(texts.get(c) or ["0"] * n)], dtype=np.int64)
        for c in ("conversions", "nulls")
    }
    value = None
    if any(t is not None for t in texts.get("value", [])):
        value = np.array(
            [round(number(path, i, t or "0", "value") * UNITS) for i, t in enumerate(texts["value"])], dtype=np.int64
        )
    lists = [values_of(path, i, text) for i, text in enumerate(texts["path"])]
    return PathFile(pa.array(lists, pa.list_(pa.string())), counts["conversions"], value, counts["nulls"])


def count(path: Path, row: int, text: str | None, what: str) -> int:
    """A whole number of at least 0; nothing is 0."""
    value = number(path, row, text or "0", f"number of {what}")
    if value < 0 or value != int(value):
        raise InputError(f'{path.name}, row {row + 1}: the number of {what} "{text}" is no whole number of at least 0.')
    return int(value)


def values_of(path: Path, row: int, text: str | None) -> list[str]:
    """The values of a path; of nothing: none."""
    if text is None:
        return []
    parts = [m[1] for m in BETWEEN.finditer(text) if m.end() > m.start()]
    if text.rstrip().endswith(">") or not all(parts):
        raise InputError(f'{path.name}, row {row + 1}: the path "{text}" has an empty value; write (none) for it.')
    return [unquoted(p) or p for p in parts]


def paths_as_text(paths: pa.Table) -> pa.Table:
    """Paths as "email > search", as `read_paths` takes them; a value that would be read otherwise stands in quotes."""
    text = pa.array([" > ".join(map(written, p)) for p in paths["path"].to_pylist()], pa.string())
    return paths.set_column(0, "path", text)


def written(value: str) -> str:
    """A value in a path."""
    return quoted(value) if ">" in value or value.startswith('"') or value != value.strip() else value
