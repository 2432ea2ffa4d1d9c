"""run, backfill, runs, changes: what nobody watches, and what it tells in the morning."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import answer, happened, opened
from pipeline.cli.options import OutputOptions, ProjectOptions, output_options, project_options
from pipeline.cli.output import say, show, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@click.command()
@click.option(
    "--as-of",
    metavar="DAY",
    help="The night's day: the report ends at its first instant  [default: after the newest event day]",
)
@click.option("--allow-late", is_flag=True, help="Accept rows that are older than the late window.")
@click.option(
    "--fail-on", multiple=True, metavar="CONDITION", help="Exit 5, after publishing, if it holds; may be repeated."
)
@click.option("--dry-run", is_flag=True, help="Say which files are new, and do nothing else.")
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait this long for another writer to finish.")
@click.option(
    "--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of progress messages."
)
@project_options
def run(
    as_of: str | None,
    allow_late: bool,
    fail_on: tuple[str, ...],
    dry_run: bool,
    wait: float,
    log: str,
    project: ProjectOptions,
) -> None:
    """One night: load new files of every source, check them, publish the report; safe to repeat.

    A file that cannot be read is set aside, and everything else is published.

    Exit codes: 0 published, 3 a gate stopped it, 4 stale, or published without the files that were set aside (3: of one of
    them no row is an event), 5 a --fail-on condition holds, 75 another run is at work.

    \b
    Example:
      journeys run --as-of 2024-06-30 --fail-on 'dropoff(payment_details) > 0.4'
    """
    from pipeline.nightly.night import RunOptions, run_night

    shop = opened(project)
    if dry_run:
        dry(shop)
        return
    options = RunOptions(as_of=as_of, allow_late=allow_late, fail_on=fail_on, wait_seconds=wait, tell=teller(log))
    manifest = run_night(shop, options)
    for sentence in manifest.late:
        say(sentence)
    if manifest.aged:
        say(manifest.aged["said"])
    for source, book in manifest.accounting.items():
        kept = (
            f"{book['accepted']:,} accepted + {book['duplicates']:,} duplicates + {book['quarantined']:,} quarantined"
        )
        say(f"{source}: {book['rows']:,} rows = {kept}")
    inputs = f"{len(manifest.inputs)} new inputs, {len(manifest.known)} known"
    say(f"run {manifest.run_id} as of {manifest.as_of}: {inputs}; published {', '.join(manifest.published)}")


def teller(log: str) -> Callable[[str, str, Mapping[str, Any]], None]:
    """Progress on standard error: warnings as text, or everything as JSON, one object per line with the id of the run."""
    from datetime import UTC, datetime

    def as_json(level: str, message: str, facts: Mapping[str, Any]) -> None:
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": level, "message": message, **facts}
        click.echo(json.dumps(line, ensure_ascii=False), err=True)

    def as_text(level: str, message: str, _: Mapping[str, Any]) -> None:
        if level == "warning":
            warn(message)

    return as_json if log == "json" else as_text


def dry(shop: Any) -> None:
    """The files a run would take in."""
    from ingest.readers.sources import content_hash
    from pipeline.loading.intake import configured
    from pipeline.loading.reading import Intake

    snapshot = shop.store.snapshot() if shop.store.exists else None
    for config in shop.config.sources:
        for file in configured(shop, config, Intake(), []).files if config.path else ():
            known = snapshot is not None and snapshot.reading(config.name, content_hash(file.path))
            state = "known" if known else "new"
            click.echo(f"{state}\t{config.name}\t{file.name}")
    sys.stdout.flush()


@click.command()
@click.option("--since", required=True, metavar="DAY", help="The first night.")
@click.option("--until", required=True, metavar="DAY", help="The night after the last one.")
@click.option("--only", type=click.Choice(["missing"]), help="Only nights without a published report.")
@project_options
def backfill(since: str, until: str, only: str | None, project: ProjectOptions) -> None:
    """Publish past nights: first every new file, however late, then the report of each night.

    \b
    Example:
      journeys backfill --since 2024-06-01 --until 2024-06-04 --only missing
    """
    from datetime import date, timedelta

    from ingest.errors import ConfigError, SetAside
    from pipeline.nightly.night import RunOptions, run_night

    try:
        first, last = date.fromisoformat(since), date.fromisoformat(until)
    except ValueError:
        raise ConfigError("--since and --until are days, such as 2024-06-01.") from None
    if first >= last:
        raise ConfigError(f"the period is empty: it would run from {first} until {last}, and --until is exclusive.")
    shop, aside = opened(project), None
    for n in range((last - first).days):
        night = (first + timedelta(days=n)).isoformat()
        published = shop.directory / shop.config.project.reports / night / "index.html"
        if only == "missing" and published.exists():
            say(f"{night}: published already")
            continue
        try:
            manifest = run_night(shop, RunOptions(as_of=night, allow_late=True, tell=teller("text")))
        except SetAside as error:
            aside = error
            say(f"{night}: published, without files that were set aside")
            continue
        say(f"{night}: published {manifest.published[0]}")
    if aside is not None:
        raise aside


@click.group()
def runs() -> None:
    """What past runs did.

    \b
    Example:
      journeys runs list
    """


@runs.command("list")
@project_options
@output_options
def runs_list(project: ProjectOptions, output: OutputOptions) -> None:
    """One row per run, newest first.

    \b
    Example:
      journeys runs list --limit 5
    """
    show(opened(project).runs(), output, title="runs")


@runs.command("show")
@click.argument("run_id", default="last")
@project_options
def runs_show(run_id: str, project: ProjectOptions) -> None:
    """The manifest of one run (default: the last).

    \b
    Example:
      journeys runs show last
    """
    click.echo(json.dumps(opened(project).runs_show(run_id), indent=1, sort_keys=True))


@runs.command("diff")
@click.argument("first")
@click.argument("second", default="last")
@project_options
@output_options
def runs_diff(first: str, second: str, project: ProjectOptions, output: OutputOptions) -> None:
    """How two runs differ.

    \b
    Example:
      journeys runs diff last last
    """
    show(opened(project).runs_diff(first, second), output, title=f"{first} against {second}")


@click.command()
@click.option("--days", default=7, show_default=True, type=click.IntRange(min=1), help="How many days are looked at.")
@click.option(
    "--against",
    default=28,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many days before them they are compared with.",
)
@click.option("--as-of", metavar="DAY", help="The end of the last days.")
@project_options
@output_options
def changes(days: int, against: int, as_of: str | None, project: ProjectOptions, output: OutputOptions) -> None:
    """What moved beyond noise against the weeks before, in sentences; or that nothing did.

    \b
    Example:
      journeys changes
      journeys changes -f markdown
    """
    result = opened(project).changes(days=days, against=against, as_of=as_of)
    if output.format is None and output.output is None:
        lines = result.table["sentence"].to_pylist() or [
            f"nothing moved beyond noise: {result.meta['compared']} rates compared."
        ]
        lines += happened(result.meta)
        click.echo("\n".join(lines))
        return
    answer(result, output)
