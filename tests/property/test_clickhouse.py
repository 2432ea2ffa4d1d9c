"""ClickHouse, asked the same: sessions per customer, and windowFunnel for ordered funnels with ties = "step"."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import chdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.scan.batches import Codes, EventBatch
from paths.funnels.funnel import Funnel
from paths.journeys.prepare import prepare
from tests.builder import MINUTE, minutes, scope_of, step

pytestmark = pytest.mark.usefixtures("tier")

WINDOWS = (0, 3, 10, 45, 100_000)
STEPS = ("a", "b", "c", "d")

SESSIONS = """
select key, countIf(at - before > 30) as sessions from (
    select key, at, lagInFrame(at, 1, -1000) over (partition by key order by at rows between unbounded preceding and current row) as before
    from file('{path}', Parquet)
) group by key order by key
"""

FUNNEL = """
select key, {depths} from (select key, event, toUInt64(at) as at from file('{path}', Parquet)) group by key order by key
"""


def random_log(seed: int, customers: int) -> tuple[pa.Table, EventBatch]:
    """Up to 14 events each within an hour or a few, many of them in the same minute; sorted by customer and time."""
    rng = np.random.default_rng(seed)
    key = np.repeat(np.arange(customers, dtype=np.int64), rng.integers(1, 15, customers))
    at = rng.integers(0, rng.choice([4, 20, 90, 400], customers)[key])
    order = np.lexsort((at, key))
    at = at[order]
    event = rng.integers(0, len(STEPS) + 1, len(key)).astype(np.int32)
    names = (*STEPS, "other")
    table = pa.table({"key": key, "at": at, "event": pa.array(names).take(pa.array(event))})
    who = Codes(key.astype(np.int32), tuple(str(c) for c in range(customers)))
    return table, EventBatch.of(key=key, at=at * MINUTE, event=Codes(event, names), columns={"customer_id": who})


def clickhouse(sql: str, table: pa.Table, folder: Path) -> list[dict[str, int]]:
    """The rows of one query over the log."""
    path = folder / "log.parquet"
    pq.write_table(table, path)
    rows: list[dict[str, int]] = json.loads(chdb.query(sql.replace("{path}", str(path)), "JSON").bytes())["data"]
    return [{k: int(v) for k, v in row.items()} for row in rows]


def depths(batch: EventBatch, steps: Sequence[str], window: int) -> list[int]:
    """How deep each customer gets, 0 where the first step is never seen."""
    funnel = Funnel(steps=tuple(step(s) for s in steps), window=minutes(window), ties="step", breakdown="customer_id")
    found = dict.fromkeys(batch.text("customer_id").names, 0)
    for row in funnel.reduce([funnel.map(prepare(batch, scope_of()))]).to_pylist():
        found[row["customer_id"]] = max(found[row["customer_id"]], row["step"] if row["reached"] else 0)
    return list(found.values())


def conditions(steps: Sequence[str]) -> str:
    return ", ".join(f"event = '{s}'" for s in steps)


def check_funnels(folder: Path, seed: int, customers: int) -> None:
    table, batch = random_log(seed, customers)
    rng = np.random.default_rng(seed)
    asked = {f"f{w}": (w, [str(s) for s in rng.permutation(STEPS)[: rng.integers(1, 5)]]) for w in WINDOWS}
    columns = ", ".join(f"windowFunnel({w})(at, {conditions(steps)}) as {name}" for name, (w, steps) in asked.items())
    theirs = clickhouse(FUNNEL.replace("{depths}", columns), table, folder)
    for name, (window, steps) in asked.items():
        ours = depths(batch, steps, window)
        assert len(set(ours)) > 1
        assert ours == [row[name] for row in theirs], (steps, window)


@pytest.mark.parametrize("seed", range(6))
def test_ordered_depths_with_ties_by_step_are_those_of_windowfunnel(tmp_path: Path, seed: int) -> None:
    check_funnels(tmp_path, seed, customers=100)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 180))
def test_ordered_depths_with_ties_by_step_are_those_of_windowfunnel_proved(tmp_path: Path, seed: int) -> None:
    check_funnels(tmp_path, seed, customers=250)


def check_sessions(folder: Path, seed: int, customers: int) -> None:
    table, batch = random_log(seed, customers)
    theirs = clickhouse(SESSIONS, table, folder)
    journeys = prepare(batch, scope_of(max_duration=minutes(0)))
    ours = np.bincount(journeys.customer[journeys.sessions.first], minlength=customers)
    assert ours.max() > 1
    assert ours.tolist() == [row["sessions"] for row in theirs]


@pytest.mark.parametrize("seed", range(3))
def test_sessions_of_each_customer_are_those_of_clickhouse(tmp_path: Path, seed: int) -> None:
    check_sessions(tmp_path, seed, customers=500)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 120))
def test_sessions_of_each_customer_are_those_of_clickhouse_proved(tmp_path: Path, seed: int) -> None:
    check_sessions(tmp_path, seed, customers=5_000)
