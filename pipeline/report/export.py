"""A report as files of other formats: what each option of `journeys report export` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from ingest.errors import InputError
from pipeline.atomic_write import publish_bytes
from reports.content.least import LEAST
from reports.content.report import Report
from reports.content.small_cells import guarded
from reports.files.answers import about, answers
from reports.files.suppress import suppressed
from reports.files.teams import TEAMS, for_team
from reports.files.writers import TABLES
from reports.page.page import render

if TYPE_CHECKING:
    import networkx as nx


def export(report: Report, targets: Mapping[str, Path], team: str | None = None) -> list[str]:
    """Write each target (by format) and say what was written. With a team small numbers are hidden. Raises InputError."""
    book = Book(report, team)
    return [line for name, path in targets.items() for line in book.write(name, path)]


class Book:
    """The report, ready to be written: suppressed once, where it is for a team."""

    def __init__(self, report: Report, team: str | None) -> None:
        self.report = report if team is None else for_team(report, team)
        self.team = team
        tables = answers(report)
        self.hidden = 0
        if team is not None:
            pairs = [suppressed(a) for a in tables]
            tables, self.hidden = [a for a, _ in pairs], sum(n for _, n in pairs)
        elif report.strict:
            pairs = [(replace(a, table=t), n) for a in tables for t, n in [guarded(a.table)]]
            tables, self.hidden = [a for a, _ in pairs if a.table.num_rows], sum(n for _, n in pairs)
        self.answers = tables

    def write(self, name: str, path: Path) -> list[str]:
        """One format."""
        if name in ("csv", "parquet"):
            for answer in self.answers:
                save(path / f"{answer.name}.{name}", TABLES[name](answer.table))
            return [f"{path}/ ({len(self.answers)} tables)"]
        data = self.bytes_of(name)
        save(path, data)
        return [f"{path} ({len(data) / 1000:,.0f} kB)"]

    def bytes_of(self, name: str) -> bytes:
        """A format of one file."""
        if name == "xlsx":
            from reports.files.workbook import workbook

            return workbook(self.answers, self.about(), self.report.as_of)
        if name == "markdown":
            from reports.files.brief import brief

            return brief(self.report, guarded=self.team is not None or self.report.strict).encode()
        if name in ("graphml", "mermaid"):
            from reports.files.graphs import graphml, mermaid

            return {"graphml": graphml, "mermaid": mermaid}[name](self.graph())
        from pipeline.report.browser import pictured, printed

        page = (
            render(replace(self.report, segments=()), parts=TEAMS[self.team])
            if self.team
            else render(replace(self.report, segments=()))
        )
        return {"pdf": printed, "png": pictured}[name](page)

    def about(self) -> list[tuple[str, str]]:
        """The head of the workbook."""
        hidden = [
            ("Hidden", f"{self.hidden} cells about fewer than {LEAST} customers, or that would give such a cell away")
        ]
        return [*about(self.report), *(hidden if self.team or self.report.strict else [])]

    def graph(self) -> nx.DiGraph:
        """The edges; without the hidden ones, where it is for a team."""
        from paths.graph.path_graph import graph_of

        edges = next((a.table for a in self.answers if a.name == "steps"), self.report.edges)
        return graph_of(edges.filter(pa.array([n is not None for n in edges["transitions"].to_pylist()], pa.bool_())))


def save(path: Path, data: bytes) -> None:
    """All or nothing; the folder is made."""
    try:
        publish_bytes(path, data)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
