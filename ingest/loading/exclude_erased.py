"""Rows of erased customers that are delivered again leave: as `excluded`, counted, without their content."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ingest.database import Database, load_sql
from ingest.loading.inputs import Source
from ingest.store.tombstones import Tombstones

MARKS = pa.schema([("kind", pa.string()), ("mac", pa.string()), ("until", pa.int64())])
"""One row per tombstone; `until` in microseconds UTC."""


def exclude_erased(db: Database, tombstones: Tombstones, sources: Sequence[Source]) -> None:
    """Give every row of `staged` whose customer was erased the fault `excluded`, and no row of it its content.

    Rows that have a fault already keep its reason and lose their content where any value of it is an erased id.
    """
    rows = [list(column) for column in zip(*tombstones.marks, strict=True)] or [[], [], []]
    marks = pa.table([pa.array(c, f.type) for c, f in zip(rows, MARKS, strict=True)], schema=MARKS)
    db.run_with("create or replace temp table erased_marks as select * from marks", marks=marks)
    inner, outer = tombstones.pads
    db.run("set variable erased_inner = $inner::blob", {"inner": inner})
    db.run("set variable erased_outer = $outer::blob", {"outer": outer})
    spaces = {s.mapping.name: s.mapping.identity.space(s.mapping.name) for s in sources}
    named = pa.table({"source": list(spaces), "space": list(spaces.values())})
    db.run_with("create or replace temp table erased_spaces as select * from named", named=named)
    staged = {name for name, *_ in db.rows("describe staged")}
    columns = [c if c in staged else f"null::varchar as {c}" for c in ("customer_id", "anonymous_id")]
    db.run(
        "create or replace temp view erased_rows as select source::varchar as source, event_at, _fault, "
        f"{', '.join(columns)} from staged"
    )
    db.run(load_sql("ingest", "erased_ids"))
    if db.rows("select count(*) from erased_ids")[0][0]:
        db.run(f"update staged set _fault = ['excluded', 'erased', null, null] where {condition(staged)}")
    db.run(load_sql("ingest", "erased_content"))


def condition(staged: set[str]) -> str:
    """Which of the rows without a fault go."""

    def among(column: str, kind: str) -> str:
        return f"{column} in (select id from erased_ids where kind = '{kind}')"

    tests = [among("customer_id", "customer")] if "customer_id" in staged else []
    if "anonymous_id" in staged:
        alone = "customer_id is null and " if "customer_id" in staged else ""
        tests.append(among("anonymous_id", "anonymous"))
        tests.append(
            f"({alone}exists (select 1 from erased_ids e where e.kind = 'device' and e.id = staged.anonymous_id "
            "and e.source = staged.source::varchar and epoch_us(staged.event_at) <= e.until))"
        )
    return f"_fault is null and ({' or '.join(f'coalesce({t}, false)' for t in tests) or 'false'})"
