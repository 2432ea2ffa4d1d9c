"""The one door to numba: loops over arrays that NumPy has no word for, compiled where `journeys[fast]` is installed.

Each loop does what a function in NumPy does as well; tests compare the two. Numba takes a second to load, and the first call
on a machine some seconds to compile; so a process counts with NumPy until it has asked WORTH questions of rows.

Which of the two counts is chosen here alone, by `twin`: the function in NumPy names the one that calls the loop.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache, cached_property, partial, wraps
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")

WORTH = 200_000_000
"""Rows times questions: from so many on the loops save more than numba takes to load."""


class Choice:
    """When loops are compiled; of this process."""

    asked = 0  # rows times questions so far
    always: bool | None = None  # for tests and measurements; None: from WORTH on


def expect(rows: int, questions: int) -> None:
    """So much is asked next: to be called at the start of a pass."""
    Choice.asked += rows * questions


def _worth() -> bool:
    """Are loops compiled from here on?"""
    wanted = Choice.asked >= WORTH if Choice.always is None else Choice.always
    return wanted and usable()


def counting_alike() -> Callable[[], None]:
    """What a helper process is to call first: then it counts the way that this one does now."""
    return partial(_follow, _worth())


def _follow(compiled: bool) -> None:
    Choice.always = compiled


def twin(
    compiled: Callable[P, R | None], when: Callable[P, bool] | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`@twin(compiled)` on a function in NumPy: once loops are worth it, `compiled` is called with the same arguments instead.

    The arguments are left to NumPy where `when` says False of them, or where `compiled` gives None; so None must be no
    answer of the function. `__wrapped__` of what is made is the function in NumPy.
    """

    def choosing(plain: Callable[P, R]) -> Callable[P, R]:
        @wraps(plain)
        def chosen(*args: P.args, **kwargs: P.kwargs) -> R:
            if _worth() and (when is None or when(*args, **kwargs)):
                answer = compiled(*args, **kwargs)
                if answer is not None:
                    return answer
            return plain(*args, **kwargs)

        return chosen

    return choosing


@cache
def usable() -> bool:
    """Is numba there, and does it load? It refuses a NumPy newer than it knows; then NumPy goes on counting."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


class Loop(Generic[P, R]):
    """`@Loop` on a function of arrays and numbers: a call runs it compiled, `plain` as it is written."""

    def __init__(self, plain: Callable[P, R]) -> None:
        self.plain = plain
        self.__doc__ = plain.__doc__

    @cached_property
    def _compiled(self) -> Callable[P, R]:
        import numba

        try:
            dispatcher: Any = numba.njit(nogil=True, cache=True)(self.plain)
        except RuntimeError:  # no folder to keep it in
            return cast(Callable[P, R], numba.njit(nogil=True)(self.plain))
        dispatcher.compile = one_by_one(dispatcher.compile, Path(dispatcher.stats.cache_path) / LOCK)
        return cast(Callable[P, R], dispatcher)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """What `plain` gives."""
        return self._compiled(*args, **kwargs)


LOCK = "loops.lock"
"""File of the folder that compiled loops are kept in."""


def one_by_one(compile_: Callable[[Any], Any], lock: Path) -> Callable[[Any], Any]:
    """The same, in one process at a time: it looks for what was kept, else it compiles and keeps it.

    Numba numbers what it keeps of a function. Two processes that keep it for two types of arrays at once may take one
    number, and who loads one of them then runs the other: it counts wrong, and nothing says so.
    """

    def alone(types: Any) -> Any:
        with ExitStack() as held:
            with suppress(OSError):  # nothing can be kept there, or the file system has no locks
                fcntl.flock(held.enter_context(lock.open("a")), fcntl.LOCK_EX)
            return compile_(types)

    return alone
