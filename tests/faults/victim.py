"""A process with everything imported whose children do one night each, in peace or until they are killed.

Reads lines of JSON: folder, as_of, kill_after (seconds, null = never), largest_file (bytes, null = any). Answers each with
the child's wait status. Start it as `python -m tests.faults.victim`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path

import deltalake  # noqa: F401  imported here, so that no child has to
import duckdb  # noqa: F401
import pandas  # noqa: F401  pyarrow does, when it first meets a list

from pipeline.api import Project
from pipeline.nightly.night import RunOptions, run_night


def night(folder: Path, as_of: str, largest_file: int | None) -> int:
    """One night; 0 if it was published."""
    try:
        if largest_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond it fails, as on a full disk
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        run_night(Project(folder), RunOptions(as_of=as_of))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(night(Path(asked["folder"]), asked["as_of"], asked["largest_file"]))
        if asked["kill_after"] is not None:
            time.sleep(asked["kill_after"])
            os.kill(child, signal.SIGKILL)
        sys.stdout.write(f"{os.waitpid(child, 0)[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
