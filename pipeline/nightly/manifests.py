"""The record of every run: a JSON manifest each, and a Prometheus text file of the newest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

from ingest.errors import MissingInput, did_you_mean
from pipeline.atomic_write import publish_bytes

PACKAGES = ("journeys", "duckdb", "pyarrow", "deltalake", "numpy", "pandas", "networkx")

RUNS = pa.schema(
    [(n, pa.string()) for n in ("run_id", "as_of", "state", "started_at")]
    + [(n, pa.float64()) for n in ("seconds",)]
    + [(n, pa.int64()) for n in ("inputs", "rows", "accepted", "duplicates", "quarantined", "warnings")]
)
"""One row is one run, newest first. state: ok, failed (exit 1), gated (3), stale (4), condition (5), or
incomplete: published without files that were set aside (4, or 3 where one of them gave no event at all)."""


@dataclass
class Manifest:
    """What one run did, as it is written to <store>/runs/<run_id>.json."""

    run_id: str
    as_of: str
    started_at: str
    config: str  # digest
    state: str = "running"
    exit_code: int | None = None
    message: str = ""
    seconds: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)  # seconds of each
    read: dict[str, dict[str, int]] = field(default_factory=dict)  # by stage: files, rows and bytes of the store
    inputs: list[dict[str, str]] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    growing: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)  # inputs with nothing in them
    aside: list[dict[str, str]] = field(default_factory=list)  # inputs set aside: source, name, reason
    anew: list[str] = field(default_factory=list)  # inputs whose earlier rows went
    remapped: list[str] = field(default_factory=list)  # known inputs that were read by another mapping
    redelivered: list[str] = field(default_factory=list)  # known names that came with other bytes
    lacking: dict[str, dict[str, list[str]]] = field(
        default_factory=dict
    )  # source -> target -> inputs without a column
    accounting: dict[str, dict[str, Any]] = field(default_factory=dict)
    snapshot_before: int | None = None
    snapshot_after: int | None = None
    spans: list[str] = field(default_factory=list)
    sealed: list[str] = field(default_factory=list)  # months
    aged: dict[str, Any] = field(
        default_factory=dict
    )  # days that left: the first one kept, days, events, and a sentence
    numbers: dict[str, Any] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)  # sentences about late rows
    warnings: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=lambda: {p: version(p) for p in PACKAGES})

    def write(self, folder: Path) -> Path:
        """Write it, all or nothing, and the metrics beside it."""
        path = folder / f"{self.run_id}.json"
        publish_bytes(path, (json.dumps(self.__dict__, indent=1, sort_keys=True, default=str) + "\n").encode())
        publish_bytes(folder / "metrics.prom", self.metrics().encode())
        return path

    def metrics(self) -> str:
        """Prometheus text exposition of the run."""
        lines = [
            "# TYPE journeys_run_success gauge",
            f"journeys_run_success {int(self.state == 'ok')}",
            "# TYPE journeys_run_seconds gauge",
            f"journeys_run_seconds {self.seconds:.3f}",
            "# TYPE journeys_run_rows gauge",
        ]
        for source, book in sorted(self.accounting.items()):
            label = source.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            for kind in ("rows", "accepted", "duplicates", "quarantined"):
                lines.append(f'journeys_run_rows{{source="{label}",kind="{kind}"}} {book[kind]}')
        lines += [
            line
            for name, value in sorted(self.numbers.items())
            if isinstance(value, (int, float))
            for line in (f"# TYPE journeys_{name} gauge", f"journeys_{name} {value}")
        ]
        return "\n".join(lines) + "\n"


def read_all(folder: Path) -> list[dict[str, Any]]:
    """Every manifest, newest first."""
    manifests = [json.loads(p.read_text(encoding="utf-8")) for p in folder.glob("*.json")] if folder.is_dir() else []
    return sorted(manifests, key=lambda m: (m["started_at"], m["run_id"]), reverse=True)


def table_of(manifests: Sequence[Mapping[str, Any]]) -> pa.Table:
    """RUNS."""
    rows = []
    for m in manifests:
        books = m["accounting"].values()
        rows.append(
            {
                "run_id": m["run_id"],
                "as_of": m["as_of"],
                "state": m["state"],
                "started_at": m["started_at"],
                "seconds": m["seconds"],
                "inputs": len(m["inputs"]),
                **{k: sum(b[k] for b in books) for k in ("rows", "accepted", "duplicates", "quarantined")},
                "warnings": len(m["warnings"]),
            }
        )
    return pa.Table.from_pylist(rows, schema=RUNS)


def named(folder: Path, run_id: str) -> dict[str, Any]:
    """One manifest by its id, or "last"; raises MissingInput."""
    manifests = read_all(folder)
    for m in manifests:
        if run_id in (m["run_id"], "last"):
            return m
    raise MissingInput(f'there is no run "{run_id}".{did_you_mean(run_id, [m["run_id"] for m in manifests])}')


def difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> pa.Table:
    """One row per value that two manifests disagree on: key, first, second."""
    one, two = flat("", a), flat("", b)
    keys = [k for k in sorted(one.keys() | two.keys()) if one.get(k) != two.get(k)]
    return pa.table(
        {"key": keys, "first": [one.get(k) for k in keys], "second": [two.get(k) for k in keys]},
        schema=pa.schema([(n, pa.string()) for n in ("key", "first", "second")]),
    )


def flat(prefix: str, value: Any) -> dict[str, str]:
    """Nested values by dotted keys, as text."""
    if isinstance(value, Mapping):
        return {
            k: v
            for name, inner in value.items()
            for k, v in flat(f"{prefix}.{name}" if prefix else name, inner).items()
        }
    return {prefix: json.dumps(value, sort_keys=True) if isinstance(value, list) else str(value)}


def iso(moment: datetime) -> str:
    """An instant as text."""
    return moment.isoformat().replace("+00:00", "Z")
