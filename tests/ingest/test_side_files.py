"""Lists of ids, as spreadsheets and mail tools write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ingest.aliases import AliasFile, read_aliases
from ingest.attributes import AttributeFile, read_attributes
from ingest.errors import InputError, MissingInput
from ingest.keys import customer_key
from ingest.side_files import read_ids, read_texts


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"\xef\xbb\xbfc1\r\nc2\r\n", {"c1", "c2"}),
        (b"c1\nc2", {"c1", "c2"}),
        (b"customer_id\nc1\n\n  c2 \n", {"c1", "c2", "  c2 "}),
        (b"\xef\xbb\xbfE-Mail;User ID\r\na@b.c;007\r\n;008\r\n", {"007", "008"}),
        (b'"c1"\n"c,2"\n', {"c1", "c,2"}),
        ("\ufeffc1\r\nc2\r\n".encode("utf-16-le"), {"c1", "c2"}),
        ("müller\nc2\n".encode("latin-1"), {"müller", "c2"}),
        (b"", set()),
        (b"customer_id\n", set()),
    ],
)
def test_a_list_of_ids_is_read_with_the_care_of_a_source(tmp_path: Path, content, expected):
    (tmp_path / "list.txt").write_bytes(content)
    assert read_ids(tmp_path / "list.txt") == expected


def test_a_list_of_which_no_column_is_a_customer_is_refused(tmp_path: Path):
    (tmp_path / "list.csv").write_text("region,plan\nnorth,pro\n")
    with pytest.raises(InputError, match="none of the columns region, plan is named like a customer's id"):
        read_ids(tmp_path / "list.csv")


def test_a_list_that_is_not_there_is_missing(tmp_path: Path):
    with pytest.raises(MissingInput):
        read_ids(tmp_path / "list.csv")


def of_list(path: Path) -> Iterable[str]:
    return read_ids(path)


def of_aliases(path: Path) -> Iterable[str]:
    return read_aliases([AliasFile(files=(path,), alias_id="Other")]).values()


def of_attributes(path: Path) -> Iterable[int]:
    return read_attributes([AttributeFile(files=(path,), columns=("Other",))])["customer_key"].to_pylist()


READERS = [of_list, of_aliases, of_attributes]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "content, ids",
    [
        (b"\xef\xbb\xbfUser ID;Other\r\n007;x\r\n008;y\r\n", ["007", "008"]),
        (b"customer_id\tother\n007\tx\n008\ty\n", ["007", "008"]),
        ("customer-id,OTHER\r\nmüller,x\r\n008,y\r\n".encode("utf-16"), ["müller", "008"]),
        ("customer-id,OTHER\nmüller,x\n008,y\n".encode("cp1252"), ["müller", "008"]),
        (b"customer_id,Other\n12345.0,x\n,y\n777.0,z\n", ["12345", "777"]),
        (b'"customer_id","Other"\n"a,b",x\n', ["a,b"]),
        (b'{"customer_id": 1.10, "Other": "x"}\n{"customer_id": "08", "Other": "y"}\n', ["1.10", "08"]),
        (b"", []),
        (b"customer_id,Other\n", []),
    ],
)
def test_every_side_file_is_read_by_one_reader(
    tmp_path: Path, read: Callable[[Path], Iterable[object]], content: bytes, ids: list[str]
) -> None:
    (tmp_path / "side.txt").write_bytes(content.replace(b"User ID", b"customer_id") if read is not of_list else content)
    expected = [customer_key(customer_id=i) for i in ids] if read is of_attributes else ids
    assert sorted(read(tmp_path / "side.txt"), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("read", [*READERS, lambda path: read_texts(path, {"Other": ("Other",)}, ("Other",))])
@pytest.mark.parametrize(
    "content, said",
    [(b"customer_id,Other\na,x\nb\n", "line 3"), (b"customer_id,Other\n1.0,x\n1e+16,y\n", "beyond 2^53")],
)
def test_a_side_file_that_cannot_be_read_whole_is_refused(
    tmp_path: Path, read: Callable[[Path], object], content: bytes, said: str
) -> None:
    if said == "beyond 2^53" and read not in READERS:
        return  # it reads texts, no ids
    (tmp_path / "side.csv").write_bytes(content)
    with pytest.raises(InputError, match=said.replace("^", r"\^")):
        read(tmp_path / "side.csv")
