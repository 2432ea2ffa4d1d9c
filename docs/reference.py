"""Writes docs/reference.md and pipeline/cli/help.txt from what `--help` says; `make docs` calls it. `-`: to standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

WIDTH = 100
PAGE = Path(__file__).with_name("reference.md")
HELP = PAGE.parents[1] / "pipeline" / "cli" / "help.txt"
SHARED = {"project__": "Project", "output__": "Output", "scope__": "Question"}
HEAD = """\
# Reference

Every command and option, written by `make docs` from `journeys --help`. How they are used is in [guide.md](guide.md).

## Options that commands share

They may be given before the command's name or after it; after it, they win. Each command says which groups it takes.
"""


def reference() -> str:
    """The page."""
    from pipeline.cli import cli

    top = context(cli, "journeys")
    parts = [HEAD]
    for prefix, title in SHARED.items():
        shared = [p for p in cli.params if (p.name or "").startswith(prefix)]
        parts.append(f"### {title} options\n\n{listed(top, shared)}")
    parts += ["## Commands\n", *(section(words, command) for words, command in every(cli, top))]
    return "\n".join(parts)


def ready_help() -> str:
    """What `journeys --help` says at 80 columns; see pipeline/start.py."""
    from pipeline.cli import cli

    return (
        cli.get_help(click.Context(cli, info_name="journeys", terminal_width=78, help_option_names=["-h", "--help"]))
        + "\n"
    )


def context(command: click.Command, name: str, parent: click.Context | None = None) -> click.Context:
    """One that does not know how wide the terminal is."""
    return click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )


def every(group: click.Group, parent: click.Context) -> Iterator[tuple[click.Context, click.Command]]:
    """The commands in the order of --help, each followed by its own commands."""
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None, name
        mine = context(command, name, parent)
        yield mine, command
        if isinstance(command, click.Group):
            yield from every(command, mine)


def section(mine: click.Context, command: click.Command) -> str:
    """One command: usage, what it does, its own options, and which it shares."""
    own = [p for p in command.params if not (p.name or "").startswith(tuple(SHARED))]
    taken = [t for prefix, t in SHARED.items() if any((p.name or "").startswith(prefix) for p in command.params)]
    formatter = click.HelpFormatter(width=WIDTH)
    formatter.write_usage(mine.command_path, " ".join(command.collect_usage_pieces(mine)))
    command.format_help_text(mine, formatter)
    parts = [f"### `{mine.command_path}`\n", f"```text\n{formatter.getvalue().rstrip()}\n```\n"]
    if any(p.get_help_record(mine) for p in own):
        parts.append(listed(mine, own))
    if taken:
        parts.append(f"Takes the shared options: {', '.join(t.lower() for t in taken)}.\n")
    return "\n".join(parts)


def listed(mine: click.Context, options: Sequence[click.Parameter]) -> str:
    """Options with their help, as --help shows them."""
    formatter = click.HelpFormatter(width=WIDTH)
    formatter.write_dl([record for p in options if (record := p.get_help_record(mine))])
    return f"```text\n{formatter.getvalue().rstrip()}\n```\n"


if __name__ == "__main__":
    sys.path.insert(0, str(PAGE.parents[1]))
    if sys.argv[1:] == ["-"]:
        print(reference(), end="")
    else:
        PAGE.write_text(reference(), encoding="utf-8")
        HELP.write_text(ready_help(), encoding="utf-8")
