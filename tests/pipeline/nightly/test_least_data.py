"""Least data: nobody else reads the store or the reports, and what a night says of itself names nobody."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from pipeline.api import Project
from pipeline.nightly.night import RunOptions, run_night

ID, DEVICE, MAIL = "planted-customer-77", "planted-device-88", "planted@example.org"

LOG = f"""who,device,at,what
{ID},{DEVICE},2026-01-15T12:00,login
,{DEVICE},2026-01-15T12:01,look
{MAIL},,2026-01-15T12:02,login
{ID},{DEVICE},no time at all,login
"""


def night(folder: Path, mode: str = "") -> list[str]:
    """A night over rows with planted ids; what it told whoever listened."""
    (folder / "in").mkdir()
    (folder / "in" / "a.csv").write_text(LOG)
    columns = 'columns = { customer_id = "who", anonymous_id = "device", event_at = "at", event = "what" }'
    (folder / "journeys.toml").write_text(f'{mode}\n[[source]]\nname = "web"\npath = "in/*.csv"\n{columns}\n')
    said: list[str] = []

    def tell(level: str, message: str, facts: Any) -> None:
        said.append(f"{level} {message} {facts}")

    run_night(Project(folder), RunOptions(tell=tell))
    return said


def test_logs_manifests_metrics_and_pages_name_nobody(tmp_path: Path) -> None:
    said = "\n".join(night(tmp_path))
    store = tmp_path / "store"
    files = [*store.glob("*.json"), *(store / "runs").iterdir(), *(tmp_path / "reports").rglob("*.html")]
    assert len(files) > 4
    texts = {str(p): p.read_text() for p in files} | {"told": said}
    assert [name for name, text in texts.items() if any(i in text for i in (ID, DEVICE, MAIL))] == []


@pytest.mark.parametrize("mode, others", [("", 0o077), ('[store]\nmode = "group"', 0o027)])
def test_others_cannot_read_the_store_or_the_reports(tmp_path: Path, mode: str, others: int) -> None:
    night(tmp_path, mode)
    places = [p for root in ("store", "reports") for p in (tmp_path / root, *(tmp_path / root).rglob("*"))]
    assert len(places) > 20
    assert [(str(p), oct(stat.S_IMODE(p.stat().st_mode))) for p in places if p.stat().st_mode & others] == []
    if mode:
        assert (tmp_path / "reports" / "index.html").stat().st_mode & stat.S_IRGRP
