"""report: answers that a reader opens without a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import opened, words
from pipeline.cli.options import ProjectOptions, ScopeOptions, project_options, question_options

if TYPE_CHECKING:
    from pipeline.api import Project
    from reports.content.report import Report

TEAM = click.option(
    "--team",
    type=click.Choice(["marketing", "sales", "service", "product"]),
    help="For one team: its sections, without touchpoints of fewer than 10 customers.",
)
COMPARE = click.option(
    "--compare",
    type=click.Choice(["previous", "none"]),
    default="previous",
    show_default=True,
    help="Compare with as many days just before, or with nothing.",
)
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def report() -> None:
    """Build the report: one offline HTML file, and its numbers as files.

    \b
    Example:
      journeys report build -o report
      journeys report export --xlsx report.xlsx
    """


@report.command("build")
@click.option(
    "-o",
    "--output",
    "folder",
    default="report",
    show_default=True,
    metavar="DIR",
    type=FOLDER,
    help="The folder to write index.html into; made if it is not there.",
)
@COMPARE
@TEAM
@click.option(
    "--assets",
    type=click.Choice(["inside", "directory"]),
    default="inside",
    show_default=True,
    help="Style and script inside the file, or beside it in assets/.",
)
@project_options
@question_options
def build(
    folder: Path, compare: str, team: str | None, assets: str, project: ProjectOptions, scope: ScopeOptions
) -> None:
    """Write DIR/index.html: one file, nothing fetched, to open or to send.

    Without --since and --until it is about the 28 days before --as-of.

    \b
    Example:
      journeys report build -o report
      journeys report build -o report --since 2024-05-01 --until 2024-06-01 --compare none
    """
    found = gathered(opened(project), words(scope), compare)
    write_page(found, folder, team=team, beside=assets == "directory")


@report.command("export")
@click.option("--xlsx", type=FILE, metavar="FILE", help="A workbook: a sheet per table, typed cells, no formulas.")
@click.option(
    "--markdown", type=FILE, metavar="FILE", help="Findings, main numbers and leaks, for mail or chat; - prints it."
)
@click.option("--csv", type=FOLDER, metavar="DIR", help="A CSV file per table, safe for spreadsheets.")
@click.option("--parquet", type=FOLDER, metavar="DIR", help="A Parquet file per table.")
@click.option("--graphml", type=FILE, metavar="FILE", help="The path graph.")
@click.option("--mermaid", type=FILE, metavar="FILE", help="The path graph as text, for a wiki.")
@click.option("--pdf", type=FILE, metavar="FILE", help="The page on A4; needs chromium.")
@click.option("--png", type=FILE, metavar="FILE", help="The top of the page as a picture; needs chromium.")
@COMPARE
@TEAM
@project_options
@question_options
def export(
    compare: str, team: str | None, project: ProjectOptions, scope: ScopeOptions, **targets: Path | None
) -> None:
    """Write the numbers of the report as files, all from one pass.

    With --team, cells about fewer than 10 customers are hidden, and cells that would reveal them.

    \b
    Example:
      journeys report export --xlsx report.xlsx --markdown report.md
      journeys report export --csv tables --team service --since 2024-06-01 --until 2024-06-30
    """
    from pipeline.cli.output import say
    from pipeline.report.export import Book, export

    wanted = {name: path for name, path in targets.items() if path is not None}
    if not wanted:
        raise click.UsageError(f"name a file to write: {', '.join('--' + name for name in targets)}.")
    found = gathered(opened(project), words(scope), compare, segments=False)
    if str(wanted.get("markdown")) == "-":
        del wanted["markdown"]
        click.echo(Book(found, team).bytes_of("markdown").decode(), nl=False)
    for line in export(found, wanted, team):
        say(f"wrote {line}")


@report.command("index")
@click.option(
    "-o",
    "--output",
    "folder",
    type=FOLDER,
    metavar="DIR",
    help="The folder with the nights' reports  [default: [project] reports]",
)
@project_options
def index(folder: Path | None, project: ProjectOptions) -> None:
    """Write DIR/index.html: all nights with their main numbers, from the records of the runs.

    `journeys run` does it each night.

    \b
    Example:
      journeys report index
    """
    from ingest.errors import InputError
    from pipeline.cli.output import say
    from pipeline.nightly.report_index import write_index

    found = opened(project)
    try:
        with found.store.private():
            target = write_index(found, folder=folder)
    except OSError as error:
        raise InputError(f"the index cannot be written: {error.strerror or error}") from error
    say(f"wrote {target}")


def gathered(project: Project, period: Mapping[str, Any], compare: str, *, segments: bool = True) -> Report:
    """The report of a period, its warnings told."""
    from pipeline.cli.output import warn
    from pipeline.project.project import Period
    from pipeline.report.gather import gather

    report, _ = gather(project, Period(**period), compare=compare == "previous", segments=segments)
    for message in report.warnings:
        warn(message)
    return report


def write_page(report: Report, folder: Path, *, team: str | None = None, beside: bool = False) -> Path:
    """Write the page into `folder` and say so; raises MissingInput or InputError where it cannot be written."""
    from ingest.errors import InputError
    from pipeline.cli.output import say, write_atomic
    from reports.files.teams import TEAMS, for_team
    from reports.page.page import pages
    from reports.page.view import PARTS

    page = (
        pages(for_team(report, team), parts=TEAMS[team], beside=beside)
        if team
        else pages(report, parts=PARTS, beside=beside)
    )
    target = folder / "index.html"
    for path, data in {**{folder / name: data for name, data in page.assets.items()}, target: page.html}.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{path.parent} cannot be made: {error.strerror or error}") from error
        write_atomic(path, methodcaller("write", data))
    say(f"wrote {target} ({len(page.html) / 1000:,.0f} kB); open it in a browser")
    return target
