"""inspect, ingest, quarantine: files in, and what did not get in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import opened
from pipeline.cli.options import (
    OutputOptions,
    ProjectOptions,
    ScopeOptions,
    output_options,
    project_options,
    question_options,
)
from pipeline.cli.output import say, show, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ingest.load import Loaded


FORMATS = click.Choice(["csv", "ndjson", "json", "parquet", "excel", "combined", "w3c", "alb"])


def pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """TARGET=COLUMN options as a dict."""
    found = {}
    for text in values:
        target, equals, column = text.partition("=")
        if not equals or not target.strip():
            raise click.BadParameter(f'"{text}" is not TARGET=COLUMN, such as event_at=timestamp')
        found[target.strip()] = column.strip()
    return found


_OPTIONS = (
    click.option(
        "--map",
        "maps",
        multiple=True,
        callback=pairs,
        metavar="TARGET=COLUMN",
        help="Read TARGET from COLUMN (A|B: the first that is not empty, A+B: joined, 'text': a constant, nothing: not at all).",
    ),
    click.option("--source", help="Read the files as this [[source]] of journeys.toml."),
    click.option("--kind", help="The kind of export that the files are; journeys kinds lists them."),
    click.option("--input-format", "format", type=FORMATS, help="How the files are written [default: guessed]."),
    click.option("--delimiter", help="Delimiter of CSV [default: guessed]."),
    click.option("--records", metavar="PATH", help="Of JSON: the list that holds the records, such as actionDetails."),
    click.option("--timezone", help="Time zone of times without an offset [default: UTC]."),
    click.option(
        "--time-format",
        "time_formats",
        multiple=True,
        metavar="FORMAT",
        help="How times are written: %d.%m.%Y %H:%M, epoch_ms, excel; may be repeated: the first that fits is taken [default: guessed].",
    ),
    click.option(
        "--deduplicate", type=click.Choice(["content", "event_id", "off"]), help="What makes two rows one event."
    ),
    click.option(
        "--bots",
        type=click.Choice(["quarantine", "keep"]),
        help="Events of bots, known by their user agent [default: quarantine].",
    ),
    click.option(
        "--static-files",
        type=click.Choice(["exclude", "keep"]),
        help="Requests for pictures, scripts and the like in a web log [default: exclude].",
    ),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the words of an Intake that say how a file is read."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.argument("files", nargs=-1)
@reading_options
@click.option("--as-name", help="The input name of standard input (FILE = -).")
@click.option("--again", is_flag=True, help="Read files anew: what came of them before goes, in one commit.")
@click.option("--wait", default=0.0, metavar="SECONDS", help="Wait this long for another writer to finish.")
@project_options
@output_options
@question_options
def ingest(
    files: tuple[str, ...],
    as_name: str | None,
    again: bool,
    wait: float,
    project: ProjectOptions,
    output: OutputOptions,
    scope: ScopeOptions,
    **reading: Any,
) -> None:
    """Read files into the store, exactly once.

    FILES may be globs; without any, the files of every [[source]] are read. A file that was read before adds nothing. A file that
    cannot be read is set aside, the others are taken in, and the exit code is 4 (3: a file of which no row is an event).

    \b
    Example:
      journeys ingest events.csv --map customer_id=user --map event_at=timestamp
      journeys ingest --again events.csv
      journeys ingest --kind segment calls.ndjson
    """
    from pipeline.loading.intake import ingest as take_in
    from pipeline.loading.reading import Intake
    from pipeline.loading.remarks import set_aside, told, warned

    intake = Intake(files=files, as_of=scope.as_of, as_name=as_name, again=again, **reading)
    loaded, notes = take_in(opened(project), intake, wait_seconds=wait)
    for note in notes:
        say(note)
    for note in told(loaded):
        say(note)
    for note in warned(loaded):
        warn(note)
    show(
        accounting(loaded),
        output,
        title="ingest",
        notes=balance(loaded),
        meta={"run_id": loaded.run_id, "snapshot": loaded.version},
    )
    if error := set_aside(loaded, "everything else was taken in"):
        raise error


def accounting(loaded: Loaded) -> Any:
    """One row per source: rows = accepted + duplicates + quarantined."""
    import pyarrow as pa

    rows = [
        {
            "source": name,
            "rows": book.rows,
            "accepted": book.accepted,
            "duplicates": book.duplicates,
            "conflicting": book.conflicting,
            "quarantined": sum(book.quarantined.values()),
            "reasons": [{"reason": r, "rows": n} for r, n in book.quarantined.items()],
        }
        for name, book in loaded.accounting.items()
    ]
    counts = [(n, pa.int64()) for n in ("rows", "accepted", "duplicates", "conflicting", "quarantined")]
    reasons = pa.list_(pa.struct([("reason", pa.string()), ("rows", pa.int64())]))
    return pa.Table.from_pylist(rows, schema=pa.schema([("source", pa.string()), *counts, ("reasons", reasons)]))


def balance(loaded: Loaded) -> list[str]:
    """The accounting in words."""
    notes = []
    for name, book in loaded.accounting.items():
        gone = ", ".join(f"{n:,} {reason}" for reason, n in book.quarantined.items())
        quarantined = sum(book.quarantined.values())
        notes.append(
            f"{name}: {book.rows:,} rows = {book.accepted:,} accepted + {book.duplicates:,} duplicates + "
            f"{quarantined:,} quarantined" + (f" ({gone})" if gone else "")
        )
        if book.conflicting:
            notes.append(
                f"{name}: {book.conflicting:,} of the duplicates share an event_id with a row of other content"
            )
    return notes


@click.command()
@click.option("--reason", help="Only rows with this reason.")
@click.option("--rows", is_flag=True, help="The rows themselves instead of the counts.")
@project_options
@output_options
def quarantine(reason: str | None, rows: bool, project: ProjectOptions, output: OutputOptions) -> None:
    """The rows that were not accepted: reasons with a sample, or the rows themselves; how to mend them and try again.

    \b
    Example:
      journeys quarantine
      journeys quarantine --reason bad_timestamp --rows
    """
    from pipeline.loading.intake import read_otherwise
    from pipeline.loading.remarks import mending

    shop = opened(project)
    table = shop.quarantine(reason=reason, counts=not rows)
    named = zip(table["source"].to_pylist(), table["input"].to_pylist(), strict=True)
    notes = mending(table["reason"].unique().to_pylist(), shop.store.root, read_otherwise(shop, named))
    show(
        table,
        output,
        title="quarantine",
        notes=[] if rows else ["one sample row for each reason; --rows lists them all", *notes],
    )


@click.command()
@click.argument("file")
@reading_options
@project_options
@output_options
def inspect(file: str, project: ProjectOptions, output: OutputOptions, **reading: Any) -> None:
    """Look at a file: columns, a guessed mapping, and a [[source]] to paste into journeys.toml.

    \b
    Example:
      journeys inspect events.csv
    """
    result = opened(project).inspect(file, map=reading.pop("maps"), **reading)
    meta = result.meta
    more = f" (the first of {meta['files']:,} files)" if meta["files"] > 1 else ""
    title = f"{meta['file']}: {meta['rows']:,} records, {meta['format']}{more}"
    show(result.table, output, title=title, notes=remarks(meta))
    if meta["toml"] is not None:
        click.echo(meta["toml"], err=output.format not in (None, "table"))


def remarks(meta: Mapping[str, Any]) -> list[str]:
    """Time range, events and faults in words."""
    further = [f"read as [[source]] {meta['source']}"] if meta["source"] else []
    further += [*meta["notes"], *meta["differences"]]
    if meta["problem"]:
        return [meta["problem"], *further]
    notes = [f"from {meta['first_event_at']} to {meta['last_event_at']}"] if meta["first_event_at"] else []
    if meta["events"]:
        notes.append("events: " + ", ".join(f"{name} {n:,}" for name, n in meta["events"]))
    notes += [f"would be quarantined: {n:,} {reason}" for reason, n in meta["reasons"].items()]
    return [*notes, *further]
