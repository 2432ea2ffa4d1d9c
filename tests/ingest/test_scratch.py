"""Temporary data lies in one private folder, which is emptied on start and on end."""

from __future__ import annotations

import gzip
import os
import stat
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from ingest.database import Database
from ingest.errors import ConfigError, LimitMet
from ingest.guess_file import guess_file
from ingest.read_only_sql import SqlLimits, read_only
from ingest.readers.sources import ReadOptions, read_rows
from ingest.scratch import scratch

DEAD = "from ingest.scratch import begin; from pathlib import Path; import os; print(begin(Path({!r}))); os._exit(9)"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder of this test."""
    place = tmp_path / "system"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


@pytest.fixture
def store(tmp_path: Path) -> Path:
    place = tmp_path / "store"
    place.mkdir()
    return place


def test_it_is_private_and_goes_with_the_block(store):
    with scratch(store) as folder:
        assert folder.parent == store / "tmp"
        assert [stat.S_IMODE(p.stat().st_mode) for p in (folder, folder.parent)] == [0o700, 0o700]
        (folder / "ids").write_text("ann")
    assert list(store.iterdir()) == []


def test_what_a_killed_process_left_is_deleted_and_what_another_uses_stays(store):
    left = Path(
        subprocess.run(
            [sys.executable, "-c", DEAD.format(str(store))], capture_output=True, text=True, check=False
        ).stdout.strip()
    )
    (left / "ids").write_text("ann")
    with scratch(store) as first:
        assert not left.exists()
        with scratch(store) as second:
            assert first.exists()
            assert first != second
    assert list(store.iterdir()) == []


def test_without_a_store_it_is_a_folder_of_this_user(temporary, tmp_path):
    with scratch(tmp_path / "no store") as folder:
        assert folder.parent == temporary / f"journeys-{os.getuid()}"
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    assert list(temporary.iterdir()) == []


def test_a_folder_that_somebody_else_can_read_is_not_used(temporary):
    (temporary / f"journeys-{os.getuid()}").mkdir(mode=0o755)
    with scratch() as folder:
        assert folder.parent.parent == temporary
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
        assert folder.parent.name != f"journeys-{os.getuid()}"


def test_what_is_unpacked_leaves_nothing_behind(tmp_path, store, temporary):
    packed = tmp_path / "e.csv.gz"
    packed.write_bytes(gzip.compress(b"user_id,timestamp,event\nann,2026-01-15,a\n" * 3))
    with scratch(store):
        guess_file(packed, ReadOptions(), "e.csv.gz")
        with Database() as db:
            assert db.scratch.parent == store / "tmp"  # inside the block
            read_rows(db, packed)
            assert list(db.scratch.iterdir()) == []
    assert list(store.iterdir()) == list(temporary.iterdir()) == []


SORTED = "select i, hash(i) as h from range(20000000) t(i) order by h"


@pytest.mark.parametrize(
    "sql, limits, named",
    [
        (
            "select count(*) from range(10000000) a, range(10000000) b where hash(a.range + b.range) = 3",
            {},
            "0.3 seconds",
        ),
        (SORTED, {"disk": "20MB", "memory": "100MB", "timeout": timedelta(hours=1)}, "20.0 MB, its limit of disk"),
        (
            "select list(i) from range(100000000) t(i)",
            {"memory": "100MB", "timeout": timedelta(hours=1)},
            "100MB, its limit of memory",
        ),
        (
            "select * from range(20000000)",
            {"memory": "50MB", "timeout": timedelta(hours=1)},
            "answer is larger than 50MB",
        ),
    ],
)
def test_sql_names_the_limit_it_meets_and_leaves_nothing(store, sql, limits, named):
    with pytest.raises(LimitMet, match=named):
        read_only(sql, {}, {}, SqlLimits(**{"timeout": timedelta(milliseconds=300), **limits}), store)
    assert list(store.iterdir()) == []


def test_a_size_that_is_none_is_refused(store):
    with pytest.raises(ConfigError, match='"much" is no size; write a number and its unit, such as 500MB or 2GB'):
        read_only("select 1", {}, {}, SqlLimits(memory="much"), store)
