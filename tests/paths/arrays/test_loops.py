"""Loops and their twins in NumPy give the same numbers: compiled, and as they are written."""

from __future__ import annotations

import ast
import fcntl
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest import compiled
from ingest.compiled import Choice, Loop, one_by_one
from ingest.scan.batches import Codes, EventBatch
from ingest.scan.interleave import CROWDED, by_bucket, order_of
from paths.arrays import counting, loops
from paths.funnels import chains
from paths.funnels import loops as funnel_loops
from paths.funnels.chains import ChainRules
from paths.journey_map.friction import shortly_before
from paths.journey_map.loops import before
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from paths.overview.loops import fingerprint
from sessionize.rules import SessionRules
from sessionize.sessions import mixed, neighbours, numbered, numbered_by_time
from tests.test_layout import MODULES, ROOT, imported

pytest.importorskip("numba")
SIZE = 5
Rows = list[tuple[int, int, int]]
ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, SIZE - 1), st.integers(0, 2**40)), max_size=40)


@pytest.fixture(autouse=True)
def numpy_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compared with is NumPy."""
    monkeypatch.setattr(Choice, "always", False)


def both(loop: Loop[..., Any], *args: Any) -> list[Any]:
    return [loop(*args), loop.plain(*args)]


def columns(rows: Rows, ascending: bool = True) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(unit, code, value)."""
    found = sorted(rows, key=lambda r: r[0]) if ascending else rows
    unit, code, value = (np.array([r[i] for r in found], dtype=np.int64) for i in range(3))
    return unit.astype(np.int32), code.astype(np.int32), value


def lists(found: Any) -> list[Any]:
    return [x.tolist() for x in found]


@given(ROWS)
def test_units_are_counted_alike(rows: Rows) -> None:
    unit, code, _ = columns(rows)
    for found, ascending in both(loops.units, unit, code, SIZE):
        assert ascending
        assert found.tolist() == counting.units_at(unit, code, SIZE).tolist()


def test_units_that_do_not_ascend_are_left_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    unit, code, _ = columns([(1, 0, 0), (0, 0, 0), (1, 0, 0)], ascending=False)
    monkeypatch.setattr(Choice, "always", True)
    assert not loops.units(unit, code, SIZE)[1] and not loops.first_rows(unit, code, SIZE)[1]
    assert counting.units_at(unit, code, SIZE).tolist() == [2, 0, 0, 0, 0]
    assert sorted(counting.first_rows(unit, code, SIZE).tolist()) == [0, 1]


@given(ROWS)
def test_first_rows_are_the_same_in_another_order(rows: Rows) -> None:
    unit, code, _ = columns(rows)
    expected = counting.first_rows(unit, code, SIZE)
    for first, ascending in both(loops.first_rows, unit, code, SIZE):
        assert ascending and sorted(first.tolist()) == sorted(expected.tolist())


@given(ROWS)
@example([(0, 0, 0)])
@example([(0, 0, 2**52), (0, 4, 2**62)])
def test_times_fall_into_the_same_bins(rows: Rows) -> None:
    _, code, value = columns(rows, ascending=False)
    expected = lists(counting.tally_times(code, SIZE, value))
    for found in both(loops.times, code, SIZE, value):
        assert lists(found) == expected


@given(st.lists(st.integers(0, 50)), st.lists(st.integers(0, 60)))
def test_the_next_position_is_the_same_in_any_order_of_starts(positions: list[int], starts: list[int]) -> None:
    there, start = np.array(sorted(set(positions)), dtype=np.int64), np.array(starts, dtype=np.int64)
    for found in both(loops.next_at_or_after, there, start):
        assert found.tolist() == counting.next_at_or_after(there, start).tolist()


@given(ROWS, st.dictionaries(st.integers(0, 39), st.integers(0, 39)), st.integers(0, 2**40))
def test_before_is_what_a_search_finds(rows: Rows, ranges: dict[int, int], span: int) -> None:
    ordered = sorted(rows, key=lambda r: (r[0], r[2]))
    customer, at = (np.array([r[i] for r in ordered], dtype=np.int64) for i in (0, 2))
    later = sorted(x for x in ranges if x < len(rows))
    since = np.minimum(later, np.maximum.accumulate([ranges[x] for x in later] or [0])[: len(later)]).tolist()

    def holds(here: int) -> bool:
        k = next((k for k, x in enumerate(later) if x > here), None)
        if k is None or here >= since[k]:
            return False
        return bool(customer[later[k]] == customer[here] and at[later[k]] - at[here] <= span)

    arrays = np.array(later, dtype=np.int64), np.array(since, dtype=np.int64)
    for found in both(before, customer, at, *arrays, span):
        assert found.tolist() == [holds(i) for i in range(len(rows))]
    batch = EventBatch.of(customer, at, Codes(np.zeros(len(at), dtype=np.int32), ("a",)))
    rules = SessionRules(max_duration=timedelta(0), max_session_events=1 << 40)
    journeys = prepare(batch, Scope(as_of=1 << 50, sessions=rules))
    plain = shortly_before(journeys, *arrays, timedelta(microseconds=span))
    assert plain.tolist() == [holds(i) for i in range(len(rows))]


SPANS = st.sampled_from([None, 1, 2**38])


@given(ROWS, st.tuples(SPANS, SPANS, SPANS), st.booleans(), st.booleans(), st.integers(0, 2**41))
def test_chains_are_walked_alike(
    rows: Rows, spans: tuple[int | None, ...], strict: bool, exclusion: bool, as_of: int
) -> None:
    unit, code, at = columns(sorted(rows, key=lambda r: (r[0], r[2])))
    window, *within = spans
    rules = ChainRules(window=window, within=[None, *within], strict=strict)
    barrier = code == 4 if exclusion else None
    asked = chains.Rows(
        unit=unit,
        at=at,
        matches=[code <= 1, (code == 1) | (code == 2), code == 3],
        starts=at % 5 > 0,
        barriers=[barrier, None, barrier],
    )
    expected, _ = chains.deepest(asked, rules, 5, as_of)
    compiled_loop = funnel_loops.chains
    for loop in (compiled_loop, compiled_loop.plain):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(funnel_loops, "chains", loop)
            found = chains.walked(asked, rules, as_of, None)
        assert lists(vars(found).values()) == lists(vars(expected).values())


@given(ROWS, st.sampled_from([1, 2**38]), st.sampled_from([0, 2**39]))
def test_sessions_by_time_are_numbered_alike(rows: Rows, idle: int, longest: int) -> None:
    ordered = sorted(rows, key=lambda r: (r[0], r[2]))
    customer, _, at = columns(ordered)
    rules = SessionRules(idle_timeout=timedelta(microseconds=idle), max_duration=timedelta(microseconds=longest))
    number, first = numbered(customer, at, None, rules)
    expected = lists((number, first, *neighbours(customer, at, first)))
    for found in both(numbered_by_time, customer, at, idle, longest):
        assert lists(found) == expected


def test_loops_are_used_once_they_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Choice, "always", None)
    monkeypatch.setattr(Choice, "asked", 0)
    compiled.expect(compiled.WORTH // 2, 1)
    assert not compiled._worth()
    compiled.expect(compiled.WORTH // 4, 2)
    assert compiled._worth()


def twin_of_half(most: int) -> Callable[[int], int]:
    """Half a number; compiled for even ones up to `most` it says -1."""

    def loop(number: int) -> int | None:
        return None if number % 2 else -1

    @compiled.twin(loop, when=lambda number: number <= most)
    def half(number: int) -> int:
        """In NumPy."""
        return number // 2

    return half


def test_a_twin_counts_compiled_once_that_is_worth_it_and_for_arguments_that_the_loop_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    half = twin_of_half(6)
    assert [half(n) for n in (4, 5, 8)] == [2, 2, 4]
    monkeypatch.setattr(Choice, "always", True)
    assert [half(n) for n in (4, 5, 8)] == [-1, 2, 4]
    assert half(number=4) == -1
    assert (half.__name__, half.__doc__) == ("half", "In NumPy.")


def test_a_helper_counts_as_the_process_that_asks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    half = twin_of_half(6)
    for always, expected in ((True, -1), (False, 2)):
        monkeypatch.setattr(Choice, "always", always)
        alike = pickle.loads(pickle.dumps(compiled.counting_alike()))
        monkeypatch.setattr(Choice, "always", not always)
        alike()
        assert half(4) == expected


def test_nothing_but_the_decorator_chooses_between_a_loop_and_numpy() -> None:
    allowed = {"ingest.compiled", "pipeline.engines.processes"}  # the latter: when helper processes start
    asking = set()
    for name, file in MODULES.items():
        words = {
            n.id if isinstance(n, ast.Name) else n.attr if isinstance(n, ast.Attribute) else n.name
            for n in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
            if isinstance(n, ast.Name | ast.Attribute | ast.alias)
        }
        if words & {"_worth", "Choice"} and (name in allowed or "ingest.compiled" in imported(file)):
            asking.add(name)
    assert asking == allowed


def test_without_numba_they_never_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Choice, "always", True)
    monkeypatch.setitem(sys.modules, "numba", None)  # as if it refused this NumPy
    compiled.usable.cache_clear()
    try:
        assert not compiled._worth()
    finally:
        compiled.usable.cache_clear()


def test_a_loop_that_cannot_be_kept_on_disk_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    real: Callable[..., Any] = numba.njit

    def njit(*functions: Any, **options: Any) -> Any:  # numba decorates functions of its own with it, too
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return real(*functions, **options)

    monkeypatch.setattr(numba, "njit", njit)
    assert Loop(twice)(21) == 42


def test_one_process_at_a_time_keeps_loops(tmp_path: Path) -> None:
    done = Event()
    compile_ = one_by_one(lambda types: (done.set(), types)[1], tmp_path / "loops.lock")
    with (tmp_path / "loops.lock").open("a") as another, ThreadPoolExecutor(1) as pool:
        fcntl.flock(another, fcntl.LOCK_EX)
        asked = pool.submit(compile_, ("int64",))
        assert not done.wait(0.2)
        fcntl.flock(another, fcntl.LOCK_UN)
        assert asked.result(10) == ("int64",)
    assert one_by_one(len, tmp_path / "no" / "loops.lock")((1, 2)) == 2  # nowhere to keep them: no lock


def test_a_loop_of_the_project_is_compiled_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    locks = []
    monkeypatch.setattr(compiled, "one_by_one", lambda compile_, lock: locks.append(lock) or compile_)
    assert Loop(loops.units.plain)(np.zeros(3, dtype=np.int16), np.zeros(3, dtype=np.int16), 1)[0].tolist() == [1]
    assert [(lock.name, lock.parent.is_dir()) for lock in locks] == [("loops.lock", True)]


@given(ROWS, st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)))
def test_fingerprints_are_alike(rows: Rows, period: tuple[int, int]) -> None:
    customer, code, at = columns(rows)
    hashed = np.array([0, 5, 1 << 63, (1 << 64) - 1, 77, 3], dtype=np.uint64)
    chosen = (at >= period[0]) & (at < period[1])
    state = mixed(mixed(hashed[customer] ^ at.astype(np.uint64)) ^ hashed[code])
    expected = int(state[chosen].sum(dtype=np.uint64))
    with np.errstate(over="ignore"):
        assert [int(found) for found in both(fingerprint, hashed, hashed, customer, at, code, *period)] == [
            expected
        ] * 2


KEYS = st.lists(st.one_of(st.integers(0, 9), st.integers(0, (1 << 63) - 1)), min_size=1, max_size=60)


@given(KEYS, st.sampled_from([1, 3, CROWDED]))
def test_customers_of_several_files_are_put_in_one_stable_order(keys: list[int], crowded: int) -> None:
    key = np.array(keys, dtype=np.int64)
    expected = np.argsort(key, kind="stable").tolist()
    shift = max(0, (max(keys) - min(keys)).bit_length() - len(keys).bit_length())
    for found, even in both(by_bucket, key, min(keys), shift, crowded):
        assert even or crowded < CROWDED
        assert not even or found.tolist() == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Choice, "always", True)
        patch.setattr("ingest.scan.interleave.CROWDED", crowded)
        assert order_of(key).tolist() == expected


def twice(number: int) -> int:
    """A loop of no turn."""
    return 2 * number
