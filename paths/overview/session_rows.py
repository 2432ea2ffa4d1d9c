"""One row per session: the rows of `journeys sessions` and of the published table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from paths.analysis import Lookback
from paths.journeys.customer_ids import ID_COLUMNS, ids_at
from paths.journeys.journeys import Journeys
from sessionize.clock import day_numbers
from sessionize.sessions import SESSIONS, session_ids

INSTANT = pa.timestamp("us", tz="UTC")
SECOND = 1_000_000


@dataclass(frozen=True, kw_only=True)
class SessionRows:
    """Lists the selected sessions, excluded ones marked; oldest first."""

    goal: frozenset[str] = field(default_factory=frozenset)

    @property
    def columns(self) -> frozenset[str]:
        """Whose a session is."""
        return frozenset(ID_COLUMNS)

    def lookback(self, since: int) -> Lookback | None:
        """Only where sessions begin: all else lies in the unit, or behind its start."""
        return Lookback.sessions(since)

    def map(self, journeys: Journeys) -> pa.Table:
        """The sessions of a batch."""
        journeys = journeys.with_excluded
        sessions, events, scope = journeys.sessions, journeys.events, journeys.scope
        start, end = events.at[sessions.first], events.at[sessions.last]
        holds = journeys.sessions_with(journeys.answers_to(self.goal))
        ids = session_ids(events.key[sessions.first], start, sessions.rank)
        names = np.array([*journeys.touchpoint.names, ""], dtype=object)
        table = pa.table(
            [
                [f"{i:016x}" for i in ids.tolist()],
                ids_at(events, sessions.first),
                pa.array(day_numbers(start, scope.sessions.timezone).astype(np.int32), pa.int32()).cast(pa.date32()),
                pa.array(start, INSTANT),
                pa.array(end, INSTANT),
                (end - start) / SECOND,
                sessions.events,
                pa.array(names[journeys.touchpoint.codes[sessions.first]], pa.string()),
                pa.array(names[journeys.touchpoint.codes[sessions.last]], pa.string()),
                holds,
                (sessions.events == 1) & ~holds,
                (sessions.events > 1) | holds,
                sessions.events > scope.sessions.max_session_events,
                events.key[sessions.first],
            ],
            schema=SESSIONS,
        )
        return table.filter(pa.array(journeys.selected_sessions))

    def reduce(self, parts: Sequence[pa.Table]) -> pa.Table:
        """The SESSIONS table."""
        whole = pa.concat_tables(parts) if parts else SESSIONS.empty_table()
        return whole.sort_by([("started_at", "ascending"), ("customer_key", "ascending"), ("session_id", "ascending")])
