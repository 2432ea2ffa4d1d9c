"""Events by day on a zone's calendar."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ingest.store.event_days import event_days, note_days
from tests.filling import Filling

ROWS = "who,at,what\n" + "".join(
    f"a,2026-01-{day:02} 23:{minute}:00,x\n" for day in (14, 15, 16) for minute in (10, 40)
)


@pytest.mark.parametrize("noted", [False, True])
def test_each_event_is_of_one_day_however_many_days_one_write_holds(tmp_path: Path, noted: bool) -> None:
    filling = Filling(tmp_path)
    filling.take(filling.file("a.csv", ROWS))
    if noted:
        note_days(filling.store, "Europe/Berlin")
    snapshot = filling.store.snapshot()
    assert event_days(snapshot, "UTC") == {date(2026, 1, d): 2 for d in (14, 15, 16)}
    assert event_days(snapshot, "Europe/Berlin") == {date(2026, 1, d): 2 for d in (15, 16, 17)}
    assert event_days(snapshot, "Asia/Kathmandu") == {date(2026, 1, d): 2 for d in (15, 16, 17)}
