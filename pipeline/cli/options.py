"""The options that commands share. Each group of them reaches a command as one frozen value.

    @click.command()
    @click.argument("steps", nargs=-1)
    @project_options
    @output_options
    @question_options
    def funnel(steps: tuple[str, ...], project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None: ...

The same options are taken before the command's name (`journeys -C DIR funnel`) and after it (`journeys funnel
-C DIR`): the innermost one wins, and those that may be given several times add up, outermost first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pathlib import Path

R = TypeVar("R")
Option = Callable[[Callable[..., R]], Callable[..., R]]

FORMATS = ("table", "json", "ndjson", "csv", "markdown", "parquet", "html")
_PROJECT_KEY = "journeys.project"


@dataclass(frozen=True, kw_only=True)
class ProjectOptions:
    """Where the project is and how much is said: -C, -q, -v, --no-progress, --color."""

    directory: Path = field(default_factory=lambda: _path("."))
    quiet: bool = False
    verbose: bool = False
    progress: bool = True
    color: str = "auto"  # auto | always | never


@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """Where the answer goes: -f, -o, --limit, --meta. None is "not given"; the file "-" is standard output."""

    format: str | None = None
    output: Path | None = None
    limit: int | None = None
    meta: Path | None = None


@dataclass(frozen=True, kw_only=True)
class ScopeOptions:
    """What a question is about, as typed: days and instants are read later, in the project's time zone."""

    as_of: str | None = None
    since: str | None = None
    until: str | None = None
    segment: tuple[tuple[str, str], ...] = ()
    where: tuple[str, ...] = ()
    persona: str | None = None
    explain: bool = False


def project_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `project: ProjectOptions`."""
    return _collected(command, _PROJECT_OPTIONS, "project", _project)


def output_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `output: OutputOptions`."""
    return _collected(command, _OUTPUT_OPTIONS, "output", _output)


def question_options(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `scope: ScopeOptions`."""
    return _collected(command, _QUESTION_OPTIONS, "scope", _scope)


def question(command: Callable[..., R]) -> Callable[..., R]:
    """The options that every question takes: `project`, `output` and `scope`."""
    return project_options(output_options(question_options(command)))


def compare_option(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command `compare: str | None`."""
    option: Option[R] = click.option(
        "--compare",
        metavar="SIDE",
        help="Compare with: previous (as many days just before), DAY..DAY, or COLUMN=VALUE; the period is the last 28 days unless given.",
    )
    return option(command)


def current_project() -> ProjectOptions:
    """The options of the command that runs, or the defaults where none does."""
    context = click.get_current_context(silent=True)
    project = context.meta.get(_PROJECT_KEY) if context else None
    return project if isinstance(project, ProjectOptions) else ProjectOptions()


def explaining() -> bool:
    """Was --explain given to the command that runs?"""
    return bool(_first(click.get_current_context(), "scope__explain", False))


def _collected(
    command: Callable[..., R],
    options: tuple[Option[R], ...],
    name: str,
    build: Callable[[click.Context], object],
) -> Callable[..., R]:
    """Add the options; hand the command what they say together, and the group's, as `name`."""
    prefix = f"{name}__"  # no option of a command's own is named so

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> R:
        own = {key: value for key, value in kwargs.items() if not key.startswith(prefix)}
        return command(*args, **own, **{name: build(click.get_current_context())})

    wrapped: Callable[..., R] = run
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def _said(context: click.Context, key: str) -> Iterator[Any]:
    """What each context says of `key`, the innermost first; a context that says nothing is passed over."""
    inner: click.Context | None = context
    while inner is not None:
        value = inner.params.get(key)
        if value is not None and value != ():
            yield value
        inner = inner.parent


def _first(context: click.Context, key: str, default: Any = None) -> Any:
    return next(_said(context, key), default)


def _all(context: click.Context, key: str) -> tuple[Any, ...]:
    return tuple(value for values in reversed(list(_said(context, key))) for value in values)


def _path(text: str) -> Path:
    from pathlib import Path  # here, because `--help` need not wait for it

    return Path(text)


def _path_or_none(text: str | None) -> Path | None:
    return None if text is None else _path(text)


def _project(context: click.Context) -> ProjectOptions:
    options = ProjectOptions(
        directory=_path(_first(context, "project__directory", ".")),
        quiet=_first(context, "project__quiet", False),
        verbose=_first(context, "project__verbose", False),
        progress=not _first(context, "project__no_progress", False),
        color=_first(context, "project__color", "auto"),
    )
    context.meta[_PROJECT_KEY] = options
    return options


def _output(context: click.Context) -> OutputOptions:
    return OutputOptions(
        format=_first(context, "output__format"),
        output=_path_or_none(_first(context, "output__file")),
        limit=_first(context, "output__limit"),
        meta=_path_or_none(_first(context, "output__meta")),
    )


def _scope(context: click.Context) -> ScopeOptions:
    return ScopeOptions(
        as_of=_first(context, "scope__as_of"),
        since=_first(context, "scope__since"),
        until=_first(context, "scope__until"),
        segment=_all(context, "scope__segment"),
        where=_all(context, "scope__where"),
        persona=_first(context, "scope__persona"),
        explain=_first(context, "scope__explain", False),
    )


def _pairs(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in values:
        column, equals, value = text.partition("=")
        if not equals or not column.strip():
            raise click.BadParameter(f'"{text}" is not COLUMN=VALUE, such as platform=mobile')
        pairs.append((column.strip(), value))
    return tuple(pairs)


_FILE = click.Path(dir_okay=False)
_FOLDER = click.Path(file_okay=False)

_PROJECT_OPTIONS: tuple[Option[Any], ...] = (
    click.option("-C", "--directory", "project__directory", type=_FOLDER, help="The project's folder  [default: .]"),
    click.option("-q", "--quiet", "project__quiet", is_flag=True, default=None, help="Say only warnings and errors."),
    click.option("-v", "--verbose", "project__verbose", is_flag=True, default=None, help="Say more; show tracebacks."),
    click.option("--no-progress", "project__no_progress", is_flag=True, default=None, help="Show no progress bars."),
    click.option(
        "--color", "project__color", type=click.Choice(["auto", "always", "never"]), help="Colour the output."
    ),
)
_OUTPUT_OPTIONS: tuple[Option[Any], ...] = (
    click.option(
        "-f",
        "--format",
        "output__format",
        type=click.Choice(FORMATS),
        help="How to write  [default: by FILE's suffix; table on a terminal, ndjson when piped]",
    ),
    click.option("-o", "--output", "output__file", metavar="FILE", type=_FILE, help="Write to FILE, all or nothing."),
    click.option(
        "--limit", "output__limit", metavar="ROWS", type=click.IntRange(min=1), help="At most this many rows."
    ),
    click.option(
        "--meta",
        "output__meta",
        metavar="FILE",
        type=_FILE,
        help="Write parameters, snapshot and what was left out, as JSON.",
    ),
)
_QUESTION_OPTIONS: tuple[Option[Any], ...] = (
    click.option(
        "--as-of", "scope__as_of", metavar="TIME", help="Take this day or instant as now; later events do not exist."
    ),
    click.option("--since", "scope__since", metavar="DAY", help="First day (YYYY-MM-DD)."),
    click.option("--until", "scope__until", metavar="DAY", help="First day after the period."),
    click.option(
        "--segment",
        "scope__segment",
        metavar="COLUMN=VALUE",
        multiple=True,
        callback=_pairs,
        help="Only units whose first event has VALUE; may be repeated.",
    ),
    click.option(
        "--where",
        "scope__where",
        metavar="COND",
        multiple=True,
        help="Only events for which COND holds; may be repeated.",
    ),
    click.option("--persona", "scope__persona", metavar="NAME", help="Only customers of this [[persona]]."),
    click.option(
        "--explain",
        "scope__explain",
        is_flag=True,
        default=None,
        help="Explain the numbers: definition, parameters, what was read.",
    ),
)
