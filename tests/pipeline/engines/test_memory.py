"""A process gives back what it held, once that is much."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.engines import memory


def test_freed_memory_goes_back_where_much_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(memory, "of_c", lambda name: asked.append)
    monkeypatch.setattr(memory, "resident", lambda: memory.KEPT)
    memory.give_back()
    assert asked == []
    monkeypatch.setattr(memory, "resident", lambda: memory.KEPT + 1)
    memory.give_back()
    assert asked == [0]


def test_another_c_library_has_nothing_to_trim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "of_c", lambda name: None)
    monkeypatch.setattr(memory, "resident", lambda: memory.KEPT + 1)
    memory.give_back()


def test_what_is_resident_is_told_in_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = memory.resident()
    held = np.ones(8_000_000)
    assert memory.resident() >= before + held.nbytes // 2 or before == 0
    monkeypatch.setattr(memory, "PAGES", tmp_path / "none")
    assert memory.resident() == 0
