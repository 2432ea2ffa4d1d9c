"""Runs the blocks of a Markdown file as a reader would: commands in order, in one folder, at a terminal 120 columns wide."""

from __future__ import annotations

import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

WIDTH = 120
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"[|<>&;`$*(]")
"""What only a shell understands; without it a `journeys` command is run in this process, which has its libraries already."""
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
CALL = re.compile(r"((?:JOURNEYS_\w+=\S+ )*)journeys (.*)", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: `line` is the first line inside."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Entry:
    """One command of a console block and the output lines shown below it."""

    command: str
    shown: tuple[str, ...]
    line: int


def blocks(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    return [Block(m[1], m[2], text[: m.start(2)].count("\n") + 1) for m in FENCE.finditer(text)]


def entries(block: Block) -> Iterator[Entry]:
    """`$ command`, `> further lines of it`, then what it writes."""
    command: list[str] = []
    shown: list[str] = []
    start = block.line
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            if command:
                yield Entry("\n".join(command), tuple(shown), start)
            command, shown, start = [line[2:]], [], number
        elif line.startswith("> ") and command and not shown:
            command.append(line[2:])
        elif command:
            shown.append(line.rstrip())
        else:
            raise ValueError(f"line {number}: a console block begins with a command")
    if command:
        yield Entry("\n".join(command), tuple(shown), start)


class Stream(io.TextIOWrapper):
    """Standard output or error that remembers: of a terminal, or of a pipe."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal

    def read_all(self) -> str:
        self.flush()
        held: Any = self.buffer
        return held.getvalue().decode()


@dataclass
class Console:
    """Where a reader stands: a folder, and how the last command went."""

    folder: Path
    code: int = 0
    names: dict[str, Any] = field(default_factory=dict)

    def run(self, command: str) -> str:
        """What the command writes to the terminal; its exit code stays in `code`."""
        if command == "echo $?":
            code, self.code = self.code, 0
            return f"{code}\n"
        if command.startswith("cd "):
            self.folder = (self.folder / command[3:]).resolve(strict=True)
            self.code = 0
            return ""
        os.chdir(self.folder)
        mine, _, rest = unquoted_pipe(command)
        call = CALL.fullmatch(mine)
        if call and not SHELL.search(QUOTED.sub("", mine)) and "journeys " not in rest:
            with mock.patch.dict(os.environ, dict(s.split("=", 1) for s in call[1].split())):
                said, written = self.called(shlex.split(call[2]), terminal=not rest)
            return said + (self.shell(rest, written) if rest else written)
        return self.shell(command)

    def shell(self, command: str, stdin: str = "") -> str:
        """What bash writes."""
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=environment,
            text=True,
            timeout=120,
            check=False,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.code = done.returncode
        return done.stdout

    def called(self, arguments: list[str], *, terminal: bool) -> tuple[str, str]:
        """(what `journeys` says, what it answers); at a terminal the answer holds both, in order."""
        from pipeline.cli import cli

        answers = Stream(terminal=terminal)
        says = answers if terminal else Stream(terminal=True)
        with redirect_stdout(answers), redirect_stderr(says):
            try:
                cli.main(args=arguments, prog_name="journeys")
                self.code = 0
            except SystemExit as end:
                self.code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return ("" if terminal else says.read_all()), answers.read_all()

    def python(self, block: Block, name: str) -> str:
        """The faults of a Python session, empty if it went as shown."""
        os.chdir(self.folder)
        session = doctest.DocTestParser().get_doctest(block.text, self.names, name, name, block.line - 1)
        found = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE, verbose=False)
        runner.run(session, out=found.write, clear_globs=False)
        self.names = session.globs
        return found.getvalue()


def unquoted_pipe(command: str) -> tuple[str, str, str]:
    """The command split at its first pipe outside of quotes."""
    plain = QUOTED.sub(lambda found: "x" * len(found[0]), command)
    at = plain.find(" | ")
    return (command, "", "") if at < 0 else (command[:at], " | ", command[at + 3 :])


def differs(shown: tuple[str, ...], written: str) -> bool:
    """Is the output another than the one shown? A line `...` stands for any lines, ` ...` at an end for any rest of it."""
    lines = [r"(?:.*\n)*" if line == "..." else f"{rest_of(line)}\n" for line in shown]
    text = "".join(f"{line.rstrip()}\n" for line in written.splitlines())
    return re.fullmatch("".join(lines), text) is None


def rest_of(line: str) -> str:
    """The pattern of one shown line."""
    return f"{re.escape(line[:-3])}.*" if line.endswith(" ...") else re.escape(line)
