"""Reading a Delta log for many transactions at once: asked one by one, each goes through the whole log again."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

CHECKPOINT = ".checkpoint.parquet"


def transactions(log: Path, version: int) -> frozenset[str]:
    """Application ids of the transactions up to a version, as far as plain files of the log name them.

    An id that is missing here may still be in the log: of a checkpoint in several parts nothing is read.
    """
    found: set[str] = set()
    with suppress(OSError, ValueError, KeyError, pa.ArrowException):
        checkpoints = sorted(n for p in log.glob(f"[0-9]*{CHECKPOINT}") if (n := int(p.name[:20])) <= version)
        if checkpoints:
            ids = pq.read_table(log / f"{checkpoints[-1]:020}{CHECKPOINT}", columns=["txn"])
            found.update(row["appId"] for row in ids["txn"].to_pylist() if row and row["appId"])
        for number in range(checkpoints[-1] + 1 if checkpoints else 0, version + 1):
            actions = map(json.loads, (log / f"{number:020}.json").read_text(encoding="utf-8").splitlines())
            found.update(action["txn"]["appId"] for action in actions if "txn" in action)
    return frozenset(found)
