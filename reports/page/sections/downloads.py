"""Downloads: the commands that write the numbers of the page as files."""

from __future__ import annotations

import shlex

from reports.content.report import Report
from reports.formatting import plain


def downloads(report: Report) -> list[tuple[str, str]]:
    """(what it is, the command)."""
    words = shlex.split(report.commands["report"])[5:]  # behind: journeys report build -o report

    def spoken(*command: str) -> str:
        return plain(shlex.join(["journeys", *command, *words]), 600)

    return [
        ("Workbook", spoken("report", "export", "--xlsx", "report.xlsx")),
        ("For mail or chat", spoken("report", "export", "--markdown", "report.md")),
        ("Tables", spoken("report", "export", "--parquet", "tables")),
        ("On paper", spoken("report", "export", "--pdf", "report.pdf")),
        ("The path graph", spoken("graph", "-o", "paths.graphml")),
        ("For a wiki", spoken("graph", "-o", "paths.mmd")),
    ]
