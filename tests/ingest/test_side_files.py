"""Lists of ids, as spreadsheets and mail tools write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import InputError, MissingInput
from ingest.side_files import read_ids


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"\xef\xbb\xbfc1\r\nc2\r\n", {"c1", "c2"}),
        (b"c1\nc2", {"c1", "c2"}),
        (b"customer_id\nc1\n\n  c2 \n", {"c1", "c2"}),
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
