"""What the tests cost: CPU seconds of every room of tests/, said in the closing lines of a run.

No test asserts a time. The closing lines hold the cost beside its budget, so that whoever adds tests sees which room grew.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

BUDGET = 16 * 60
"""CPU seconds that `make test` may cost on a machine of two cores: workers, coverage and started processes included."""

OUTSIDE = "(start and end)"
"""Imports and collection before the first test, and what is put away after the last one."""


def spent() -> float:
    """CPU seconds of this process and of the processes that it started and that have ended."""
    return sum(os.times()[:4])


class Meter:
    """A plugin: adds up CPU seconds by the folder under tests/, on every worker of pytest-xdist, and says the sum."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.read = 0.0  # the last reading; what came before the first one is start
        self.workers = False

    def book(self, room: str) -> None:
        """The seconds since the last reading went into this room."""
        self.seconds[room] += (now := spent()) - self.read
        self.read = now

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A test with the fixtures that it sets up and takes down."""
        self.book(OUTSIDE)
        result = yield
        self.book(room_of(item.nodeid))
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A worker hands its seconds to the process that started it, which leaves out those of its ended workers."""
        if self.workers:
            self.seconds[OUTSIDE] += sum(os.times()[:2])
        else:
            self.book(OUTSIDE)
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output["cpu_seconds"] = dict(self.seconds)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended, and tells what it and its own children took."""
        self.workers = True
        self.seconds.update(getattr(node, "workeroutput", {}).get("cpu_seconds", {}))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The rooms, most expensive first, and the sum beside its budget."""
        total = self.seconds.total()
        rooms = ", ".join(f"{room} {seconds:.0f}" for room, seconds in self.seconds.most_common())
        terminalreporter.write_sep("=", "CPU seconds")
        terminalreporter.write_line(f"{total:.0f} of a budget of {BUDGET} ({total / BUDGET:.0%}): {rooms}")


def room_of(nodeid: str) -> str:
    """`paths` of `tests/paths/carts/test_laws.py::test_x`; `tests` of a file that stands beside the rooms."""
    parts = nodeid.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else parts[0]
