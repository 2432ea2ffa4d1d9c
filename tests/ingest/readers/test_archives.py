"""ZIP archives: each file in one is an input of its own."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from ingest.database import Database
from ingest.errors import InputError, MissingInput
from ingest.readers.files import content_hash, stamp_of
from ingest.readers.sources import expand, read_rows

CSV = b"id,event\n1,view\n"


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def rows(path: Path) -> list[tuple[str, ...]]:
    with Database(threads=1) as db:
        return db.rows(f"select * exclude (row) from {read_rows(db, path).relation} order by row")


def test_an_archive_of_one_file_is_that_file(tmp_path):
    path = packed(tmp_path / "a.zip", {"x.csv": CSV, "__MACOSX/._x.csv": b"junk"})
    assert expand(["*.zip"], tmp_path) == [path]
    assert rows(path) == [("1", "view")]


def test_each_of_several_files_is_an_input(tmp_path):
    path = packed(tmp_path / "a.zip", {"in/x.csv": CSV, "in/y.csv.gz": gzip.compress(CSV), "in/": b""})
    found = expand(["*.zip"], tmp_path)
    assert found == [path / "in/x.csv", path / "in/y.csv.gz"]
    assert [rows(member) for member in found] == [[("1", "view")]] * 2
    assert stamp_of(found[0]) == stamp_of(path)
    (tmp_path / "x.csv").write_bytes(CSV)
    assert content_hash(found[0]) == content_hash(tmp_path / "x.csv")


def test_an_archive_in_an_archive_is_refused_with_words(tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.csv", CSV)
    with pytest.raises(InputError, match="inner.zip is a ZIP archive in a ZIP archive. Unpack the outer one"):
        rows(packed(tmp_path / "a.zip", {"inner.zip": inner.getvalue()}))


def test_damaged_and_absent_members_say_so(tmp_path):
    path = packed(tmp_path / "a.zip", {"x.csv": CSV, "y.csv": CSV})
    with pytest.raises(MissingInput, match=r"There is no z\.csv in .*a\.zip; it holds x\.csv, y\.csv"):
        rows(path / "z.csv")
    (tmp_path / "b.csv").write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="ZIP archive that holds 2 files. Name it .zip"):
        rows(tmp_path / "b.csv")
    whole = packed(tmp_path / "c.zip", {"x.csv": CSV * 1000}).read_bytes()
    (tmp_path / "c.zip").write_bytes(whole[:60] + b"\x00" * 8 + whole[68:])
    with pytest.raises(InputError, match="is damaged"):
        rows(tmp_path / "c.zip")
