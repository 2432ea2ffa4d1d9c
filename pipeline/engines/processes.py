"""Helper processes: parts of a pass, counted beside this process instead of in a thread of it.

A thread holds Python's lock between any two operations on arrays, so two of them take three quarters of the time of one,
and two processes half of it. But a helper takes most of a second to start; so a process counts with threads until it has
asked WORTH questions of rows. A helper ends with the process that it helps.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import IO, Any, TypeVar, cast

from ingest.compiled import Choice
from pipeline.engines.malloc import one_heap

P = TypeVar("P")
R = TypeVar("R")

WORTH = 50_000_000
"""Rows times questions: from so many on, helpers save more than they take to start."""
SMALL = 5_000_000
"""The same, of one pass: below, telling a helper what to do takes as long as doing it."""

ROOT = Path(__file__).parents[2]
START = "import sys; sys.path[:] = sys.argv[1:]; from pipeline.engines.processes import serve; serve()"
"""What a helper runs, isolated (-I): it imports from where we do, and never from the folder where a person happens to stand."""
LENGTH = struct.Struct("<Q")
Work = Callable[[Iterator[P]], R]
"""Takes pieces and adds up what comes of them."""


class Undone(Exception):
    """What a helper was asked is not done: it has ended, whoever ended it, or it does not know what it was asked."""


class Helper:
    """Another process of this program that does what it is told."""

    def __init__(self) -> None:
        words = [sys.executable, "-I", "-c", START, *import_path()]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def do(self, work: Work[P, R], pieces: Iterator[P]) -> R:
        """What comes of `work` there, which takes one piece after the other; or raises. Raises Undone."""
        out, back = self._process.stdin, self._process.stdout
        assert out is not None
        assert back is not None
        try:
            text = pickle.dumps(work, protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise Undone from error
        try:
            send(out, text)
            while True:
                kind, answer = pickle.loads(received(back))
                if kind != "next":
                    break
                send(out, pickle.dumps(next(pieces, None)))
        except (OSError, EOFError) as error:
            self.stop()
            raise Undone from error
        except BaseException:  # interrupted: its answer would be taken for that to the next question
            self.stop()
            raise
        if kind == "unknown":
            raise Undone
        if kind == "failed":
            raise answer
        return cast(R, answer)

    @property
    def runs(self) -> bool:
        """Can it be asked?"""
        return self._process.poll() is None

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()


def import_path() -> list[str]:
    """From where a helper imports: this process's own path without the working folder, and our own rooms behind it."""
    here = Path.cwd().resolve()
    own = [p for p in sys.path if os.path.isabs(p) and (Path(p) == ROOT or Path(p).resolve() != here)]
    return own if str(ROOT) in own else [*own, str(ROOT)]


def send(pipe: IO[bytes], text: bytes) -> None:
    """Its length, and it."""
    pipe.write(LENGTH.pack(len(text)))
    pipe.write(text)
    pipe.flush()


def received(pipe: IO[bytes]) -> bytes:
    """What was sent. Raises EOFError where nobody sends any more."""
    length = pipe.read(LENGTH.size)
    text = pipe.read(LENGTH.unpack(length)[0]) if len(length) == LENGTH.size else b""
    if not text:
        raise EOFError
    return text


def serve() -> None:
    """What a helper does: one piece of work after the other, until nobody is there to ask."""
    one_heap()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer

    def told() -> Iterator[Any]:
        send(answers, pickle.dumps(("next", None)))
        while (piece := pickle.loads(received(sys.stdin.buffer))) is not None:
            yield piece
            send(answers, pickle.dumps(("next", None)))

    with suppress(EOFError, BrokenPipeError):  # who asked is gone
        while True:
            send(answers, pickle.dumps(answer_to(received(sys.stdin.buffer), told()), protocol=5))


def answer_to(text: bytes, pieces: Iterator[Any]) -> tuple[str, Any]:
    """("done", what the work returns), ("failed", what it raises), or ("unknown", None): it is from elsewhere."""
    try:
        work = pickle.loads(text)
    except Exception:
        return "unknown", None
    try:
        return "done", work(pieces)
    except (EOFError, BrokenPipeError):
        raise
    except Exception as error:
        return "failed", error


class Team:
    """The helpers of this process."""

    always: bool | None = None  # for tests and measurements; None: from WORTH on
    _helpers: tuple[Helper, ...] = ()
    _free = Lock()

    @classmethod
    @contextmanager
    def of(cls, size: int, cost: int) -> Iterator[Sequence[Helper]]:
        """So many helpers for a pass of that cost; none where they are not worth it, or help another pass."""
        wanted = (Choice.asked >= WORTH and cost >= SMALL) if cls.always is None else cls.always
        if not (wanted and size and cls._free.acquire(blocking=False)):
            yield ()
            return
        try:
            yield cls._started(size)
        finally:
            cls._free.release()

    @classmethod
    def _started(cls, size: int) -> Sequence[Helper]:
        before, cls._helpers = cls._helpers, tuple(h for h in cls._helpers if h.runs)
        for ended in set(before) - set(cls._helpers):
            ended.stop()  # its pipes are still open
        try:
            while len(cls._helpers) < size:
                cls._helpers = (*cls._helpers, Helper())
        except OSError:  # the system has no room for another process, or there is no Python to run
            return ()
        return cls._helpers[:size]

    @classmethod
    def stop(cls) -> None:
        """End them all."""
        helpers, cls._helpers = cls._helpers, ()
        for helper in helpers:
            helper.stop()


atexit.register(Team.stop)


def divided(here: Work[P, R], there: Work[P, R], pieces: Sequence[P], workers: int, cost: int) -> list[R]:
    """What comes of the pieces: `here` takes one after the other in this thread, and beside it as many helpers (`there`),
    or threads, as there are further workers; whoever is ready takes the next one. One result for each of them.

    `cost`: rows times questions of all pieces. What a helper cannot do is done here.
    """
    left = deque(pieces)

    def taken(given: list[P]) -> Iterator[P]:
        while left:
            with suppress(IndexError):  # another one took the last
                given.append(left.popleft())
                yield given[-1]

    def work_on(work: Callable[[Iterator[P]], R], given: list[P]) -> R:
        try:
            return work(taken(given))
        except Undone:
            left.extend(given)
            raise
        except BaseException:
            left.clear()
            raise

    def aside(helper: Helper | None) -> list[R]:
        if helper is not None:
            with suppress(Undone):
                return [work_on(partial(helper.do, there), [])]
        return [work_on(here, [])] if left else []

    others = min(workers, len(pieces)) - 1
    with Team.of(others, cost) as helpers, ThreadPoolExecutor(max(1, others)) as pool:
        asked: Sequence[Helper | None] = helpers or [None] * others
        beside = [pool.submit(aside, h) for h in asked]
        parts = [work_on(here, [])]
        return parts + [result for one in beside for result in one.result()]
