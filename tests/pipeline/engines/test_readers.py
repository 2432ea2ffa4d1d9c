"""Every kind of file goes through `journeys ingest`, end to end: the same three events, whatever they are written in."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from click.testing import CliRunner

from pipeline.cli import cli

EVENTS = [
    {"user_id": "007", "timestamp": "2024-03-01T10:00:00Z", "event": "view", "price": "9.99"},
    {"user_id": "007", "timestamp": "2024-03-01T10:05:00Z", "event": "purchase", "price": ""},
    {"user_id": "8", "timestamp": "2024-03-01T11:00:00Z", "event": "view", "price": "1"},
]
CSV = "\n".join([",".join(EVENTS[0]), *(",".join(e.values()) for e in EVENTS)]) + "\n"
NDJSON = "".join(json.dumps(e) + "\n" for e in EVENTS)
LOG = "".join(
    f'{ip} - - [01/Mar/2024:{time} +0000] "GET {path} HTTP/1.1" 200 5 "-" "Firefox"\n'
    for ip, time, path in [("1.1.1.1", "10:00:00", "/a"), ("1.1.1.1", "10:05:00", "/b"), ("2.2.2.2", "11:00:00", "/a")]
)


def parquet() -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(EVENTS), target)
    return target.getvalue()


WRITTEN = {
    "csv": CSV.encode(),
    "tsv": CSV.replace(",", "\t").encode(),
    "ndjson": NDJSON.encode(),
    "jsonl": NDJSON.encode(),
    "json": json.dumps(EVENTS, indent=2).encode(),
    "parquet": parquet(),
    "log": LOG.encode(),
}
PACKED = {"": bytes, "gz": gzip.compress, "zst": zstandard.compress}


def ask(root: Path, *words: str, stdin: bytes | None = None) -> list[dict[str, Any]]:
    """A command's rows; it must succeed."""
    done = CliRunner().invoke(cli, ["-C", str(root), *words], input=stdin)
    assert done.exit_code == 0, done.output
    return [json.loads(row) for row in done.stdout.splitlines()]


def check(root: Path, book: dict[str, Any]) -> None:
    assert [book[k] for k in ("rows", "accepted", "duplicates", "quarantined")] == [3, 3, 0, 0]
    (row,) = ask(root, "summary", "-f", "ndjson")
    assert [row[k] for k in ("events", "customers", "sessions")] == [3, 2, 2]
    assert (row["first_event_at"], row["last_event_at"]) == ("2024-03-01T10:00:00Z", "2024-03-01T11:00:00Z")


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("kind", WRITTEN)
def test_a_file_of_every_kind_gives_the_same_events(tmp_path: Path, kind: str, packed: str) -> None:
    path = tmp_path / f"events.{kind}{'.' if packed else ''}{packed}"
    path.write_bytes(PACKED[packed](WRITTEN[kind]))
    (book,) = ask(tmp_path, "ingest", str(path), "-f", "ndjson")
    check(tmp_path, book)
    if kind != "log":
        assert {r["customer_id"] for r in ask(tmp_path, "sessions", "-f", "ndjson")} == {"007", "8"}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("kind", WRITTEN)
def test_standard_input_is_a_file_with_the_name_it_is_given(tmp_path: Path, kind: str, packed: str) -> None:
    name = f"day1/events.{kind}{'.' if packed else ''}{packed}"
    data = PACKED[packed](WRITTEN[kind])
    (book,) = ask(tmp_path, "ingest", "-", "--as-name", name, "-f", "ndjson", stdin=data)
    check(tmp_path, book)
    (again,) = ask(tmp_path, "ingest", "-", "--as-name", name, "-f", "ndjson", stdin=data)
    assert again["rows"] == 0


def test_standard_input_is_told_by_its_content_and_may_be_described(tmp_path: Path) -> None:
    (tmp_path / "journeys.toml").write_text(
        '[[source]]\nname = "app"\ncolumns = { event_at = "timestamp", event = "event", customer_id = "user_id" }\n'
    )
    (book,) = ask(tmp_path, "ingest", "-", "-f", "ndjson", stdin=WRITTEN["json"])
    assert book["source"] == "app"
    check(tmp_path, book)
    (more,) = ask(
        tmp_path,
        "ingest",
        "-",
        "--source",
        "app",
        "--as-name",
        "b",
        "-f",
        "ndjson",
        stdin=CSV.replace(":00Z", ":30Z").encode(),
    )
    assert more["accepted"] == 3


def test_rows_of_standard_input_are_quarantined_under_its_name(tmp_path: Path) -> None:
    ask(tmp_path, "ingest", "-", "--as-name", "pipe.csv", "-f", "ndjson", stdin=CSV.encode() + b"9,never,view,1\n")
    (row,) = ask(tmp_path, "quarantine", "--rows", "-f", "ndjson")
    assert (row["input"], row["reason"]) == ("pipe.csv", "bad_timestamp")


def test_the_order_of_loads_changes_nothing_for_what_is_named(tmp_path: Path) -> None:
    """Two inputs with an event at one instant: their names decide, not which came first."""
    row = "user_id,timestamp,event\n1,2024-03-01,{}\n"
    paths = []
    for order in ((1, 2), (2, 1)):
        root = tmp_path / str(order[0])
        root.mkdir()
        for n in order:
            ask(
                root, "ingest", "-", "--as-name", f"part{n}.csv", "-f", "ndjson", stdin=row.format(f"event{n}").encode()
            )
        paths.append(ask(root, "paths", "-f", "ndjson"))
    assert paths[0] == paths[1]
    assert ("event1", "event2") in {(r["source"], r["target"]) for r in paths[0]}


def test_a_real_pipe(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from pipeline.cli import cli; cli()",
        "-C",
        str(tmp_path),
        "ingest",
        "-",
        "--as-name",
        "a.json.gz",
    ]
    done = subprocess.run(command, input=gzip.compress(WRITTEN["json"]), capture_output=True, check=True)
    assert json.loads(done.stdout)["accepted"] == 3


@pytest.mark.parametrize("packed, lost", [("gz", 9), ("zst", 5)])
def test_what_was_cut_off_on_the_way_loads_nothing(tmp_path: Path, packed: str, lost: int) -> None:
    cut = PACKED[packed](CSV.encode() * 999)[:-lost]
    done = CliRunner().invoke(cli, ["-C", str(tmp_path), "ingest", "-", "--as-name", "a.csv.gz"], input=cut)
    assert done.exit_code == 1
    assert "a.csv.gz" in done.output
