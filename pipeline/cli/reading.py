"""The options that say how files are read: of `ingest`, and of `inspect`, where they are tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

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
