"""Incremental equals full: any split of the rows into files and runs, in any order, gives one store and one set of answers."""

from __future__ import annotations

import json
from dataclasses import astuple
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journeys.goals import GoalRules
from paths.journeys.journeys import Journeys
from paths.journeys.scope import Scope
from paths.overview.session_rows import SessionRows
from paths.overview.summary import Summary
from pipeline.engines import local
from pipeline.project.funnel_words import parse_steps
from sessionize.rules import SessionRules
from tests.builder import LATER, instant
from tests.cases import cases
from tests.filling import COLUMNS, Filling

GOAL = GoalRules(goal=frozenset({"buy"}), purchase=frozenset({"buy"}), refund=frozenset())
HOURS = ("00:00", "00:00:00", "09:30", "12:00", "23:59")


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows that collide on purpose: equal instants, equal ids with other content, copies, faults."""
    row = st.fixed_dictionaries(
        {
            "who": st.sampled_from(["ann", "ann", "bob", "cy", ""]),
            "at": st.builds("2026-01-{}T{}".format, st.sampled_from(["15", "15", "16"]), st.sampled_from(HOURS))
            | st.just("never"),
            "what": st.sampled_from(["view", "add", "buy"]),
            "id": st.sampled_from(["", "1", "2", "3"]),
            "v": st.sampled_from(["", "1", "2.50"]),
        }
    )
    return draw(st.lists(row, min_size=1, max_size=14))


@st.composite
def splits(draw: st.DrawFn, n: int) -> tuple[list[list[int]], list[list[int]]]:
    """(files: positions of rows in recorded order, runs: files in order of arrival)."""
    cuts = sorted(draw(st.lists(st.integers(0, n), max_size=4)))
    files = [list(range(a, b)) for a, b in zip([0, *cuts], [*cuts, n], strict=True) if a < b]
    order = draw(st.permutations(range(len(files))))
    marks = sorted(draw(st.lists(st.integers(0, len(order)), max_size=3)))
    runs = [order[a:b] for a, b in zip([0, *marks], [*marks, len(order)], strict=True) if a < b]
    return files, runs


def text(file: list[dict[str, str]], position: int) -> str:
    """A file; its first, rejected row makes its bytes its own, so that two equal files are two inputs."""
    lines = [{"who": "", "at": f"file {position}", "what": "", "id": "", "v": ""}, *file]
    return "".join(json.dumps(row) + "\n" for row in lines)


def filled(
    root: Path, log: list[dict[str, str]], files: list[list[int]], runs: list[list[int]], rule: str | None
) -> tuple[Filling, list[Any]]:
    shop = Filling(root)
    inputs = [shop.file(f"{i}.ndjson", text([log[r] for r in file], i)) for i, file in enumerate(files)]
    columns = {**COLUMNS, "event_id": "id", "value": "v"}
    books = [shop.book(shop.take(*(inputs[i] for i in run), columns=columns, deduplicate=rule)) for run in runs]
    return shop, books


def contents(shop: Filling, *without: str) -> list[dict[str, Any]]:
    """Every column of every event, in stored order."""
    return shop.table().drop_columns(list(without)).to_pylist() if shop.store.snapshot().files else []


def answers(shop: Filling) -> list[Any]:
    """Summary, sessions, paths, drop-off and funnel."""
    scope = Scope(as_of=instant(LATER), sessions=SessionRules())
    questions = [
        Summary(),
        SessionRows(goal=GOAL.goal),
        Transitions(),
        DropOff(rules=GOAL),
        Funnel(steps=parse_steps(["view", "add", "buy"])),
    ]
    found, _ = local.run(questions, shop.store.snapshot(), scope, threads=2)
    return [table.to_pylist() for table in found]


def check(log: list[dict[str, str]], files: list[list[int]], runs: list[list[int]], rule: str | None) -> None:
    with TemporaryDirectory() as folder:
        split, books = filled(Path(folder) / "split", log, files, runs, rule)
        whole, (book,) = filled(Path(folder) / "whole", log, files, [list(range(len(files)))], rule)
        single, _ = filled(Path(folder) / "single", log, [list(range(len(log)))], [[0]], rule)
        assert contents(split) == contents(whole)
        assert contents(split, "recorded_input", "recorded_row") == contents(single, "recorded_input", "recorded_row")
        assert answers(split) == answers(whole) == answers(single)
        for one, parts in zip(astuple(book)[:4], zip(*(astuple(b)[:4] for b in books), strict=True), strict=True):
            assert one == sum(parts)
        assert split.store.snapshot().rows_read == whole.store.snapshot().rows_read == book.rows
        assert sorted(split.bad("raw")) == sorted(whole.bad("raw"))


@given(data=st.data(), log=rows(), rule=st.sampled_from([None, "content", "off"]))
@cases(12)
def test_any_split_into_files_and_runs_gives_the_same_store_and_answers(data, log, rule):
    files, runs = data.draw(splits(len(log)))
    check(log, files, runs, rule)


@pytest.mark.proof
@given(data=st.data(), log=rows(), rule=st.sampled_from([None, "content", "off"]))
@settings(max_examples=200)
def test_any_split_into_files_and_runs_gives_the_same_store_and_answers_proved(data, log, rule):
    files, runs = data.draw(splits(len(log)))
    check(log, files, runs, rule)


@given(log=rows(), rule=st.sampled_from([None, "content", "off"]), random=st.randoms(use_true_random=False))
@cases(8)
def test_the_accounting_of_each_run_is_that_of_the_oracle(log, rule, random):
    """Among copies the later-arriving row is the duplicate of its run: a run accepts as many rows as it adds events."""
    halves = sorted(random.sample(range(len(log) + 1), 1))
    files = [f for f in (list(range(halves[0])), list(range(halves[0], len(log)))) if f]
    order = list(range(len(files)))
    random.shuffle(order)
    with TemporaryDirectory() as folder:
        _, books = filled(Path(folder), log, files, [[i] for i in order], rule)
    seen: list[dict[str, str]] = []
    before = (0, 0, 0)
    for i, book in zip(order, books, strict=True):
        seen += [log[r] | {"place": str(r)} for r in files[i]]
        events, duplicates, conflicting = counted(seen, rule)
        assert (book.accepted, book.duplicates, book.conflicting) == (
            events - before[0],
            duplicates - before[1],
            conflicting - before[2],
        )
        before = (events, duplicates, conflicting)


def counted(log: list[dict[str, str]], rule: str | None) -> tuple[int, int, int]:
    """(events, duplicates, conflicting) of good rows, in plain words."""
    copies: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in log:
        if row["who"] and row["at"] != "never":
            content = tuple(row[c] for c in ("at", "what", "id", "v"))
            by_id = rule is None and row["id"]
            key = ("row", row["place"]) if rule == "off" else ("id", row["id"]) if by_id else ("content", *content)
            copies.setdefault((row["who"], row["at"][:10], *key), []).append(row)
    conflicting = 0
    for found in copies.values():
        kept, *others = sorted(found, key=lambda r: (instant(r["at"]), int(r["place"])))
        conflicting += sum({**o, "place": ""} != {**kept, "place": ""} for o in others)
    return len(copies), sum(map(len, copies.values())) - len(copies), conflicting


class Counting(Summary):
    """A question that remembers how often it was asked of a batch."""

    asked = 0

    def map(self, journeys: Journeys) -> pa.Table:
        Counting.asked += 1
        return super().map(journeys)


def test_what_is_asked_twice_is_counted_once_and_answered_twice(tmp_path: Path) -> None:
    shop = Filling(tmp_path)
    shop.csv("ann,2026-01-15T09:30,view", "bob,2026-01-15T09:30,view")
    asked = [Counting(), Summary(), Counting()]
    found, _ = local.run(asked, shop.store.snapshot(), Scope(as_of=instant(LATER)), threads=1)
    assert Counting.asked == 1
    assert [answer["events"].to_pylist() for answer in found] == [[2], [2], [2]]
