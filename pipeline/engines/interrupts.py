"""Ctrl-C and SIGTERM end a command at once, whatever library it is in: exit code 128 + the signal's number.

Python tells a program of a signal only when its main thread is back from a library, and that may take half a minute.
So a thread waits for the signal beside it: it stops DuckDB's statements, and if the command has not ended within GRACE
seconds, it ends the process. The store is safe then, as it is after kill -9: nothing counts that no log entry names.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread, current_thread, main_thread
from types import FrameType

GRACE = 1.0
"""Seconds that a command has to end by itself."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Said:
    """Has the command told that it ends? And by which signal it does."""

    it = False
    number: int = signal.SIGINT


class Terminated(BaseException):
    """SIGTERM came."""


@contextmanager
def ended_at_once() -> Iterator[None]:
    """Inside, a signal ends the command soon; for the main thread of a process only."""
    if current_thread() is not main_thread() or signal.set_wakeup_fd(-1) != -1:
        yield
        return
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    before = signal.signal(signal.SIGTERM, _terminate)
    Thread(target=_watch, args=(told,), daemon=True).start()
    ending = False
    try:
        yield
    except (KeyboardInterrupt, Terminated):
        ending = True
        raise
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, before)
        if not (ending or came()):
            os.close(tell)  # the thread reads the end


def came() -> bool:
    """Has a signal come? What went wrong since may be its doing."""
    database = sys.modules.get("ingest.database")
    return database is not None and bool(database.Interruption.wanted)


def _terminate(number: int, frame: FrameType | None) -> None:
    Said.number = number
    raise Terminated


def _watch(told: int) -> None:
    while text := os.read(told, 1):
        if text[0] in SIGNALS:
            _end(text[0], told)
    os.close(told)


def _end(number: int, told: int) -> None:
    """Stop what runs in a library; after GRACE seconds, or at another signal, stop the process."""
    from select import select

    Said.number = number
    database = sys.modules.get("ingest.database")
    if database is not None:
        database.Interruption.now()
    if select([told], [], [], GRACE)[0] and not os.read(told, 1):
        return  # the command has ended by itself
    scratch = sys.modules.get("ingest.scratch")
    if scratch is not None:
        scratch.end_all()
    if not Said.it:
        os.write(2, b"journeys: interrupted\n")
    os._exit(128 + number)
