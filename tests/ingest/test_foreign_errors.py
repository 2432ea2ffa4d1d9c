"""Every kind of error of a library below comes out as one of ours, with what to do."""

from __future__ import annotations

import errno

import deltalake.exceptions as delta
import duckdb
import pyarrow as pa
import pytest

from ingest.errors import Conflict, InputError, JourneysError, MissingInput, NoStore, QueryError, StoreError
from ingest.foreign_errors import ours


def panic(text: str) -> BaseException:
    """As Rust's libraries raise it: no Exception, and known by its name only."""
    return type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})(text)


def system(number: int, name: str = "/data/x") -> OSError:
    return OSError(number, "as the system says", name)


KINDS = [
    (system(errno.ENOSPC), StoreError, "disk is full at /data/x"),
    (system(errno.EDQUOT), StoreError, "disk is full"),
    (system(errno.EACCES), MissingInput, "no permission at /data/x"),
    (system(errno.EROFS), MissingInput, "no permission"),
    (system(errno.EMFILE), StoreError, "ulimit -n"),
    (system(errno.ENOENT), MissingInput, "is gone at /data/x"),
    (system(errno.ENOMEM), JourneysError, "memory does not suffice"),
    (system(errno.EIO), JourneysError, "the system refused at /data/x"),
    (MemoryError(), JourneysError, "memory does not suffice"),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), InputError, "encoding"),
    (RecursionError(), InputError, "nested too deeply"),
    (duckdb.OutOfMemoryException("x"), JourneysError, "memory does not suffice"),
    (duckdb.IOException('Could not write file "x": No space left on device'), StoreError, "disk is full"),
    (duckdb.IOException("Cannot open file: Too many open files"), StoreError, "ulimit -n"),
    (duckdb.InvalidInputException("No magic bytes found at end of file"), StoreError, "No magic bytes"),
    (pa.ArrowInvalid("Parquet magic bytes not found in footer"), StoreError, "restore it from a backup"),
    (pa.ArrowMemoryError("x"), JourneysError, "memory does not suffice"),
    (pa.ArrowIOError("Couldn't deserialize thrift"), StoreError, "restore it from a backup"),
    (delta.TableNotFoundError("x"), NoStore, "journeys ingest FILE"),
    (delta.CommitFailedError("x"), Conflict, "Run again"),
    (delta.DeltaProtocolError("x"), StoreError, "journeys doctor"),
    (delta.DeltaError("Generic LocalFileSystem error: No space left on device"), StoreError, "disk is full"),
    (panic("called `Result::unwrap()` on an `Err` value"), StoreError, "a library below gave up"),
    (panic('Os { code: 28, message: "No space left on device" }'), StoreError, "disk is full"),
]


@pytest.mark.parametrize("error, kind, said", KINDS, ids=[f"{type(e).__name__} {s[:20]}" for e, _, s in KINDS])
def test_an_error_of_a_library_is_one_of_ours_that_says_what_to_do(error, kind, said):
    found = ours(error)
    assert type(found) is kind
    assert said in str(found)


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), TypeError("x"), QueryError("x", "select"), StoreError("x")]
)
def test_faults_of_the_program_and_errors_of_ours_stay_what_they_are(error):
    assert ours(error) is None
