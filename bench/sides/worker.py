"""A process with one task of one side: prepares it, then runs it whenever a line comes in.

    python -m sides.worker project transitions JOB.json

Answers each line with one line of JSON: seconds, cpu (user + system seconds), peak_mb of the process so far, answer.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib import import_module
from pathlib import Path

from sides import Job, limit_threads


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """The most memory this process had at once.

    On Linux ru_maxrss of a child starts with what its parent had, VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(side: str, task: str, described: str) -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no reply
    facts = json.loads(described)
    threads = facts.pop("threads")
    limit_threads(threads)
    job = Job(**{name: Path(path) for name, path in facts.items()}, threads=threads)
    work = getattr(import_module(f"sides.{side}"), task)(job)
    for _ in sys.stdin:
        cpu, start = cpu_seconds(), time.perf_counter()
        answer = work()
        seconds = time.perf_counter() - start
        reply = {
            "seconds": seconds,
            "cpu": cpu_seconds() - cpu,
            "peak_mb": peak_mb(),
            "answer": answer,
        }
        print(json.dumps(reply), file=replies, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
