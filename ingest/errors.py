"""Everything that `journeys` raises on purpose.

    JourneysError                 exit code
      ConfigError                 2    journeys.toml, an option or a name does not make sense
        UnknownArgument           2    a question was asked with a word that it does not take; a TypeError as well
      InputError                  1    a file cannot be read as what it claims to be
        MissingInput              4    no file, an empty glob, a directory, no permission
        EmptyInput                1    a file of 0 bytes, or with nothing but white space: a load takes it for nothing
        NothingAccepted           3    a file of which not one row is an event
      StoreError                  1    the event store refuses
        NoStore                   4    there is no store yet
        UnknownCustomer           4    nobody in the store has this id
        Conflict                  75   somebody else committed first, again and again
        Locked                    75   another writer holds the lock
      QueryError                  1    DuckDB refused a statement; carries the SQL
        LimitMet                  1    a statement of `sql` met its limit of time, memory or disk
      SetAside                    4, 3 files were set aside (3: one of them was read and nothing in it is an event)
      StaleInput                  4    a source has brought nothing new for too long
      GateFailed                  3    a quality gate stopped the publish
      ConditionHolds              5    a --fail-on condition holds

The message says what is wrong, where (file, line, column), and how to mend it. Only the command line turns
an error into its exit code.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class JourneysError(Exception):
    """The root: anything a user of `journeys` may want to catch."""

    exit_code = 1


class ConfigError(JourneysError):
    """The configuration, an option or a name does not make sense."""

    exit_code = 2


class UnknownArgument(ConfigError, TypeError):
    """A question was asked with a word that it does not take."""


class InputError(JourneysError):
    """A file cannot be read as what it claims to be."""


class MissingInput(InputError):
    """No such file, an empty glob, a directory, or no permission to read."""

    exit_code = 4


class EmptyInput(InputError):
    """There is nothing in the file."""


class NothingAccepted(InputError):
    """The file has rows, and not one of them is an event as the mapping has it."""

    exit_code = 3


class SetAside(JourneysError):
    """Files were set aside, and everything else was done; the exit code is 3 where a file gave no event at all, else 4."""

    def __init__(self, message: str, nothing_accepted: bool) -> None:
        super().__init__(message)
        self.exit_code = 3 if nothing_accepted else 4


class StoreError(JourneysError):
    """The event store refuses."""


class NoStore(StoreError):
    """There is no event store here yet."""

    exit_code = 4


class UnknownCustomer(StoreError):
    """Nobody in the store has this id."""

    exit_code = 4


class Conflict(StoreError):
    """Other writers kept committing first."""

    exit_code = 75


class Locked(StoreError):
    """Another writer holds the lock."""

    exit_code = 75


class QueryError(JourneysError):
    """DuckDB refused a statement; `message` says why, `sql` is the statement."""

    def __init__(self, message: str, sql: str) -> None:
        super().__init__(f"{message}\n\nThe statement was:\n{sql}")
        self.message = message
        self.sql = sql


class LimitMet(QueryError):
    """A statement met its limit of time, memory or disk."""


class GateFailed(JourneysError):
    """A quality gate stopped the publish."""

    exit_code = 3


class StaleInput(JourneysError):
    """A source has brought nothing new for too long."""

    exit_code = 4


class ConditionHolds(JourneysError):
    """A --fail-on condition holds."""

    exit_code = 5


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """' Did you mean "near"?' for the nearest known word, or ''."""
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""
