"""A report as files: typed, inert, the same numbers; and nothing small for another team."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from pipeline.cli import cli
from pipeline.report.export import Book
from reports.content.least import LEAST
from reports.files.answers import Answer, answers
from reports.files.brief import brief, text
from reports.files.suppress import hide, suppressed
from reports.files.teams import TEAMS, for_team
from reports.files.workbook import workbook
from reports.files.writers import csv_bytes
from reports.formatting import named
from tests.reports.shop import hostile, hostile_report

NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def sheets(data: bytes) -> dict[str, list[list[object]]]:
    """Every cell of a workbook, read without the library that wrote it."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        strings = [
            "".join(t.text or "" for t in s.iter(f"{{{NS['m']}}}t"))
            for s in ElementTree.fromstring(book.read("xl/sharedStrings.xml")).findall("m:si", NS)
        ]
        names = [
            s.get("name", "") for s in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{{{NS['m']}}}sheet")
        ]
        found = {}
        for i, name in enumerate(names, 1):
            page = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{i}.xml"))
            assert not list(page.iter(f"{{{NS['m']}}}f")), "a formula"
            assert not list(page.iter(f"{{{NS['m']}}}hyperlink"))
            found[name] = [
                [
                    strings[int(v)] if c.get("t") == "s" else float(v)
                    for c in row
                    if (v := c.findtext("m:v", None, NS)) is not None
                ]
                for row in page.iter(f"{{{NS['m']}}}row")
            ]
    return found


def answer(name: str, report: object = None) -> Answer:
    return next(a for a in answers(hostile_report()) if a.name == name)


def test_the_workbook_has_a_sheet_a_table_and_no_formula() -> None:
    report = hostile_report()
    book = Book(report, None)
    found = sheets(book.bytes_of("xlsx"))
    assert list(found) == ["about", *(a.name for a in answers(report))]
    assert {
        "overview",
        "weeks",
        "funnel",
        "leaks",
        "steps",
        "first_steps",
        "carts",
        "hours",
        "changes",
        "rows",
    } <= found.keys()
    assert found["leaks"][0][:3] == ["touchpoint", "customers", "visits"]
    assert found["leaks"][1][2] == report.dropoff["visits"][0].as_py()
    assert book.bytes_of("xlsx") == Book(report, None).bytes_of("xlsx")


def test_headings_are_frozen_and_text_that_looks_like_a_formula_is_text() -> None:
    table = pa.table({"place": ["=1+1", "@SUM(A1)", "https://a.example", "0012"], "n": [1, 2, 3, 4]})
    data = workbook([Answer(name="x", title="x", table=table, command="")], [], 0)
    assert [r[0] for r in sheets(data)["x"]] == ["place", "=1+1", "@SUM(A1)", "https://a.example", "0012"]
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b'state="frozen"' in book.read("xl/worksheets/sheet2.xml")


def test_a_csv_cell_that_a_spreadsheet_would_run_is_defused() -> None:
    rows = list(
        csv.reader(
            io.StringIO(
                csv_bytes(pa.table({"a": ["=1+1", "-2", "plain", None], "n": [-1.5, 2, 3, 4]})).decode("utf-8-sig")
            )
        )
    )
    assert rows == [["a", "n"], ["'=1+1", "-1.5"], ["'-2", "2.0"], ["plain", "3.0"], ["", "4.0"]]


def test_a_count_below_ten_is_hidden_with_what_follows_from_it_and_with_the_next_smallest_part() -> None:
    row = {
        "touchpoint": "a",
        "customers": 40,
        "visits": 60,
        "sessions": 50,
        "drop_off": 30,
        "returned": 3,
        "lost": 15,
        "in_progress": 12,
    }
    assert hide(answer("leaks"), row) == {"returned", "returned_at", "in_progress"}
    assert hide(answer("leaks"), row | {"returned": 0, "lost": 18}) == set()
    assert hide(answer("leaks"), row | {"drop_off": 9, "returned": 0, "lost": 9, "in_progress": 0}) >= {
        "drop_off",
        "drop_off_rate",
        "lost",
        "leak",
    }
    assert {"sessions", "visits", "customers", "lost"} <= hide(answer("leaks"), row | {"customers": 9})


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30)), max_size=5))
def test_no_hidden_part_can_be_worked_out_from_its_sum(rows: list[tuple[int, int, int]]) -> None:
    parts = ("returned", "lost", "in_progress")
    table = pa.Table.from_pylist(
        [dict(zip(parts, r, strict=True)) | {"drop_off": sum(r)} for r in rows] or [{"drop_off": 0}]
    )
    spec = Answer(name="x", title="", table=table, command="", counts=("drop_off", *parts), together=(parts,))
    kept, _ = suppressed(spec)
    for row in kept.table.to_pylist():
        hidden = [p for p in parts if row.get(p, 0) is None]
        assert not any(row.get(c) is not None and 0 < row[c] < LEAST for c in spec.counts if c in row)
        assert len(hidden) != 1 or row["drop_off"] is None


def test_nothing_about_fewer_than_ten_customers_leaves_for_another_team(tmp_path: Path) -> None:
    book = Book(hostile_report(), "product")
    assert book.hidden
    for found in book.answers:
        for row in found.table.to_pylist():
            assert not [c for c in found.counts if row.get(c) is not None and 0 < row[c] < LEAST], (found.name, row)
    said = dict(book.about())["Hidden"]
    assert said.startswith(f"{book.hidden} cells about fewer than 10 customers")


def test_a_team_is_shown_its_sections_without_small_places() -> None:
    report = hostile_report()
    assert report.nodes is not None
    nodes = report.nodes.to_pylist()
    few = nodes[0]["node"]
    small = replace(
        report, nodes=pa.Table.from_pylist([nodes[0] | {"customers": 3}, *nodes[1:]], schema=report.nodes.schema)
    )
    shown = for_team(small, "service")
    assert few not in shown.dropoff["touchpoint"].to_pylist()
    assert few not in {
        *shown.flows["source"].to_pylist(),
        *shown.flows["target"].to_pylist(),
        *shown.edges["source"].to_pylist(),
    }
    assert sum(shown.flows["sessions"].to_pylist()) == sum(report.flows["sessions"].to_pylist())
    assert shown.warnings[0].endswith("1 place.")
    assert all(set(parts) >= {"facts", "findings", "tiles"} for parts in TEAMS.values())


def test_the_brief_says_findings_numbers_and_leaks_and_no_name_is_markup() -> None:
    report = hostile_report()
    found = brief(report)
    assert found.startswith("# \\<i\\>shop o'(e-mail)")
    assert all(f"**{head}.**" in found for head in ("Largest leak", "What changed", "Look first"))
    assert report.commands["report"] in found
    assert not re.search(r"(?<!\\)<(?!\s)", found.replace(report.commands["report"], ""))
    assert text(named("**a|b**[c](d)")) == r"\*\*a\|b\*\*\[c\](d)"


def test_a_guarded_brief_leaves_small_counts_out() -> None:
    guarded = brief(hostile_report(), guarded=True)
    whole = brief(hostile_report())
    top = hostile_report().dropoff.to_pylist()[0]
    assert f"{top['lost']} lost" in whole
    if any(0 < top[k] < LEAST for k in ("lost", "returned", "in_progress")):
        assert f"{top['lost']} lost" not in guarded


def run(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(cli, ["report", "export", "-C", str(hostile().directory), *arguments])
    return found.exit_code, found.output


def test_one_command_writes_all_formats(tmp_path: Path) -> None:
    words = [w for f in ("xlsx", "markdown", "graphml", "mermaid") for w in (f"--{f}", str(tmp_path / f"deep/r.{f}"))]
    code, said = run(*words, "--csv", str(tmp_path / "csv"), "--parquet", str(tmp_path / "parquet"))
    assert code == 0, said
    assert {p.name for p in (tmp_path / "deep").iterdir()} == {"r.xlsx", "r.markdown", "r.graphml", "r.mermaid"}
    names = {a.name for a in answers(hostile_report())}
    assert {p.stem for p in (tmp_path / "csv").iterdir()} == {p.stem for p in (tmp_path / "parquet").iterdir()} == names
    assert (
        parquet.read_table(tmp_path / "parquet" / "carts.parquet")["episodes"].to_pylist()
        == answer("carts").table["episodes"].to_pylist()
    )


def test_markdown_can_be_printed_and_no_file_is_a_mistake() -> None:
    code, said = run("--markdown", "-")
    assert (code, "**Largest leak.**" in said) == (0, True)
    code, said = run()
    assert (code, "--xlsx" in said) == (2, True)


def test_without_chromium_pdf_says_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    code, said = run("--pdf", str(tmp_path / "r.pdf"))
    assert (code, "none on the PATH" in said) == (4, True)
