"""Does everything work here?"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from importlib.metadata import version

from ingest.compiled import usable
from ingest.errors import JourneysError
from ingest.store.secret import MASK_KEY
from pipeline.project.project import ProjectFolder


def checks(project: ProjectFolder) -> list[dict[str, str]]:
    """One row per check: what, state (ok | missing | failed), detail."""
    return [
        {"check": name, **outcome(check, project)}
        for name, check in (
            ("python", python),
            ("libraries", libraries),
            ("configuration", configuration),
            ("store", store),
            ("disk", disk),
        )
    ]


def outcome(check: Callable[[ProjectFolder], tuple[str, str]], project: ProjectFolder) -> dict[str, str]:
    """A check's state and detail; an error of ours is a failed check."""
    try:
        state, detail = check(project)
    except JourneysError as error:
        state, detail = "failed", str(error)
    return {"state": state, "detail": detail}


def python(_: ProjectFolder) -> tuple[str, str]:
    """The interpreter."""
    return "ok", sys.version.split()[0]


def libraries(_: ProjectFolder) -> tuple[str, str]:
    """What the numbers depend on, and numba, on which they do not."""
    names = ("duckdb", "pyarrow", "deltalake", "numpy", "pandas", *(["numba"] if usable() else []))
    return "ok", ", ".join(f"{name} {version(name)}" for name in names)


def configuration(project: ProjectFolder) -> tuple[str, str]:
    """journeys.toml."""
    config = project.config
    return "ok", f"{len(config.sources)} sources, {len(config.funnels)} funnels, time zone {config.project.timezone}"


def store(project: ProjectFolder) -> tuple[str, str]:
    """The event store: it opens, and every file its log names is there."""
    if not project.store.exists:
        return "missing", "nothing was ingested yet"
    snapshot = project.store.snapshot()
    gone = [f.path.name for f in snapshot.files if not f.path.exists()]
    if gone:
        return "failed", f"{len(gone)} files are missing, such as {gone[0]}"
    return (
        "ok",
        f"version {snapshot.version}, {snapshot.rows:,} events in {len(snapshot.files)} files; {secret(project)}",
    )


def secret(project: ProjectFolder) -> str:
    """Who may read the secret of the masks."""
    path = project.store.root / MASK_KEY
    if not path.exists():
        return f"no {MASK_KEY} yet"
    mode = stat.S_IMODE(path.stat().st_mode)
    return f"{MASK_KEY} has mode {mode:04o}" + ("" if mode & 0o077 == 0 else ": others can read it, chmod 600 it")


def disk(project: ProjectFolder) -> tuple[str, str]:
    """Room to write."""
    place = project.directory if project.directory.exists() else project.directory.resolve().parent
    free = os.statvfs(place).f_bavail * os.statvfs(place).f_frsize
    return ("ok" if free > 1 << 30 else "failed"), f"{free / (1 << 30):.1f} GiB free"
