"""The console script: its help stands ready, and is what click says."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CLICK = "import sys; sys.argv[0] = 'journeys'; from pipeline.cli import cli; cli()"
START = "import sys; sys.argv[0] = 'journeys'; from pipeline.start import main; main()"


def said(code: str, *arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("summary", "--help"), ("--version",)])
@pytest.mark.parametrize("width", ["60", "80", "200", "wide"])
def test_the_help_that_stands_ready_is_what_click_says(arguments: tuple[str, ...], width: str) -> None:
    assert said(START, *arguments, COLUMNS=width) == said(CLICK, *arguments, COLUMNS=width)


def test_the_help_loads_neither_click_nor_anything_heavy() -> None:
    loaded = said(START + "; print('modules', *sys.modules)", "--help").split("modules", 1)[1].split()
    assert not {"click", "numpy", "pyarrow", "duckdb", "typing", "dataclasses", "re"} & set(loaded)
