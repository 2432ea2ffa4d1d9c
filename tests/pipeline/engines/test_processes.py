"""Helper processes: the same answers, whoever counts; and nobody waits for one that is gone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.compiled import Choice
from ingest.store.event_store import Snapshot
from paths.dropoff.dropoff import DropOff
from paths.funnels.funnel import Funnel
from paths.graph.transitions import Transitions
from paths.journeys.journeys import Journeys
from paths.overview.summary import Summary
from pipeline.engines import local
from pipeline.engines import processes as helpers
from pipeline.engines.processes import Helper, Team, Undone, divided
from tests.builder import scope_of, step, store_of
from tests.pipeline.engines import tasks

ANALYSES = (Summary(), Transitions(), DropOff(), Funnel(steps=(step("a"), step("b")), by="day"))


@pytest.fixture(autouse=True)
def team(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Team, "always", True)
    yield
    Team.stop()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A hundred customers on forty days."""
    lines = [
        f"c{i % 100},2026-01-{1 + i // 50 % 31:02} {i % 24:02}:{i % 60:02}:00,{'abc'[i % 3]}" for i in range(1_600)
    ]
    file = tmp_path_factory.mktemp("raw") / "log.csv"
    file.write_text("\n".join(["who,time,what", *lines]) + "\n")
    return store_of(tmp_path_factory.mktemp("store"), file, customer_id="who", event_at="time", event="what")[0]


def pid_of(helper: Helper) -> int:
    return helper.do(tasks.pid, iter(()))


@pytest.mark.parametrize("since", [None, "2026-01-20"])
@pytest.mark.parametrize("threads", [2, 3])
def test_the_answers_are_equal_whoever_counts(
    snapshot: Snapshot, since: str | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scope = scope_of(since=since, as_of="2026-01-31 12:00") if since else scope_of()
    helped, done = local.run(ANALYSES, snapshot, scope, threads=threads)
    assert len(Team._helpers) == threads - 1
    monkeypatch.setattr(Team, "always", False)
    alone, expected = local.run(ANALYSES, snapshot, scope, threads=threads)
    assert helped == alone
    assert (done.read, done.batches, done.skipped) == (expected.read, expected.batches, expected.skipped)


def test_a_helper_is_asked_for_once_a_process_has_asked_enough(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Team, "always", None)
    monkeypatch.setattr(Choice, "asked", 0)
    monkeypatch.setattr(helpers, "WORTH", 2 * snapshot.rows)
    monkeypatch.setattr(helpers, "SMALL", snapshot.rows)
    local.run([Summary()], snapshot, scope_of(), threads=2)
    assert Team._helpers == ()
    local.run([Summary()], snapshot, scope_of(), threads=2)
    assert len(Team._helpers) == 1


def test_a_small_pass_goes_without_help(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Team, "always", None)
    monkeypatch.setattr(Choice, "asked", helpers.WORTH)
    local.run(ANALYSES, snapshot, scope_of(), threads=2)
    assert Team._helpers == ()


def test_a_system_without_room_for_a_process_does_without(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    (expected,), _ = local.run([Summary()], snapshot, scope_of(), threads=1)

    def refused(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(helpers.subprocess, "Popen", refused)
    (answer,), _ = local.run([Summary()], snapshot, scope_of(), threads=2)
    assert answer == expected
    assert Team._helpers == ()


def test_one_thread_needs_no_helper(snapshot: Snapshot) -> None:
    local.run([Summary()], snapshot, scope_of(), threads=1)
    assert Team._helpers == ()


def test_a_helper_stays_for_the_next_pass_and_a_killed_one_is_replaced(snapshot: Snapshot) -> None:
    (expected,), _ = local.run([Summary()], snapshot, scope_of(), threads=2)
    (helper,) = Team._helpers
    first = pid_of(helper)
    local.run([Summary()], snapshot, scope_of(), threads=2)
    assert pid_of(Team._helpers[0]) == first != os.getpid()
    os.kill(first, signal.SIGKILL)
    (answer,), _ = local.run(
        [Summary()], snapshot, scope_of(), threads=2
    )  # it may be asked before it is known to be gone
    assert answer == expected
    local.run([Summary()], snapshot, scope_of(), threads=2)
    assert pid_of(Team._helpers[0]) != first


def test_what_a_helper_cannot_do_is_done_here() -> None:
    found = divided(list, lambda pieces: ["no process knows this", *pieces], [1, 2, 3], 2, 1)
    assert sorted(n for result in found for n in result) == [1, 2, 3]


def test_every_piece_is_done_once_whoever_is_ready() -> None:
    found = divided(list, tasks.seen, range(200), 3, 1)
    assert sorted(n for result in found for n in result) == list(range(200))


def test_the_pieces_of_a_helper_that_dies_are_done_here() -> None:
    found = divided(tasks.slowly, tasks.dying, range(6), 2, 1)
    assert sorted(n for result in found for n in result) == list(range(6))


def test_an_error_here_leaves_the_rest_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Team, "always", False)
    with pytest.raises(ZeroDivisionError):
        divided(tasks.broken, tasks.broken, range(1000), 2, 1)


def test_what_a_helper_does_not_know_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    helper = Helper()
    monkeypatch.setattr(helpers.pickle, "dumps", lambda work, protocol=5: b"cnowhere\nnothing\n.")
    with pytest.raises(Undone):
        helper.do(tasks.pid, iter(()))
    monkeypatch.undo()
    assert pid_of(helper) > 0  # and it still answers
    helper.stop()


def test_what_a_helper_raises_is_raised_here() -> None:
    helper = Helper()
    with pytest.raises(ZeroDivisionError):
        helper.do(tasks.broken, iter([1]))
    assert helper.do(tasks.seen, iter([7, 2])) == [7, 2]
    helper.stop()
    assert not helper.runs


def test_what_a_library_prints_is_no_answer() -> None:
    helper = Helper()
    assert helper.do(tasks.noisy, iter([3, 4])) == [3, 4]
    helper.stop()


@pytest.mark.parametrize("shown", [True, False])
def test_nothing_in_the_working_folder_is_ever_imported_by_a_helper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shown: bool
) -> None:
    for name in ("sitecustomize", "usercustomize", "numpy", "secrets", "pickle", "ingest"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'RUN')!r}, 'w').write('this ran')")
    monkeypatch.chdir(tmp_path)
    if shown:  # as `python -m` and an empty part of PYTHONPATH do
        monkeypatch.setenv("PYTHONPATH", f".{os.pathsep}{tmp_path}")
        monkeypatch.setattr(sys, "path", ["", ".", str(tmp_path), *sys.path])
    helper = Helper()
    assert helper.do(tasks.seen, iter([7, 2])) == [7, 2]
    assert not {"", ".", str(tmp_path)} & set(helper.do(tasks.path, iter(())))
    helper.stop()
    assert not (tmp_path / "RUN").exists()


def test_an_interrupt_from_the_keyboard_is_not_for_a_helper() -> None:
    helper = Helper()
    os.kill(pid_of(helper), signal.SIGINT)
    assert pid_of(helper) > 0
    helper.stop()


def test_who_is_interrupted_while_a_helper_answers_does_not_take_its_answer_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    helper = Helper()
    assert pid_of(helper)

    def interrupted(pipe: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(helpers, "received", interrupted)
    with pytest.raises(KeyboardInterrupt):
        helper.do(tasks.pid, iter(()))
    assert not helper.runs


def test_a_helper_ends_with_the_process_that_it_helps() -> None:
    helper = Helper()
    assert pid_of(helper)
    assert helper._process.stdin is not None
    helper._process.stdin.close()
    assert helper._process.wait(10) == 0
    helper.stop()


class Asking(Summary):
    """Runs a pass inside a pass."""

    def map(self, journeys: Journeys) -> pa.Table:
        with Team.of(1, 1) as team:
            assert team == ()
        return super().map(journeys)


def test_helpers_help_one_pass_at_a_time(snapshot: Snapshot) -> None:
    local.run([Asking()], snapshot, scope_of(), threads=2)
