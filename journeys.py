"""The Python API: what the command line can ask, a notebook can ask, with equal words.

    import journeys
    j = journeys.open("shop")
    j.ingest("events.csv")
    j.funnel(["product_view", "add_to_cart", "purchase"], window="7d").to_pandas()

Answers are `Result`s: `.table` (pyarrow), `.to_pandas()`, `.meta`, and `.graph()` where there is one. Everything raised
on purpose is a `JourneysError`.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ingest.errors import ConfigError, InputError, JourneysError, StoreError
from ingest.load import Accounting, Loaded
from pipeline.api import Project as _Project
from pipeline.loading.intake import Intake
from pipeline.loading.intake import ingest as _ingest
from pipeline.project.result import Result

__all__ = [
    "Accounting",
    "ConfigError",
    "InputError",
    "JourneysError",
    "Loaded",
    "Project",
    "Result",
    "StoreError",
    "open",
]


class Project(_Project):
    """A project's folder and every question that can be asked of it."""

    def ingest(
        self,
        *files: str | PathLike[str],
        map: dict[str, str] | None = None,
        source: str | None = None,
        format: str | None = None,
        delimiter: str | None = None,
        timezone: str | None = None,
        deduplicate: str | None = None,
        as_of: str | None = None,
        as_name: str | None = None,
        bots: str | None = None,
        static_files: str | None = None,
    ) -> Loaded:
        """Read files (or, without any, those of journeys.toml) into the store; as `journeys ingest`."""
        loaded, _ = _ingest(
            self,
            Intake(
                files=[str(f) for f in files],
                maps=map or {},
                source=source,
                format=format,
                delimiter=delimiter,
                timezone=timezone,
                deduplicate=deduplicate,
                as_of=as_of,
                as_name=as_name,
                bots=bots,
                static_files=static_files,
            ),
        )
        return loaded


def open(directory: str | PathLike[str] = ".") -> Project:
    """The project in a folder; nothing is read before the first question."""
    return Project(Path(directory))
