"""Small numbers are hidden before they go to another team: a cell of fewer than LEAST customers says nothing.

A row about too few customers keeps only its name. A count below LEAST is hidden with all that follows from it; where it could
be worked out because parts add up to a sum that is told, the next smallest part is hidden with it. Zero is told: it is about
nobody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa

from reports.content.least import LEAST
from reports.content.small_cells import guarded
from reports.files.answers import Answer


def suppressed(answer: Answer) -> tuple[Answer, int]:
    """(the table with null where too few customers are, how many cells that are)."""
    if answer.whole:
        table, n = guarded(answer.table)
        return replace(answer, table=table), n
    rows, hidden = answer.table.to_pylist(), 0
    there = set(answer.table.column_names)
    for row in rows:
        gone = hide(answer, row) & there
        hidden += sum(row[c] is not None for c in gone)
        row.update(dict.fromkeys(gone))
    schema = pa.schema([f.with_nullable(True) for f in answer.table.schema])
    return replace(answer, table=pa.Table.from_pylist(rows, schema=schema)), hidden


def hide(answer: Answer, row: dict[str, Any]) -> set[str]:
    """The columns of a row that must not be told."""
    everything = {*answer.counts, *(c for follows in answer.of.values() for c in follows)}
    if answer.customers is not None and few(row.get(answer.customers)):
        return everything
    gone = {c for c in answer.counts if few(row.get(c))}
    for group in answer.together:
        others = [c for c in group if row.get(c) and c not in gone]
        if len(gone.intersection(group)) == 1 and others:
            gone.add(min(others, key=lambda c: row[c]))  # else the hidden one were their sum less the others
    return gone | {c for count in gone for c in answer.of.get(count, ())}


def few(n: Any) -> bool:
    """Is it about somebody, and about fewer than LEAST?"""
    return n is not None and 0 < n < LEAST
