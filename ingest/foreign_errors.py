"""What a library below raises, as one of our errors that says what to do.

The doors to the libraries (`Database`, the store) translate what they expect. Here is the rest: what may come from
anywhere, such as a full disk. A library is told by the module of its error, so none is imported to ask.
"""

from __future__ import annotations

import errno

from ingest.errors import Conflict, InputError, JourneysError, MissingInput, NoStore, StoreError

DELTA = ("deltalake", "_internal")
ARROW = ("pyarrow", "duckdb", "_duckdb")
"""The modules that the errors of a library say they are of."""

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
MANY = (errno.EMFILE, errno.ENFILE)

NO_SPACE = "the disk is full{where}: free some space and run again. What was committed before is whole, nothing half written counts."
NOT_ALLOWED = "no permission{where}: allow it to this user (chmod, chown), or run as its owner."
TOO_MANY = "too many files are open{where}: allow more with ulimit -n 4096, and run again."
NO_MEMORY = (
    "the memory does not suffice{where}: ask for a shorter period (--since, --until), or run where there is more."
)
DAMAGED = "a file cannot be read as what it should be ({what}). Of the store: restore it from a backup, or ingest its inputs anew."
LOG = "the log of the store cannot be read or written ({what}). Nothing was committed; `journeys doctor` checks the store."
FAULT = "a library below gave up ({what}). Nothing was committed. Run again with -v, and report what it says."


def ours(error: BaseException) -> JourneysError | None:
    """The error of ours that says the same and what to do; None for one of ours, and for a fault of the program."""
    if isinstance(error, (JourneysError, BrokenPipeError)):  # whose reader is gone needs no message
        return None
    room, name, what = type(error).__module__.partition(".")[0], type(error).__name__, _first_line(error)
    said = what.lower()
    if name == "PanicException":
        return StoreError(_by_words(said) or FAULT.format(what=what))
    if isinstance(error, OSError):
        return _of_system(error)
    if isinstance(error, MemoryError) or name in ("OutOfMemoryException", "ArrowMemoryError"):
        return JourneysError(NO_MEMORY.format(where=""))
    if words := _by_words(said):
        return StoreError(words) if room in (*DELTA, *ARROW) else None
    if room in DELTA:
        return _of_log(name, what)
    if room in ARROW:
        return StoreError(DAMAGED.format(what=what))
    if isinstance(error, UnicodeError):
        return InputError(
            f"a text is not in the encoding it should be in ({what}). Set encoding in the [[source]], or save it as UTF-8."
        )
    if isinstance(error, RecursionError):
        return InputError("something is nested too deeply to be read. Write it with fewer levels.")
    return None


def _of_system(error: OSError) -> JourneysError | None:
    where = f" at {error.filename}" if error.filename else ""
    if error.errno in FULL:
        return StoreError(NO_SPACE.format(where=where))
    if error.errno in FORBIDDEN:
        return MissingInput(NOT_ALLOWED.format(where=where))
    if error.errno in MANY:
        return StoreError(TOO_MANY.format(where=where))
    if error.errno == errno.ENOMEM:
        return JourneysError(NO_MEMORY.format(where=where))
    if isinstance(error, FileNotFoundError):
        return MissingInput(f"a file is gone{where}: somebody moved or deleted it. Run again.")
    if error.errno is None:  # a library's, in words
        words = _by_words(str(error).lower())
        return StoreError(words or DAMAGED.format(what=_first_line(error)))
    return JourneysError(f"the system refused{where}: {error.strerror}.")


def _of_log(name: str, what: str) -> JourneysError:
    if name == "TableNotFoundError":
        return NoStore(f"there is no store here, or its log is gone ({what}). `journeys ingest FILE` makes one.")
    if name == "CommitFailedError":
        return Conflict(f"another run committed first; nothing of this one was written ({what}). Run again.")
    return StoreError(LOG.format(what=what))


def _by_words(said: str) -> str | None:
    """The causes that libraries tell in words only."""
    if "no space left" in said or "disk quota" in said:
        return NO_SPACE.format(where="")
    if "too many open files" in said:
        return TOO_MANY.format(where="")
    if "permission denied" in said or "read-only file system" in said:
        return NOT_ALLOWED.format(where="")
    if "cannot allocate memory" in said or "out of memory" in said:
        return NO_MEMORY.format(where="")
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
