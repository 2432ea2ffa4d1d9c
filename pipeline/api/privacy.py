"""[project] privacy = "strict": what every question refuses, and what becomes of its answer. `question` asks both, and nobody else.

A question about people one by one is refused in words. Of every other answer the table, its totals, its figure and its graph
say nothing about fewer than LEAST customers (reports/content/small_cells.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from ingest.errors import ConfigError
from pipeline.project.project import ProjectFolder, figure_of
from pipeline.project.result import Result

PEOPLE = {
    "customers": "it lists customers",
    "customer": "it shows one customer",
    "strugglers": "it lists customers",
    "sessions": "it lists sessions one by one",
    "carts_list": "it lists carts one by one",
    "carts_remind": "it lists customers",
    "identity_explain": "it shows one customer",
    "sql": "a statement can read single events",
}
"""Questions about people one by one, and why."""

WORDS = {
    "unmask": "ids stay masked",
    "returned": "it lists customers",
    "attributed": "it lists customers",
    "lapsed": "it lists customers",
    "having": "it lists customers",
}
"""Words that make a question one about people."""

OF_FILES = frozenset(
    {"inspect", "ingest", "erase", "runs_show", "runs_diff", "test_touchpoint", "explain", "config_show", "doctor"}
)
"""What is asked of files, of runs or of the configuration: no number of it counts customers."""

IDS = frozenset({"customer", "customer_id", "anonymous_id", "session_id", "cart_id"})
"""Columns that a list of people has, whatever question gave it."""

SAMPLES = ("input", "line", "detail", "raw")
"""Of the quarantine, what shows a single row."""

SMALL = re.compile(r"(?<![\d.,])[1-9](?![\d.,]*\d)")


def is_strict(project: object) -> bool:
    """Is it a project that says privacy = "strict"?"""
    return isinstance(project, ProjectFolder) and project.config.project.privacy == "strict"


def refuse_people(name: str, words: Mapping[str, Any]) -> None:
    """Raise ConfigError for a question about people one by one."""
    why = PEOPLE.get(name) or next((WORDS[w] for w in WORDS if words.get(w)), None)
    if name == "find" and words.get("sessions"):
        why = "it lists sessions one by one"
    if name == "quarantine" and not words.get("counts"):
        why = "it shows single rows; with counts (--counts) it says how many there are"
    if why is not None:
        raise not_answered(name, why)


def not_answered(name: str, why: str) -> ConfigError:
    """The error, and the way out."""
    return ConfigError(
        f'[project] privacy = "strict": {name.replace("_", " ")} is not answered, for {why}. '
        "Numbers about at least 10 customers are; whoever must see more takes the key out of journeys.toml."
    )


def guarded_answer(name: str, answer: Any) -> Any:
    """What may be told of an answer."""
    if name in OF_FILES:
        return answer
    table = answer.table if isinstance(answer, Result) else answer
    if isinstance(table, pa.Table) and IDS.intersection(table.column_names):
        raise not_answered(name, "it lists people, sessions or carts one by one")
    if isinstance(answer, Result):
        return guarded_result(answer)
    if isinstance(answer, pa.Table):
        return guarded_plain(name, answer)
    return answer if not hasattr(answer, "edges") else guarded_graph(answer)


def guarded_result(answer: Result) -> Result:
    """The table, its totals, its figure and its graph, with what is hidden said as a warning."""
    from reports.content.small_cells import guarded, guarded_matrix, guarded_meta

    sessions = answer.meta.get("sessions")
    if answer.title == "step matrix" and isinstance(sessions, int):
        table, hidden = guarded_matrix(answer.table, sessions)
    else:
        table, hidden = guarded(answer.table)
    meta = guarded_meta(answer.meta)
    if hidden:
        said = f'{hidden:,} numbers about fewer than 10 customers, or that give such a number away, are hidden (privacy = "strict").'
        meta = {**meta, "warnings": [*meta.get("warnings", ()), said]}
    title, make = answer.title, answer.make_graph
    return replace(
        answer,
        table=table,
        meta=meta,
        make_graph=None if make is None else lambda: guarded_graph(make()),
        make_plot=None if answer.make_plot is None else lambda: figure_of(title, table),
    )


def guarded_graph(graph: Any) -> Any:
    """The graph without edges about too few, nor nodes that no edge leads to any more."""
    from reports.content.small_cells import guarded

    edges = pa.Table.from_pylist([{"source": a, "target": b, **d} for a, b, d in graph.edges(data=True)])
    told = {(r["source"], r["target"]) for r in guarded(edges)[0].to_pylist() if r["customers"] and r["transitions"]}
    kept = graph.edge_subgraph([e for e in graph.edges if e in told]).copy()
    for _, values in kept.nodes(data=True):
        few = {k for k, v in values.items() if isinstance(v, int) and not isinstance(v, bool) and 0 < v < 10}
        values.update(dict.fromkeys(few))
    return kept


def guarded_plain(name: str, table: pa.Table) -> pa.Table:
    """An answer that is a table alone: the quarantine's counts, the laws, the runs."""
    if name == "quarantine":
        samples = [c for c in SAMPLES if c in table.column_names]
        return table.drop_columns(samples)
    if name == "reconcile":
        rows = table.to_pylist()
        details = [None if r["detail"] and SMALL.search(r["detail"]) else r["detail"] for r in rows]
        return table.set_column(table.column_names.index("detail"), "detail", pa.array(details, pa.string()))
    from reports.content.small_cells import guarded

    return guarded(table)[0]
