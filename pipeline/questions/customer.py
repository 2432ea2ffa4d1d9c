"""One customer's whole journey; of the store only the row groups that hold it are read."""

from __future__ import annotations

import json
from typing import Any, Unpack

import numpy as np
import pyarrow as pa

from ingest.errors import UnknownCustomer
from ingest.keys import customer_key
from ingest.scan.batches import EventBatch
from ingest.scan.customers import scan_keys
from ingest.scan.extra_columns import ScanCount
from ingest.schema import MONEY
from ingest.store.event_store import Snapshot
from paths.journeys.prepare import prepare
from paths.journeys.scope import Scope
from paths.people.timeline import GoalSums, Timeline
from pipeline.engines.local import Pass, last_span
from pipeline.project.as_of import instant_text
from pipeline.project.project import Asked, Period, PeriodWords, ProjectFolder
from pipeline.project.result import Result
from pipeline.project.rules import cart_rules, goal_rules


def customer(project: ProjectFolder, id: str, *, anonymous: bool = False, **period: Unpack[PeriodWords]) -> Result:
    """One row per event of one customer, in order; meta["customer"] has what stands above them.

    `id` is a known one or, where nobody is known by it, an anonymous one; `anonymous` looks for that alone. Raises
    UnknownCustomer.
    """
    snapshot = project.store.snapshot()
    scope, warnings = project.scope(Period(**period), snapshot, frozenset(MONEY))
    rules, units = goal_rules(project.config), project.minor_units
    timeline = Timeline(rules=rules, carts=cart_rules(project.config), promoted=snapshot.promoted, minor_units=units)
    sums = GoalSums(rules=rules)
    done = Pass()
    keys = [] if anonymous else [customer_key(customer_id=id)]
    keys += [customer_key(anonymous_id=id, space=s) for s in spaces_of(project, snapshot)]
    columns = timeline.columns | sums.columns | scope.columns
    batch = next((b for k in keys if (b := events_of(k, columns, snapshot, scope, done.read)) is not None), None)
    if batch is None:
        raise UnknownCustomer(unknown(id, scope, anonymous))
    journeys = prepare(batch, scope)
    done.excluded_sessions = journeys.excluded_sessions
    table, goals = (a.reduce([a.map(journeys)]) for a in (timeline, sums))
    if not table.num_rows:
        warnings.append("this customer has no events in the period, or before as_of.")
    asked = Asked(answers=[], snapshot=snapshot, scope=scope, done=done, config=project.config, warnings=warnings)
    head = header(id, table, goals.to_pylist()[0], units)
    return asked.result("customer", with_promoted(table, snapshot.promoted), parameters={"customer": head})


def spaces_of(project: ProjectFolder, snapshot: Snapshot) -> list[str]:
    """The spaces in which an anonymous id may lie: those of the sources that were ever read."""
    known = {s.name for s in project.config.sources} | snapshot.targets.keys()
    return sorted({project.identity_rules.space(source) for source in known})


def events_of(
    key: int, columns: frozenset[str], snapshot: Snapshot, scope: Scope, count: ScanCount
) -> EventBatch | None:
    """The events of one customer, None without any; `count` adds up what was read."""
    files = [f for f in snapshot.files if f.span <= last_span(scope)]
    return next(scan_keys(files, columns, frozenset(snapshot.columns), np.array([key], dtype=np.int64), count), None)


def unknown(id: str, scope: Scope, anonymous: bool) -> str:
    """What to say where nobody has the id."""
    kind = "anonymous id" if anonymous else "id"
    masked = len(id) == 12 and all(c in "0123456789abcdef" for c in id)
    hint = " It looks like a masked id: list it with --unmask." if masked else " Ids are compared exactly as recorded."
    return f'no customer has the {kind} "{id}" before {instant_text(scope.as_of)}.{hint}'


def header(id: str, table: pa.Table, goals: dict[str, int], units: int) -> dict[str, Any]:
    """Who it is, from when to when, how much."""
    at = table["at"].to_pylist()
    digits = len(str(units)) - 1
    return {
        "id": id,
        "first_at": at[0] if at else None,
        "last_at": at[-1] if at else None,
        "sessions": len({s for s in table["session"].to_pylist() if s is not None}),
        "events": table.num_rows,
        "goals": goals["goals"],
        "value": round(goals["value"] / units, digits) if goals["with_value"] else None,
    }


def with_promoted(table: pa.Table, promoted: tuple[str, ...]) -> pa.Table:
    """The promoted columns among the properties: one customer, so row by row."""
    rows = []
    for row in table.to_pylist():
        properties = json.loads(row["properties"] or "{}") | {c: row[c] for c in promoted if row[c] is not None}
        rows.append(json.dumps(properties, ensure_ascii=False) if properties else None)
    kept = table.drop_columns(list(promoted))
    at = kept.column_names.index("properties")
    return kept.set_column(at, "properties", pa.array(rows, pa.string()))
