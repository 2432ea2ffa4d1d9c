"""Packed files that become too large: named, set aside, and nothing of them stays."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest

from ingest.database import Database
from ingest.errors import InputError
from ingest.readers import archives
from ingest.readers.sources import ReadOptions, read_rows
from tests.desk import Desk

LINE = b"a,2026-01-01,view\n"
HEAD = b"user_id,timestamp,event\n"


def packed(folder: Path, kind: str, rows: int) -> Path:
    """A file of that many equal rows, which packs to nearly nothing."""
    content = HEAD + LINE * rows
    path = folder / f"bomb.csv.{kind}"
    if kind == "gz":
        path.write_bytes(gzip.compress(content))
    elif kind == "zst":
        path.write_bytes(bytes(pa.compress(content, "zstd", asbytes=True)))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.csv", content)
    return path


@pytest.mark.parametrize("kind", ["gz", "zst", "zip"])
def test_what_a_packed_file_may_become_is_bounded_and_named(tmp_path: Path, kind: str) -> None:
    path = packed(tmp_path, kind, 200_000)
    with Database(threads=1) as db:
        with pytest.raises(InputError, match=r"unpacks to more than 1.0 MB.*\[store\] unpacked"):
            read_rows(db, path, ReadOptions(unpacked=1_000_000))
        assert not list(db.scratch.iterdir())
        assert read_rows(db, path, ReadOptions(unpacked=4_000_000)).columns == ("user_id", "timestamp", "event")


def test_half_of_what_is_free_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = archives.shutil._ntuple_diskusage(10, 8, 3_000_000)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: usage)
    with Database(threads=1) as db, pytest.raises(InputError, match="1.5 MB, half of what is free"):
        read_rows(db, packed(tmp_path, "gz", 200_000))


def test_a_workbook_is_judged_by_what_it_says_of_itself(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/workbook.xml", b" " * 2_000_000)
    with Database(threads=1) as db, pytest.raises(InputError, match=r"unpacks to more than 1.0 MB"):
        read_rows(db, tmp_path / "b.xlsx", ReadOptions(unpacked=10_000_000))


def test_a_bomb_is_set_aside_and_the_others_are_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    desk = Desk(tmp_path)
    desk.file("journeys.toml", '[store]\nunpacked = "1MB"\n')
    desk.file("good.csv", HEAD + LINE)
    packed(tmp_path, "gz", 200_000)
    found = desk.call("ingest", "good.csv", "bomb.csv.gz")
    assert found.exit_code == 4
    assert "bomb.csv.gz unpacks to more than 1.0 MB" in found.stderr
    assert desk.sql("count(*)", "1") == [(1,)]
    assert not (tmp_path / "store" / "tmp").exists()
