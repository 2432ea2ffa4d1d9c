"""What the tests of loading stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The folder that one is in; files whose tests want no more than a path have a `desk` of their own."""
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)
