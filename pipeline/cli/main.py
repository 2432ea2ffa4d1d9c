"""The command `journeys`: which commands there are, and what their errors mean to a shell.

A command's module is imported when the command is called, never before: `journeys --help` reads only this table.
For the same reason what only an error needs is imported where the error is told: a fifth of the start-up.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import click

from pipeline.cli.options import current_project, output_options, project_options, question_options

# Section -> command -> (module, help). The function is named as the command, with _ for -.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Project": {
        "init": ("project", "Start a project: a journeys.toml to fill in."),
        "demo": ("project", "Show everything on the sample data."),
        "doctor": ("project", "Check the installation, the project and its store."),
        "config": ("project", "Show the configuration and where each value comes from."),
    },
    "Data": {
        "inspect": ("data", "Look at a file: guessed mapping, types, and a [[source]] to paste."),
        "ingest": ("data", "Read files into the store, exactly once."),
        "kinds": ("project", "Kinds of exports that can be read by their name."),
        "quarantine": ("data", "The rows that were not accepted, by reason."),
        "identity": ("identity", "Whose events: known, stitched or anonymous; devices per customer."),
        "erase": ("erase", "Forget a customer, with proof."),
        "sql": ("store", "Ask the store in SQL, read-only."),
        "reconcile": ("store", "Check that the numbers agree with each other on your own store."),
    },
    "Questions": {
        "summary": ("questions", "Events, customers, sessions, and the time they span."),
        "sessions": ("questions", "One row per session."),
        "paths": ("questions", "Transitions from one touchpoint to the next, with times."),
        "dropoff": ("questions", "Where customers leave, and what it costs, by touchpoint or stage."),
        "funnel": ("questions", "How many customers reach each step."),
        "graph": ("questions", "The path graph as GraphML, JSON or Mermaid."),
        "carts": ("carts", "Carts left behind, recovered, converted, and whom to remind."),
        "attribution": ("reasons", "Which channels conversions are owed to, by every model."),
        "drivers": ("reasons", "What goes with a step taken, a goal reached, a drop-off."),
        "why": ("reasons", "Why a rate moved: which values, steps and touchpoints account for it."),
        "map": ("map", "The journey map: stages x touchpoints, feelings, friction, and what to do."),
        "variants": ("explore", "Whole sessions as sequences, most frequent first."),
        "find": ("explore", "Sessions that hold a pattern of events."),
        "steps": ("explore", "What comes after a node, before it, or between two."),
        "step-matrix": ("explore", "Where sessions are at each of their steps."),
        "flows": ("explore", "How sessions begin, as the flows of a Sankey."),
        "retention": ("retention", "Who comes back: cohorts, period by period."),
        "lifecycle": ("retention", "Who is new, stays, comes back or goes silent, period by period."),
        "touchpoints": ("touchpoints", "What the touchpoint rules cover, and what they miss."),
    },
    "People": {
        "customers": ("people", "The customers behind a number."),
        "customer": ("people", "One customer's whole journey."),
        "strugglers": ("people", "Customers who come again and again and do not buy."),
    },
    "Nights": {
        "run": ("nightly", "One night: new files loaded, checked, published; safe to repeat."),
        "backfill": ("nightly", "Publish past nights."),
        "runs": ("nightly", "What past runs did."),
        "changes": ("nightly", "What moved beyond noise against the weeks before."),
    },
    "Output": {
        "report": ("report", "Build the report: one offline HTML file."),
    },
}


class Commands(click.Group):
    """The group of `COMMANDS`, imported on call; it turns errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command whose module is there."""
        return [*self.commands, *(name for names in _present().values() for name in names)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now; None where there is none."""
        for section in _present().values():
            if cmd_name in section:
                found = getattr(import_module(_module(section[cmd_name][0])), cmd_name.replace("-", "_"), None)
                return found if isinstance(found, click.Command) else None
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the near name where a command is not known."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            from ingest.errors import did_you_mean

            ctx.fail(f'there is no command "{name}".{did_you_mean(name, self.list_commands(ctx))}')
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, section by section, without importing a command."""
        for section, commands in _present().items():
            with formatter.section(section):
                formatter.write_dl([(name, help_text) for name, (_, help_text) in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a JourneysError, a broken pipe, Ctrl-C or a fault of ours becomes an exit code."""
        from pipeline.engines.interrupts import Terminated, came, ended_at_once

        try:
            with ended_at_once():
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _forget_stdout()
            ctx.exit(0)
        except (KeyboardInterrupt, Terminated):
            ctx.exit(_stopped())
        except Exception as error:
            if came():  # a statement that was stopped, in whatever words it says so
                ctx.exit(_stopped())
            ctx.exit(_tell(error))
        except BaseException as error:
            if (
                type(error).__name__ != "PanicException"
            ):  # of a library in Rust: no Exception, but no wish to end either
                raise
            ctx.exit(_tell(error))


def _module(name: str) -> str:
    return f"pipeline.cli.{name}"


def _present() -> dict[str, dict[str, tuple[str, str]]]:
    """`COMMANDS` without those whose module is not there."""
    there = {module for names in COMMANDS.values() for module, _ in names.values() if find_spec(_module(module))}
    kept = {title: {n: entry for n, entry in names.items() if entry[0] in there} for title, names in COMMANDS.items()}
    return {title: names for title, names in kept.items() if names}


def _forget_stdout() -> None:
    """The reader (`| head`) is gone: what is still buffered goes nowhere, quietly."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _stopped() -> int:
    """The exit code of a command that a signal ends, after the message."""
    from pipeline.engines.interrupts import Said

    Said.it = True
    _complain("interrupted")
    return 128 + Said.number


def _complain(message: str) -> None:
    from pipeline.cli.formatting import LAYOUT, neutral

    click.echo(f"journeys: {neutral(message, keep=LAYOUT)}", err=True)


def _tell(error: BaseException) -> int:
    """The exit code, after the message; an error that nobody foresaw gives its name, and its traceback with -v."""
    from ingest.errors import JourneysError

    if isinstance(error, JourneysError):
        _complain(str(error))
        return error.exit_code
    from ingest.foreign_errors import ours

    verbose = current_project().verbose
    if verbose:
        from traceback import format_exception

        click.echo("".join(format_exception(error)), err=True, nl=False)
    known = ours(error)
    if known is not None:
        _complain(str(known))
        return known.exit_code
    _complain(f"unexpected {type(error).__name__}: {error}")
    if not verbose:
        _complain("run with -v for the traceback")
    return 1


def _help_width() -> int:
    """As click would choose it, at most 80 columns, without the archive libraries that shutil loads for it."""
    try:
        columns = int(os.environ.get("COLUMNS") or os.get_terminal_size(1).columns)
    except (OSError, ValueError):
        columns = 80
    return max(min(columns, 80) - 2, 50)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "terminal_width": _help_width()})
@click.version_option(package_name="journeys", message="%(prog)s %(version)s")
@project_options
@output_options
@question_options
def cli(**_: object) -> None:
    """Customer journeys from raw events: sessions, paths, drop-off, funnels, carts.

    Every option below may also follow the command's name, and wins there.

    \b
    Example:
      journeys ingest events.csv
      journeys -C shop dropoff --by stage --limit 3
    """
