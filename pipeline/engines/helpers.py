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
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, Generic, TypeVar

from ingest.compiled import Choice
from pipeline.engines.heap import one_heap

P = TypeVar("P")
R = TypeVar("R")

WORTH = 50_000_000
"""Rows times questions: from so many on, helpers save more than they take to start."""
SMALL = 5_000_000
"""The same, of one pass: below, telling a helper what to do takes as long as doing it."""

ROOT = Path(__file__).parents[2]
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pipeline.engines.helpers import serve; serve()"
LENGTH = struct.Struct("<Q")
Work = Callable[[], AbstractContextManager[Callable[[P], R]]]
"""What a helper is told: enter it, then do its pieces."""


class Undone(Exception):
    """What a helper was asked is not done: it has ended, whoever ended it, or it does not know what it was asked."""


class Helper:
    """Another process of this program that does what it is told."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", START], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @contextmanager
    def at(self, work: Work[P, R]) -> Iterator[Callable[[P], R]]:
        """It enters what `work` gives, for as long as the block lasts; yields how to have a piece of it done there.

        What it raises there is raised here. Raises Undone.
        """
        self._answer(work)
        try:
            yield self._answer
        finally:
            with suppress(Undone):
                self._answer(None)

    def _answer(self, told: Any) -> Any:
        out, back = self._process.stdin, self._process.stdout
        assert out is not None
        assert back is not None
        try:
            text = pickle.dumps(told, protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise Undone from error
        try:
            send(out, text)
            kind, answer = pickle.loads(received(back))
        except (OSError, EOFError, ValueError) as error:  # a closed pipe is a ValueError
            self.stop()
            raise Undone from error
        except BaseException:  # interrupted: its answer would be taken for that to the next question
            self.stop()
            raise
        if kind == "unknown":
            raise Undone
        if kind == "failed":
            raise answer
        return answer

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
    desk = Desk()
    while True:
        try:
            text = received(sys.stdin.buffer)
        except EOFError:
            return
        try:
            send(answers, pickle.dumps(desk.answer_to(text), protocol=5))
        except BrokenPipeError:  # who asked was killed meanwhile
            return


class Desk:
    """The work that a helper is at."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self._do: Callable[[Any], Any] | None = None

    def answer_to(self, text: bytes) -> tuple[str, Any]:
        """("done", what comes of it), ("failed", what it raises), or ("unknown", None): it is from elsewhere."""
        try:
            told = pickle.loads(text)
        except Exception:
            return "unknown", None
        try:
            return "done", self._done(told)
        except Exception as error:
            return "failed", error

    def _done(self, told: Any) -> Any:
        """Work to begin with, then its pieces, then None: it is over."""
        if told is None:
            self._do = None
            self._held.close()
        elif self._do is None:
            self._do = self._held.enter_context(told())
        else:
            return self._do(told)
        return None


class Team:
    """The helpers of this process."""

    always: bool | None = None  # for tests and measurements; None: from WORTH on
    _helpers: tuple[Helper, ...] = ()
    _free = Lock()

    @classmethod
    @contextmanager
    def of(cls, size: int, work: int) -> Iterator[Sequence[Helper]]:
        """So many helpers for a pass of that work; none where they are not worth it, or help another pass."""
        wanted = (Choice.asked >= WORTH and work >= SMALL) if cls.always is None else cls.always
        if not (wanted and size and cls._free.acquire(blocking=False)):
            yield ()
            return
        try:
            yield cls._started(size)
        finally:
            cls._free.release()

    @classmethod
    def _started(cls, size: int) -> Sequence[Helper]:
        cls._helpers = tuple(h for h in cls._helpers if h.runs)
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


class Here(Generic[P, R]):
    """Work in this process, entered when its first piece is done; from any thread."""

    def __init__(self, work: Work[P, R], held: ExitStack) -> None:
        self._work, self._held, self._lock = work, held, Lock()
        self._do: Callable[[P], R] | None = None

    def __call__(self, piece: P) -> R:
        """Do it."""
        with self._lock:
            if self._do is None:
                self._do = self._held.enter_context(self._work())
        return self._do(piece)


def divided(here: Work[P, R], there: Work[P, R], pieces: Sequence[P], workers: int, work: int) -> list[R]:
    """The results of all pieces. This thread does one piece after the other `here`, and beside it as many helpers, or
    threads, as there are further workers; whoever is ready takes the next one.

    `work`: rows times questions of all of them. What a helper cannot do is done here.
    """
    left = deque(enumerate(pieces))
    done: dict[int, R] = {}

    def work_on(do: Callable[[P], R]) -> None:
        while left:
            with suppress(IndexError):  # another one took the last
                i, piece = left.popleft()
                try:
                    done[i] = do(piece)
                except Undone:
                    left.appendleft((i, piece))
                    raise
                except BaseException:
                    left.clear()
                    raise

    def aside(helper: Helper | None) -> None:
        if helper is not None:
            with suppress(Undone), helper.at(there) as do:
                work_on(do)
        work_on(at_hand)

    others = min(workers, len(pieces)) - 1
    with ExitStack() as held, Team.of(others, work) as helpers, ThreadPoolExecutor(max(1, others)) as pool:
        at_hand = Here(here, held)
        asked: Sequence[Helper | None] = helpers or [None] * others
        beside = [pool.submit(aside, h) for h in asked]
        work_on(at_hand)
        for one in beside:
            one.result()
    return [done[i] for i in range(len(pieces))]
