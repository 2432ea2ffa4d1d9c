"""Text that is not UTF-8 is told and read whole, and it is said what it was read as."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.database import Database
from ingest.errors import ConfigError, InputError
from ingest.readers.encodings import checked_encoding
from ingest.readers.sources import RawRows, ReadOptions, read_rows

GERMAN = "id,Straße\n1,Müllergässchen\n2,plain\n3,Österfeld\n"


@pytest.fixture
def db() -> Iterator[Database]:
    with Database(threads=2) as database:
        yield database


@pytest.fixture
def read(db: Database, tmp_path: Path) -> Callable[..., tuple[RawRows, list[tuple[Any, ...]]]]:
    def read(content: bytes, name: str = "a.csv", **options: Any) -> tuple[RawRows, list[tuple[Any, ...]]]:
        path = tmp_path / name
        path.write_bytes(content)
        found = read_rows(db, path, ReadOptions(**options), name=name)
        return found, db.rows(f"select * exclude (row) from {found.relation} order by row")

    return read


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_an_encoding_is_told_and_said(read, encoding):
    found, rows = read(GERMAN.encode(encoding))
    assert found.columns == ("id", "Straße")
    assert rows == [("1", "Müllergässchen"), ("2", "plain"), ("3", "Österfeld")]
    assert found.unreadable.num_rows == 0
    assert encoding.removesuffix("-be").removesuffix("-le") in found.notes[0]


@pytest.mark.parametrize(
    "encoding, text",
    [
        ("cp1251", "Привет мир;покупка\nМосква;корзина\nтовар;просмотр\n"),  # noqa: RUF001
        ("cp1250", "zażółć gęślą jaźń;Łódź\nKraków;książka\n"),
        ("shift_jis", "商品を見る;東京都\n購入しました;大阪\n"),
        ("cp1252", "5 €;café crème\n“quoted”;España\n"),
    ],
)
def test_other_scripts_are_told_from_their_lines(read, encoding, text):
    found, rows = read(f"a;b\n{text}".encode(encoding))
    assert rows == [tuple(line.split(";")) for line in text.splitlines()]
    assert encoding in found.notes[0]


def test_an_umlaut_far_down_costs_no_row(read):
    """The first bytes are ASCII, so the encoding is only found when the row with the umlaut is met."""
    found, rows = read(b"id,name\n" + b"1,x\n" * 50_000 + "2,Müller\n3,Größe\n".encode("latin-1"))
    assert rows[-2:] == [("2", "Müller"), ("3", "Größe")]
    assert (len(rows), found.unreadable.num_rows) == (50_002, 0)
    assert "cp1252" in found.notes[0]


def test_ndjson_and_logs_are_told_too(read):
    assert read('{"a":"Müller"}\n{"a":"x"}\n'.encode("latin-1"), "a.ndjson")[1] == [("Müller",), ("x",)]
    assert read('{"a":"Müller"}\n'.encode("utf-16"), "a.ndjson")[1] == [("Müller",)]


def test_a_utf8_file_with_a_broken_line_is_utf8(read):
    found, rows = read("a,b\n1,Größe\n".encode() + b"2,Gr\xf6\xdfe\n3,x\n")
    assert rows == [("1", "Größe"), ("3", "x")]
    assert found.unreadable.to_pylist() == [
        {"record": 1, "line": 3, "text": "2,Gr\\xf6\\xdfe", "detail": "not valid UTF-8"}
    ]


def test_a_declared_encoding_is_taken_at_its_word_and_not_said(read):
    found, rows = read("a,b\n1,Größe\n".encode("cp850"), encoding="cp850")
    assert (rows, found.notes) == ([("1", "Größe")], ())


def test_bytes_that_are_none_of_the_declared_encoding_say_where(read):
    with pytest.raises(InputError, match=r"a\.csv is not utf-16-le: near byte \d+, .*Set encoding"):
        read("a,b\n1,2\n".encode("utf-16-le") + b"x", encoding="utf-16")


def test_an_encoding_that_is_none_names_the_near_one():
    assert checked_encoding("Latin-1") == "iso8859-1"
    with pytest.raises(ConfigError, match='no encoding "cp12522". Did you mean "cp1252"'):
        checked_encoding("cp12522")
