"""report: answers that a reader opens without a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.ask import opened, words
from pipeline.cli.options import ProjectOptions, ScopeOptions, project_options, question_options

if TYPE_CHECKING:
    from pipeline.project import Project


@click.group()
def report() -> None:
    """Build the report: one offline HTML file.

    \b
    Example:
      journeys report build -o report
    """


@report.command("build")
@click.option(
    "-o",
    "--output",
    "folder",
    default="report",
    show_default=True,
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder to write index.html into; made if it is not there.",
)
@click.option(
    "--compare",
    type=click.Choice(["previous", "none"]),
    default="previous",
    show_default=True,
    help="With as many days just before, or with nothing.",
)
@project_options
@question_options
def build(folder: Path, compare: str, project: ProjectOptions, scope: ScopeOptions) -> None:
    """Write DIR/index.html: one file, nothing fetched, to open or to send.

    Without --since and --until it is about the 28 days before --as-of.

    \b
    Example:
      journeys report build -o report
      journeys report build -o report --since 2024-05-01 --until 2024-06-01 --compare none
    """
    write_report(opened(project), folder, words(scope), compare=compare == "previous")


def write_report(project: Project, folder: Path, period: Mapping[str, Any], *, compare: bool = True) -> Path:
    """Build the report into `folder` and say so; raises MissingInput or InputError where it cannot be written."""
    from ingest.errors import InputError
    from pipeline.cli.output import say, warn, write_atomic
    from pipeline.project import Period
    from pipeline.report import gather
    from reports.page import render

    found, _ = gather(project, Period(**period), compare=compare)
    for message in found.warnings:
        warn(message)
    page = render(found)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror or error}") from error
    target = folder / "index.html"
    write_atomic(target, lambda file: file.write(page))
    say(f"wrote {target} ({len(page) / 1000:,.0f} kB); open it in a browser")
    return target
