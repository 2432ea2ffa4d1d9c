"""The events of some spans, stored and new, each once: what a load writes, and whose links it collects before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ingest.database import Database, load_sql
from ingest.identity.stitching import Stitching
from ingest.loading.inputs import Source
from ingest.quoting import literal, quoted
from ingest.schema import EVENTS, sql_type
from ingest.store.event_store import Snapshot
from ingest.store.ledger import Share
from ingest.store.spans import SpanFile


@dataclass(frozen=True, kw_only=True)
class Part:
    """Spans that are gathered together, and what was found of their events."""

    planned: Sequence[SpanFile]
    old: Sequence[SpanFile]  # what is stored of them
    copies: Sequence[tuple[str, int, int]] = ()  # source, rows that are copies, those with another content
    shares: frozenset[Share] = field(default_factory=frozenset)  # pairs of inputs that hold copies of one event


class Gathering:
    """The events of a load, part by part: `kept` is a view of those of the part at hand, or of a group of its spans.

    `gone`: the events of the inputs in the table `gone` leave. With `stitching`, events have the keys of their ids as recorded.
    """

    def __init__(
        self, db: Database, base: Snapshot, sources: Sequence[Source], stitching: Stitching | None, gone: bool = False
    ) -> None:
        self.db, self.base, self.sources, self.stitching = db, base, sources, stitching
        self.columns = [*EVENTS.names, *base.promoted]
        staged = [name for name, *_ in db.rows("describe staged")]
        self.arriving = [name for name in staged if not name.startswith("_")]
        self._device = "_device" in staged
        self._gone = gone
        self._at_hand: Part | None = None
        make_rules(db, sources)

    def gather(self, planned: Sequence[SpanFile]) -> Part:
        """Make `kept` of these spans; what is at hand already is not gathered again."""
        if self._at_hand is None or self._at_hand.planned != planned:
            old = self.held_by(planned)
            self._arrive(planned, old)
            copies = self._collapse()
            shares = self.db.rows(load_sql("ingest", "shared")) if copies else []
            self._at_hand = Part(
                planned=planned,
                old=old,
                copies=copies,
                shares=frozenset(Share(source=s, first=a, second=b) for s, a, b in shares),
            )
        self.narrow(planned)
        return self._at_hand

    def narrow(self, group: Sequence[SpanFile]) -> None:
        """Let `kept` show the events of neighbouring spans of the part at hand alone."""
        for name, at in {"since": group[0].since, "until": group[-1].until}.items():
            self.db.run(f"set variable {name} = make_timestamptz($at)", {"at": at})

    def held_by(self, planned: Sequence[SpanFile]) -> list[SpanFile]:
        """The stored files of these spans."""
        spans = {p.span for p in planned}
        return [f for f in self.base.files if f.span in spans]

    def hold(self, files: Sequence[SpanFile]) -> None:
        """Make `stored`, every event of these files; no part is at hand then."""
        self._at_hand = None
        self.db.run(load_sql("ingest", "empty_span"))
        for name in self.base.promoted:
            self.db.run(f"alter table stored add column {quoted(name)} varchar")
        self.db.run(load_sql("ingest", "stored"), {"files": [str(f.path) for f in files]})

    def groups(self, planned: Sequence[SpanFile], together: int) -> Iterator[list[SpanFile]]:
        """Neighbouring days of so many rows in all; a larger one is alone, and so is a month."""
        held = {p.span: p.rows for p in planned}
        for f in self.base.files:
            if f.span in held:
                held[f.span] += f.rows
        group: list[SpanFile] = []
        for p in planned:
            if group and (
                not (group[-1].is_day and p.is_day) or sum(held[g.span] for g in group) + held[p.span] > together
            ):
                yield group
                group = []
            group.append(p)
        if group:
            yield group

    def _arrive(self, planned: Sequence[SpanFile], old: Sequence[SpanFile]) -> None:
        """Make `arrivals`, every event of these spans with all columns: those not asked for cost nothing."""
        self.narrow(planned)
        self.db.run(load_sql("ingest", "fresh"))
        absent = {
            c: f"{0 if c == 'duplicates' else 'null'}::{sql_type(c)} as {quoted(c)}"
            for c in self.columns
            if c not in self.arriving
        }
        listed = [absent.get(c, quoted(c)) for c in self.columns]
        stored = "* from stored"
        if old:
            self.hold(old)
            if self._gone:
                self.db.run(load_sql("ingest", "without_gone"))
        if self.stitching is not None:  # owners are found anew: events have the keys of their ids as recorded
            device = "_device" if self._device else "null::bigint as _device"
            listed = [absent.get(c, quoted(c)) for c in self.columns if c != "owner_id"]
            listed += [device, "null::varchar as _owner_id"]
            if old:
                self.stitching.recorded()
                stored = "* exclude (owner_id, _owner_key), null::varchar as _owner_id from recorded"
        held = f"select {stored} where {WITHIN} union all by name " if old else ""
        self.db.run(f"create or replace temp view arrivals as {held}select {', '.join(listed)} from fresh")

    def _collapse(self) -> list[tuple[str, int, int]]:
        """Make `kept`, every event of `arrivals` once: source, rows that are copies, those with another content."""
        self.db.run(load_sql("ingest", "keyed"))
        if may_repeat(self.db):
            self.db.run(load_sql("ingest", "repeated"))
            if self.db.rows("select count(*) from repeated")[0][0]:
                self.db.run(load_sql("ingest", "collapsed"))
                self.db.run(load_sql("ingest", "kept"))
                return self.db.rows(load_sql("ingest", "losers"))
        self.db.run("create or replace temp view kept as select * from arrivals")
        return []


WITHIN = "event_at >= getvariable('since') and event_at < getvariable('until')"
"""SQL: is an event of the spans that `kept` shows?"""


def make_rules(db: Database, sources: Sequence[Source]) -> None:
    """The macros has_event_id(source) and has_key(source): how copies are found, of the sources that are loaded now."""
    rules = {"has_event_id": ("event_id",), "has_key": ("event_id", "content")}
    for name, keys in rules.items():
        listed = ", ".join(literal(s.mapping.name) for s in sources if s.mapping.key in keys)
        db.run(f"create or replace temp macro {name}(source) as ({f'source in ({listed})' if listed else 'false'})")


def may_repeat(db: Database) -> bool:
    """Does any key come twice, whoever's it is? Looking at bare numbers tells sooner than a grouping by customer and day."""
    batches = db.batches("select _key from keyed", 1 << 20)
    return any_twice(np.concatenate([*(np.asarray(b.column(0).drop_null()) for b in batches), np.empty(0, np.uint64)]))


def any_twice(keys: npt.NDArray[np.uint64]) -> bool:
    """Is any of these numbers there twice? Each takes the place that its last bits name; only those that lost theirs to
    another number are compared by a sort."""
    places = 1 << (2 * len(keys)).bit_length()
    named = (keys & np.uint64(places - 1)).view(np.int64)
    own, holder = np.arange(len(keys), dtype=np.int32), np.empty(places, dtype=np.int32)
    holder[named] = own
    lost = np.flatnonzero(holder.take(named) != own)
    beaten, winners = keys.take(lost), keys.take(holder.take(named.take(lost)))
    if (beaten == winners).any():
        return True
    beaten.sort()
    return bool((beaten[1:] == beaten[:-1]).any())
