"""The console script `journeys`. Its own help stands ready as text: loading click to say it would take four times as long."""

import os
import sys

HELP = os.path.join(os.path.dirname(__file__), "cli", "help.txt")
WIDTH = 80


def main() -> None:
    """Say what --help says at 80 columns, or let click do it and everything else."""
    text = ready_help(sys.argv)
    if text is None:
        from pipeline.engines.malloc import one_heap

        one_heap()
        from pipeline.cli import cli

        cli()
    else:
        sys.stdout.write(text)


def ready_help(arguments: list[str]) -> str | None:
    """The text for `journeys --help` at its usual width; None for another command, a narrow terminal, or without the file."""
    if os.path.basename(arguments[0]) != "journeys" or arguments[1:] not in (["--help"], ["-h"]):
        return None
    try:
        if int(os.environ.get("COLUMNS") or columns()) < WIDTH:
            return None
        with open(HELP, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError):
        return None


def columns() -> int:
    """How wide the terminal is; what is no terminal is as wide as need be."""
    try:
        return os.get_terminal_size(1).columns
    except OSError:
        return WIDTH
