"""The index over the nights, from the records that the runs left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.atomic_write import publish_bytes
from pipeline.nightly.manifests import read_all
from pipeline.project.project import ProjectFolder
from reports.page.night_index import NightFacts, index


def write_index(project: ProjectFolder, further: Mapping[str, Any] | None = None, folder: Path | None = None) -> Path:
    """Write <reports>/index.html. `further`: the record of the run that is under way. Raises OSError where it cannot be written."""
    root = project.directory / project.config.project.reports if folder is None else folder
    records = [*([further] if further else []), *read_all(project.store.root / "runs")]
    target = root / "index.html"
    publish_bytes(target, index(project.directory.resolve().name, nights_of(records, root)))
    return target


def nights_of(records: Iterable[Mapping[str, Any]], root: Path) -> list[NightFacts]:
    """One entry a night: its newest run that published, else its newest run. `records` are the newest first."""
    chosen: dict[date, Mapping[str, Any]] = {}
    for record in records:
        try:
            night = date.fromisoformat(record["as_of"][:10])
        except ValueError:  # it failed before it knew its night
            continue
        if night not in chosen or (published(record) and not published(chosen[night])):
            chosen[night] = record
    return [facts(night, record, root) for night, record in chosen.items()]


def published(record: Mapping[str, Any]) -> bool:
    """Did this run publish a report?"""
    return bool(record["published"])


def facts(night: date, record: Mapping[str, Any], root: Path) -> NightFacts:
    """What the index tells of a run; a report that is no longer there is not linked."""
    page = f"{night}/index.html"
    there = published(record) and (root / page).is_file()
    return NightFacts(
        night=night,
        state=record["state"],
        message=record["message"],
        page=page if there else None,
        warnings=len(record["warnings"]),
        numbers=dict(record["numbers"]),
    )
