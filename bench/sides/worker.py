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

TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """Of this process and its helpers."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    helped = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in helpers()]
    return used.ru_utime + used.ru_stime + sum(int(f[11]) + int(f[12]) for f in helped) / TICKS


def peak_mb() -> float:
    """The most memory that this process, and each of its helpers, had at once, added up.

    On Linux ru_maxrss of a child starts with what its parent had, VmHWM does not.
    """
    statuses = [Path(f"/proc/{pid}/status") for pid in ("self", *helpers())]
    if all(s.exists() for s in statuses):
        lines = [next(line for line in s.read_text().splitlines() if line.startswith("VmHWM:")) for s in statuses]
        return sum(int(line.split()[1]) for line in lines) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def helpers() -> list[str]:
    """Processes that this one has started and that still run."""
    return [pid for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()]


def main(side: str, task: str, described: str) -> None:
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no reply
    facts = json.loads(described)
    threads = facts.pop("threads")
    limit_threads(threads)
    if side.startswith("project"):
        from pipeline.engines.malloc import one_heap

        one_heap()  # as the command line does
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
