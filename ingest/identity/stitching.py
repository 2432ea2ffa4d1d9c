"""Stitching: whose each event is, decided while files are written.

A load writes the spans that rows arrive for. Before it does, it collects their links (`collect`), puts them together with
those of the device indexes beside all other files, and knows the owner of every anonymous id it writes (`settle`). Where
a new link changes whose older events are, the spans that hold them are written anew in the same commit (`Plan.moved`).
So the owners are those of all rows, however they were split into files and runs. docs/adr/0020 has the argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ingest.array_types import MICROSECOND
from ingest.database import Database, load_sql
from ingest.identity.rules import IdentityRules, is_pattern
from ingest.keys import anonymous_prefix
from ingest.quoting import literal, path_literal
from ingest.store.alias_files import alias_table, keep_aliases, kept_aliases
from ingest.store.device_index import DEVICE_INDEX, device_index_path, write_device_index
from ingest.store.spans import SpanFile


def make_macros(db: Database, rules: IdentityRules) -> None:
    """The macro is_blocked(id): is it one of the ids that are none? A word is one in any case, with white space around it."""
    words = "|".join(re.escape(w) for w in rules.blocked if not is_pattern(w))
    patterns = [w[1:-1] for w in rules.blocked if is_pattern(w)] + ([f"{BLANKS}(?:{words}){BLANKS}"] if words else [])
    tests = [f"regexp_full_match(id, {literal(pattern)}, 'i')" for pattern in patterns]
    db.run(f"create or replace temp macro is_blocked(id) as ({' or '.join(tests) or 'false'})")


BLANKS = r"[\s\v\x1c-\x1f\x{85}\p{Z}]*"
"""What the macro bare(text) takes away."""


class Stitching:
    """The identity of one load. `said`: Snapshot.identity, by which rules the stored owners were found."""

    def __init__(
        self, db: Database, rules: IdentityRules, files: Sequence[SpanFile], said: Mapping[str, str], root: Path
    ) -> None:
        self.db, self.rules, self.files = db, rules, files
        before = kept_aliases(root, said.get("aliases", ""))
        self.all_again = bool(files) and (before is None or said.get("identity", rules.digest) != rules.digest)
        """Must every span be written anew, since other rules hold, or nobody knows by which aliases it was written?"""
        before = before or {}
        self.changed_aliases = changed(before, rules.aliases)
        columns = ", ".join(f"{f.name} {kind(f.type)}" for f in DEVICE_INDEX)
        db.run(f"create or replace temp table device_rows ({columns})")
        for name, pairs in (("aliases", rules.aliases), ("aliases_before", before)):
            db.run_with(f"create or replace temp table {name} as select * from given", given=alias_table(pairs))
        ids = pa.table({"id": pa.array(sorted(self.changed_aliases), pa.string())})
        db.run_with("create or replace temp table changed_ids as select id from given", given=ids)

    def facts(self, root: Path) -> dict[str, str]:
        """What a commit says of identity; its aliases are kept beside, for the next load to compare with."""
        if self.rules.aliases:
            keep_aliases(root, self.rules.alias_digest, self.rules.aliases)
        return {"identity": self.rules.digest, "aliases": self.rules.alias_digest}

    def recorded(self) -> None:
        """Make `recorded` of `stored`: the same events with the keys of their ids as recorded, and _device."""
        db = self.db
        sources = [s for (s,) in db.rows("select distinct source from stored where anonymous_id is not null")]
        spaces = pa.table(
            {
                "source": pa.array(sources, pa.string()),
                "prefix": pa.array([anonymous_prefix(self.rules.space(s)) for s in sources], pa.string()),
            }
        )
        db.run_with(load_sql("ingest", "device_keys"), spaces=spaces)
        db.run(load_sql("ingest", "recorded"))

    def collect(self, group: Sequence[SpanFile], mixed: bool) -> None:
        """Take the links and the anonymous events of `kept`, the events of a group, into the index."""
        db = self.db
        day = "0" if len(group) == 1 else "(epoch_us(event_at) // 86400000000)::integer"
        code, join = "enum_code(kept.recorded_input)", ""
        if mixed:  # inputs of stored events are texts
            code, join = "code", "join places on kept.recorded_input::varchar = places.recorded_input"
        numbered = "(row_number() over (order by recorded_input) - 1)::integer as code"
        inputs = f"select distinct recorded_input::varchar as recorded_input from {'kept' if mixed else 'inputs'}"
        db.run(f"create or replace temp table places as select recorded_input, {numbered} from ({inputs})")
        db.run(
            f"create or replace temp view placed as select {day} as day, _device as device, customer_id, "
            f"(epoch_us(event_at)::hugeint << 64) + ({code}::hugeint << 40) + recorded_row as place from kept {join}"
        )
        db.run(load_sql("ingest", "device_touches"))
        db.run(load_sql("ingest", "device_contested"))
        runs = "device_touches"  # where each anonymous id names one customer a day, its links are one run
        if db.rows("select count(*) from device_contested")[0][0]:
            db.run(load_sql("ingest", "device_runs"))
            runs = "device_told"
        db.run(f"create or replace temp view device_runs as select * from {runs}")
        span = literal(group[0].span) if len(group) == 1 else "strftime(make_timestamp(day * 86400000000), '%Y-%m-%d')"
        db.run(f"create or replace temp macro span_of(day) as ({span})")
        db.run(load_sql("ingest", "device_rows"))

    def settle(self, spans: Iterable[str]) -> list[str]:
        """Find the owners, with the links of all other files; returns further spans whose events change hands.

        `spans`: those that are written anyway, whose events were collected.
        """
        db, written = self.db, set(spans)
        inside = [f for f in self.files if f.span in written]
        outside = [f for f in self.files if f.span not in written]
        for name, files in (("indexed_inside", inside), ("indexed_outside", outside)):
            db.run(f"create or replace temp view {name} as {read_index(files)}")
        db.run(load_sql("ingest", "devices_concerned"))
        db.run(
            "create or replace temp table others as select * from indexed_outside semi join devices_concerned using (device)"
        )
        moved: list[str] = []
        if outside:
            self.find_owners(
                "select * from indexed_inside semi join devices_concerned using (device) union all by name from others",
                "aliases_before",
            )
            db.run("create or replace temp table starts_before as from owner_starts")
        self.find_owners("select * from device_rows union all by name from others", "aliases")
        db.run(load_sql("ingest", "owners"))
        if outside:
            db.run(load_sql("ingest", "devices_changed"))
            moved = [s for (s,) in db.rows(load_sql("ingest", "spans_moved"))]
            moved += self.spans_of_aliases([f for f in outside if f.span not in moved])
        return sorted(moved)

    def find_owners(self, links: str, aliases: str) -> None:
        """Make `owner_starts` of these links."""
        db, rules = self.db, self.rules
        db.run(f"create or replace temp view links as {links}")
        db.run(load_sql("ingest", "owner_links").replace("join aliases a", f"join {aliases} a"))
        db.run(load_sql("ingest", "owner_counts"))
        db.run(load_sql("ingest", "owner_turns"), {"max_owners": rules.max_owners})
        db.run("delete from owner_counts where owners > $most", {"most": rules.max_owners})
        said = {"lookback": rules.stitch_lookback // MICROSECOND, "shared_device": rules.shared_device}
        db.run(load_sql("ingest", "owner_starts"), said)

    def spans_of_aliases(self, files: Sequence[SpanFile]) -> list[str]:
        """The spans that hold events of customers whose aliases changed."""
        if not self.changed_aliases or not files:
            return []
        relation = f"read_parquet({path_literal(*(f.path for f in files))}, filename = true, hive_partitioning = false)"
        rows = self.db.rows(f"select distinct filename from {relation} semi join changed_ids on customer_id = id")
        names = {name for (name,) in rows}
        return sorted({f.span for f in files if str(f.path) in names})

    def own(self) -> str:
        """Make `owned` of `kept`, with owners; returns its name."""
        self.db.run(load_sql("ingest", "owners_here"))
        self.db.run(load_sql("ingest", "owners_by_place"))
        self.db.run(load_sql("ingest", "owned"))
        return "owned"

    def reown(self) -> str:
        """Make `owned` of `recorded`, the stored events of a span into which nothing arrives; returns its name."""
        self.db.run(load_sql("ingest", "kept_moved"))
        return self.own()

    def write_indexes(self, files: Iterable[SpanFile]) -> None:
        """Write the device index beside each file of a span that was collected."""
        rows = self.db.query("select * from device_rows")
        if not rows.num_rows:
            return
        spans = rows["span"].combine_chunks().dictionary_encode()
        names, codes = spans.dictionary.to_pylist(), np.asarray(spans.indices)
        in_order = np.argsort(codes, kind="stable")
        rows, bounds = rows.take(in_order), np.searchsorted(codes[in_order], np.arange(len(names) + 1))
        places = {name: (int(bounds[n]), int(bounds[n + 1])) for n, name in enumerate(names)}
        for file in files:
            low, high = places.get(file.span, (0, 0))
            write_device_index(file.path, rows.slice(low, high - low))


def read_index(files: Sequence[SpanFile]) -> str:
    """SQL of the rows of the device indexes beside these files."""
    paths = [p for f in files if (p := device_index_path(f.path)).exists()]
    if not paths:
        return f"select {', '.join(f'null::{kind(f.type)} as {f.name}' for f in DEVICE_INDEX)} where false"
    return f"select * from read_parquet({path_literal(*paths)}, hive_partitioning = false)"


def join_indexes(old: Sequence[SpanFile], target: SpanFile) -> None:
    """Beside a file of a month: the device indexes of its days, one behind the other."""
    paths = [p for f in old if (p := device_index_path(f.path)).exists()]
    if paths:
        rows = pa.concat_tables([pq.read_table(p, schema=DEVICE_INDEX, partitioning=None) for p in paths])
        span = pa.array([target.span] * rows.num_rows, pa.string())
        write_device_index(target.path, rows.set_column(0, "span", span))


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> frozenset[str]:
    """Ids that other customers' names stand for than before."""
    return frozenset(i for i in before.keys() | now.keys() if before.get(i) != now.get(i))


def kind(type_: pa.DataType) -> str:
    """The SQL type of a column of the device index."""
    return {pa.int64(): "bigint", pa.string(): "varchar"}.get(type_, "timestamptz")


__all__ = ["Stitching", "join_indexes", "make_macros"]
