"""The Python API: what the command line can ask, a notebook can ask, with equal words.

    import journeys
    j = journeys.open("shop")
    j.ingest("events.csv")
    j.funnel(["product_view", "add_to_cart", "purchase"], window="7d").to_pandas()

Answers are `Result`s: `.table` (pyarrow), `.to_pandas()`, `.meta`, and `.graph()` where there is one. Everything raised
on purpose is a `JourneysError`. `help(journeys.Project)` and docs/python.md list the questions.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path

from ingest.errors import ConfigError, InputError, JourneysError, StoreError, UnknownArgument
from ingest.loading.loaded import Accounting, Loaded
from pipeline.api import Project
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
    "UnknownArgument",
    "__version__",
    "open",
]

try:
    __version__ = version("journeys")
except PackageNotFoundError:  # a copy of the source that nobody installed
    __version__ = "0+unknown"


def open(directory: str | PathLike[str] = ".") -> Project:
    """The project in a folder; nothing is read before the first question."""
    return Project(Path(directory))
