"""kill -9 at named points and at random times: after a plain run again nothing is lost, nothing is there twice, nothing is left over."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.filling import Filling

HEADER = "who,at,what\n"

# A process that kills itself at the named point of its second load, as a power cut would.
VICTIM = """
import os, signal, sys
from pathlib import Path
import deltalake
from ingest import load
from ingest.loading import merge
from ingest.store import delta, event_store
from tests.filling import Filling

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def after(holder, name, times=1):
    plain, left = getattr(holder, name), [times]
    def patched(*args, **kwargs):
        found = plain(*args, **kwargs)
        left[0] -= 1
        if left[0] == 0:
            die()
        return found
    setattr(holder, name, patched)

def before(holder, name):
    setattr(holder, name, die)

point = sys.argv[2]
{point}
shop = Filling(Path(sys.argv[1]))
shop.take(*(shop.file(p.name, p.read_bytes()) for p in sorted((Path(sys.argv[1]) / "raw").iterdir())))
"""

POINTS = {
    "after staging": 'after(load, "stage_all")',
    "while the journal is written": 'before(event_store.json, "dump")',
    "after the journal": 'after(event_store.EventStore, "begin")',
    "while the quarantine is written": 'after(delta.pq, "write_table")',
    "before the quarantine is committed": 'before(delta, "AddAction")',
    "after the quarantine": 'after(load.Quarantine, "append")',
    "after the first span": 'after(merge, "sealed_file")',
    "after all files": 'after(load, "merge")',
    "before the commit": 'before(event_store.EventStore, "commit")',
    "after the commit": 'after(event_store.EventStore, "commit")',
    "after the journal is gone": 'after(Path, "unlink")',
    "after everything": 'after(load, "_load")',
}


QUICK = ("after the quarantine", "before the commit", "after the commit")
"""The points that every build tries; the others are for `make faults`."""


def first_files(shop: Filling) -> None:
    shop.take(
        shop.file(
            "a.csv",
            HEADER
            + "".join(f"c{i % 5},2026-01-{10 + i % 4}T{i % 24:02}:00,e{i % 3}\n" for i in range(60))
            + "x,never,a\n",
        )
    )


def second_files(shop: Filling) -> None:
    shop.file(
        "b.csv",
        HEADER + "".join(f"c{i % 5},2026-01-{12 + i % 4}T{i % 24:02}:00,e{i % 3}\n" for i in range(60)) + "y,never,a\n",
    )
    shop.file("c.csv", HEADER + "d,2026-01-12,a\n,2026-01-12,a\n")


def load_all(shop: Filling) -> None:
    shop.take(*(shop.file(p.name, p.read_bytes()) for p in sorted((shop.root / "raw").iterdir())))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Filling:
    shop = Filling(tmp_path_factory.mktemp("undisturbed"))
    first_files(shop)
    second_files(shop)
    load_all(shop)
    return shop


def same(shop: Filling, other: Filling) -> None:
    """The same store, row for row, and nothing beside it."""
    assert shop.orphans() == []
    assert shop.table().equals(other.table())
    faults = ("source", "input", "record", "line", "reason", "detail", "raw")
    assert shop.bad(*faults) == other.bad(*faults)
    snapshot, expected = shop.store.snapshot(), other.store.snapshot()
    assert (snapshot.rows, snapshot.rows_read) == (expected.rows, expected.rows_read)


@pytest.mark.parametrize("point", [p if p in QUICK else pytest.param(p, marks=pytest.mark.faults) for p in POINTS])
def test_killed_at_a_point_and_run_again_is_as_if_nothing_had_happened(tmp_path, undisturbed, point):
    shop = Filling(tmp_path)
    first_files(shop)
    before = shop.table()
    second_files(shop)
    script = VICTIM.replace("{point}", POINTS[point])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path), point],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    seen = shop.table()  # a reader sees all of the load, or nothing of it
    assert seen.equals(before) or seen.equals(undisturbed.table())
    load_all(shop)
    same(shop, undisturbed)


def test_killed_before_there_was_a_store(tmp_path):
    shop = Filling(tmp_path)
    second_files(shop)
    script = VICTIM.replace("{point}", POINTS["before the commit"])
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), "x"], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    load_all(shop)
    assert (len(shop.events("event")), shop.orphans()) == (61, [])


def test_a_full_disk_leaves_the_store_as_it_was(tmp_path, undisturbed, monkeypatch):
    from ingest.loading import merge

    shop = Filling(tmp_path)
    first_files(shop)
    before = shop.table()
    second_files(shop)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(merge, "sealed_file", full)
        with pytest.raises(OSError, match="No space left"):
            load_all(shop)
    assert shop.table().equals(before)
    load_all(shop)
    same(shop, undisturbed)


@pytest.mark.faults
def test_killed_at_random_times_and_run_again_is_as_if_nothing_had_happened(tmp_path):
    """Twenty kills of `journeys ingest` over one growing inbox, each followed by the next start."""
    rng = random.Random(11)
    inbox = tmp_path / "shop" / "inbox"
    inbox.mkdir(parents=True)
    (tmp_path / "shop" / "journeys.toml").write_text(
        '[[source]]\nname = "events"\npath = "inbox/*.csv"\ncolumns = { customer_id = "who", event_at = "at", event = "what" }\n'
    )
    command = [sys.executable, "-c", "from pipeline.cli import cli; cli()", "-C", str(tmp_path / "shop"), "ingest"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for kill in range(20):
        rows = [
            f"c{rng.randrange(50)},2026-01-{1 + rng.randrange(28):02}T{rng.randrange(24):02}:{rng.randrange(60):02},e{rng.randrange(5)}"
            for _ in range(400)
        ]
        (inbox / f"{kill}.csv").write_text(HEADER + "\n".join([*rows, f"x,never,{kill}"]) + "\n")
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        ) as process:
            time.sleep(rng.uniform(0.8, 4.0))
            process.kill()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    whole = Filling(tmp_path / "whole")
    whole.take(*(whole.file(p.name, p.read_bytes()) for p in sorted(inbox.iterdir())))
    shop = Filling(tmp_path / "shop")
    found, expected = (s.table().drop_columns(["recorded_input"]) for s in (shop, whole))
    assert found.equals(expected)
    assert sorted(shop.bad("raw")) == sorted(whole.bad("raw"))
    assert shop.orphans() == []
