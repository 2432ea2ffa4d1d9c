"""How many rows are gathered, linked and written at once changes nothing but the time it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.identity.rules import IdentityRules
from ingest.loading import merge
from tests.filling import Filling
from tests.ingest.identity.test_stitching import take

RUNS = (
    ("2026-01-15T10:00,,d,a", "2026-01-16T10:00,,d,b", "2026-01-16T11:00,ann,e,c", "2026-01-17T10:00,,e,d"),
    ("2026-01-18T10:00,ann,d,e", "2026-01-16T10:00,,d,b", "2026-01-17T09:00,bob,e,f", "2026-01-17T09:00,,e,g"),
    ("2026-01-15T08:00,bob,d,h", "2026-01-19T10:00,,d,i", "2026-01-16T10:00,,d,b"),
)
"""Links that come late, copies in later files, days that events change hands in and days that only move."""


@pytest.mark.parametrize("rows", [1, 3])
def test_a_load_in_many_parts_stores_what_one_part_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    whole, parts = Filling(tmp_path / "whole"), Filling(tmp_path / "parts")
    for n, lines in enumerate(RUNS):
        copies = take(whole, f"{n}.csv", lines, IdentityRules())
        with monkeypatch.context() as patched:
            for name in ("TOGETHER", "STITCHED", "LINKED"):
                patched.setattr(merge, name, rows)
            found = take(parts, f"{n}.csv", lines, IdentityRules())
        assert found.accounting == copies.accounting
    assert parts.table().equals(whole.table())
    assert parts.store.snapshot().ledger.shares == whole.store.snapshot().ledger.shares
    assert [o for o in parts.orphans() if not o.startswith("aliases-")] == []
