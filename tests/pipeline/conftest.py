"""The sample shop, made once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import cli


@pytest.fixture(scope="session")
def sample_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `journeys demo` makes; who changes anything copies it first."""
    folder = tmp_path_factory.mktemp("demo")
    found = CliRunner().invoke(cli, ["-C", str(folder), "demo"])
    assert found.exit_code == 0, found.output
    return folder / "journeys-demo"
