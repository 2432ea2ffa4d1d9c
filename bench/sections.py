"""What is measured: sections of sides that do the same work, in turn."""

from __future__ import annotations

from typing import NamedTuple


class Side(NamedTuple):
    """One line of a table."""

    label: str
    module: str
    task: str
    kind: str  # limit, project, peer; compared: the project once more


class Section(NamedTuple):
    """Sides that do the same work, measured in turn."""

    title: str
    sides: tuple[Side, ...]


SCAN = Side("limit: bare scan", "limit", "scan", "limit")
SECTIONS = {
    "transitions": Section(
        "Sessions + transitions",
        (
            SCAN,
            Side("journeys", "project", "transitions", "project"),
            Side("journeys, NumPy alone", "project_numpy", "transitions", "compared"),
            Side("ClickHouse (chdb) on Parquet", "clickhouse", "transitions", "peer"),
            Side("ClickHouse (chdb) on its MergeTree", "mergetree", "transitions", "peer"),
            Side("DuckDB window SQL on Parquet", "limit", "transitions", "peer"),
            Side("Polars on Parquet", "polars_frames", "transitions", "peer"),
            Side("pm4py on Parquet (no customers, no times)", "pm4py_log", "transitions", "peer"),
            Side("retentioneering on Parquet", "retentioneering_stream", "transitions", "peer"),
        ),
    ),
    "funnel": Section(
        "Funnel: 4 steps, 7 days, customers",
        (
            SCAN,
            Side("journeys", "project", "funnel", "project"),
            Side("ClickHouse windowFunnel on Parquet", "clickhouse", "funnel", "peer"),
            Side("ClickHouse windowFunnel on its MergeTree", "mergetree", "funnel", "peer"),
        ),
    ),
    "breakdown": Section(
        "The same funnel, broken down by day", (SCAN, Side("journeys", "project", "breakdown", "project"))
    ),
    "dropoff": Section(
        "Drop-off",
        (
            SCAN,
            Side("journeys", "project", "dropoff", "project"),
            Side("journeys, NumPy alone", "project_numpy", "dropoff", "compared"),
        ),
    ),
    "carts": Section("Carts", (SCAN, Side("journeys", "project", "carts", "project"))),
    "matrix": Section("Step matrix of 8 steps", (SCAN, Side("journeys", "project", "matrix", "project"))),
    "find": Section("Pattern search", (SCAN, Side("journeys", "project", "find", "project"))),
    "map": Section(
        "Journey map",
        (
            SCAN,
            Side("journeys", "project", "journey_map", "project"),
            Side("journeys, NumPy alone", "project_numpy", "journey_map", "compared"),
        ),
    ),
    "together": Section(
        "Transitions, funnel and drop-off in one pass", (SCAN, Side("journeys", "project", "together", "project"))
    ),
    "report": Section(
        "All questions of the report",
        (
            SCAN,
            Side("journeys, in one pass", "project", "report", "project"),
            Side("journeys, one by one", "project", "report_one_by_one", "compared"),
        ),
    ),
    "customer": Section("One customer's journey", (SCAN, Side("journeys", "project", "customer", "project"))),
    "ingest": Section(
        "Ingest: CSV to sorted, typed Parquet",
        (
            Side("limit: bare sorted COPY", "limit", "copy", "limit"),
            Side("journeys", "project", "ingest", "project"),
            Side("ClickHouse (chdb): load and sort a MergeTree, no check", "mergetree", "ingest", "peer"),
            Side("ClickHouse (chdb): load, check and sort a MergeTree", "mergetree", "ingest_checked", "peer"),
        ),
    ),
    "startup": Section(
        "Start of a process",
        (
            Side("limit: python -c pass", "", "", "limit"),
            Side("journeys --help", "", "", "project"),
            Side("journeys dropoff, whole process", "", "", "compared"),
        ),
    ),
}
