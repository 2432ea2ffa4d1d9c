"""Ctrl-C during a load: exit 130 at once, one line, nothing in the store and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROWS = 1_500_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a file whose load takes seconds."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "system").mkdir()
    with (folder / "e.csv").open("w") as out:
        out.write("customer_id,timestamp,event,note\n")
        for part in range(0, ROWS, 50_000):
            out.writelines(
                f"c{i * 7919 % 90_001},2026-01-{i % 28 + 1:02d} 10:{i // 60 % 60:02d}:{i % 60:02d},e{i % 40},{i}\n"
                for i in range(part, part + 50_000)
            )
    return folder


def started(folder: Path) -> subprocess.Popen[str]:
    environ = {**os.environ, "TMPDIR": str(folder / "system"), "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [
        sys.executable,
        "-c",
        "from pipeline.start import main; main()",
        "-C",
        str(folder),
        "ingest",
        str(folder / "e.csv"),
    ]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background hands on that it is ignored
    return subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("phase", ["reading", "typing"])
def test_a_signal_during_a_load_ends_it_at_once(large, number, code, phase):
    process = started(large)
    place = large / "store" / "tmp"
    while not place.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    time.sleep({"reading": 0.1, "typing": 1.0}[phase])
    assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    told = [line for line in said.splitlines() if not line.startswith("events: guessed")]
    assert told == ["journeys: interrupted"]
    assert list((large / "system").iterdir()) == []
    assert not place.exists()
    assert not list((large / "store").rglob("*.parquet"))
