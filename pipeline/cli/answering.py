"""From a command's options to a Result on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ingest.errors import ConfigError
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, current_project, explaining
from pipeline.cli.output import chosen_format, show, show_page, warn

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from pipeline.api import Project
    from pipeline.project.result import Result


def opened(project: ProjectOptions) -> Project:
    """The project that the options name."""
    from pipeline.api import Project

    return Project(project.directory)


def words(scope: ScopeOptions) -> dict[str, Any]:
    """The period options, as the Python API spells them."""
    return {
        "as_of": scope.as_of,
        "since": scope.since,
        "until": scope.until,
        "segment": scope.segment,
        "where": scope.where,
        "persona": scope.persona,
    }


def answer(
    result: Result,
    output: OutputOptions,
    *,
    title: str | None = None,
    notes: tuple[str, ...] = (),
    hide: tuple[str, ...] = (),
) -> None:
    """Show a result; its header says what it is about. `hide`: columns that a terminal table leaves out."""
    for message in result.meta.get("warnings", ()):
        warn(message)
    table = result.table
    chosen = chosen_format(output.format, output.output)
    if chosen in ("table", "markdown", "html"):
        table = table.drop_columns([c for c in hide if c in table.column_names])
    said = [header(result.meta), *notes]
    if chosen == "html":
        show_page(page_of(result, title or result.title, said, table), output, result.meta)
    else:
        show(table, output, title=title or result.title, notes=said, meta=result.meta)
    explain_if_asked(result)


def page_of(result: Result, title: str, notes: list[str], table: pa.Table) -> bytes:
    """The figure of an answer as a page; raises ConfigError where it has none."""
    from reports.files.figure_page import figure_page

    try:
        figure = result.plot()
    except TypeError as error:
        raise ConfigError(f"html is for answers that have a figure: {error}") from error
    return figure_page(figure, title, notes, table)


TOLD = 5
"""So many findings are told in words below a table; all are in its rows."""


def answer_compared(
    result: Result, output: OutputOptions, title: str | None = None, notes: tuple[str, ...] = ()
) -> None:
    """Show a comparison: the numbers, what is beyond noise in words, and what the whole did."""
    meta, rows = result.meta, result.rows()
    sentences = [r["sentence"] for r in rows if r["significant"]]
    judged = sum(r["difference"] is not None for r in rows)
    summary = f"{len(sentences):,} of {judged:,} compared rates differ beyond noise (q = {meta['q']})"
    said = [summary, *sentences[:TOLD], *whole_in_words(meta["overall"])]
    against = f"compared with: {side_in_words(meta['before'])}"
    title = f"{title or result.title.removesuffix(' compared')}, compared"
    answer(result, output, title=title, notes=(against, *said, *happened(meta), *notes), hide=("p_value", "sentence"))


def happened(meta: Mapping[str, Any]) -> list[str]:
    """What [[annotation]]s say of the days that the answer is about."""
    return [f"on {text}" for text in meta["annotations"]]


def side_in_words(side: Mapping[str, Any]) -> str:
    """The period and the segment of a side."""
    parts = [f"{name} {side[name]}" for name in ("since", "until") if side.get(name)]
    return " · ".join([*parts, *(f"segment {c}" for c in side["segment"])]) or "all"


def whole_in_words(overall: Mapping[str, float] | None) -> list[str]:
    """What the overall rate did; nothing to say where a side is empty, or where the rates add up to 1 on either side."""
    if overall is None or overall["rate"] == overall["rate_before"] == 1:
        return []
    now, before, difference, mix, effect = (
        100 * overall[k] for k in ("rate", "rate_before", "difference", "mix", "rate_effect")
    )
    return [
        f"overall {now:.1f} % against {before:.1f} %: {difference:+.1f} points = mix {mix:+.1f} + rates {effect:+.1f}"
    ]


def explain_if_asked(result: Result) -> None:
    """--explain: how the number came about, behind the answer, on standard error."""
    if explaining():
        click.echo("\n" + opened(current_project()).explain(result), err=True)


def header(meta: Any) -> str:
    """What an answer is about, in a line."""
    parts = [f"as of {meta['as_of']}"] if "as_of" in meta else []
    parts += [f"{name} {meta[name]}" for name in ("since", "until") if meta.get(name)]
    parts += [f"segment {c}" for c in meta.get("segment", ())]
    parts += [f"where {c}" for c in meta.get("where", ())]
    if meta.get("excluded_sessions"):
        parts.append(f"{meta['excluded_sessions']:,} sessions excluded")
    return " · ".join(parts)
