"""Everything that may hold the ids of a person who is erased: the files of the store, published pages, inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from ingest.errors import InputError
from ingest.loading.id_search import Hits, Search, Sought, files_of, holds_values, is_long, pieces_of
from ingest.readers.archives import archive_of
from ingest.readers.files import expand
from ingest.store.retention import superseded
from pipeline.project.masking import Mask
from pipeline.project.project import ProjectFolder

JOURNAL = "erasing.json"
RECEIPTS = "receipts"

PLACES = {"runs": "run manifests", "inputs": "names of inputs"}

OTHERS = "text of other customers' events"

STAYS = ("inputs that still hold it", OTHERS, "names of inputs")
"""Places that erasing leaves as they are, and says so."""


class Places:
    """The places of one project, searched for the ids of one person: again and again, but no unchanged file twice."""

    def __init__(self, project: ProjectFolder, sought: Sought) -> None:
        self._project, self._sought = project, sought
        self._store_files = Search(sought)

    @property
    def _root(self) -> Path:
        return self._project.store.root

    def files(self) -> Iterable[tuple[str, Path]]:
        """(place, file) of everything in the store."""
        return files_of(self._root.absolute(), PLACES)

    def hits(self) -> dict[str, Hits]:
        """Every file of the store, the published pages, and the inputs."""
        old = {str(p) for p in superseded(self._project.store)}
        own = (
            ("older files" if str(path) in old else place, path)
            for place, path in self.files()
            if path.name not in (JOURNAL, "writer.lock") and place != RECEIPTS
        )
        found = self._store_files.hits(own)
        events = found.get("events", Hits())
        others = found.setdefault(OTHERS, Hits())
        others.mentions, others.columns, events.mentions = events.mentions, set(events.columns), 0
        found["published pages"] = Hits(mentions=len(self.find_pages()))
        found["inputs that still hold it"] = Hits(mentions=len(self.inputs))
        return found

    @cached_property
    def pages(self) -> list[Path]:
        """Published files that show the person, as they were found first."""
        return self.find_pages()

    def find_pages(self) -> list[Path]:
        """Files of the reports' folder that hold the mask, or an id that is no chance."""
        mask = Mask.of(self._root)
        texts = [str(mask.text(i)) for i in self._sought.ids] + [i for i in self._sought.ids if is_long(i)]
        pattern = Sought(ids=tuple(sorted(texts)), columns=frozenset()).pattern()
        folder = self._project.directory / self._project.config.project.reports
        files = sorted(p for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []
        return [p for p in files if any(pattern.search(piece) for piece in pieces_of(p))]

    @cached_property
    def inputs(self) -> list[str]:
        """The files that [[source]], [[alias]] and [[customers]] name and that still hold an id."""
        return [str(p) for p in dict.fromkeys(self._named_files()) if self._holds(p)]

    def _holds(self, path: Path) -> bool:
        """Does an input hold an id?"""
        if path.suffix == ".parquet":
            return holds_values(path, self._sought)
        pattern = self._sought.pattern()
        return any(pattern.search(piece) for piece in pieces_of(path))

    def _named_files(self) -> Iterator[Path]:
        """Files that journeys.toml names and that are there."""
        config = self._project.config
        for paths in (
            section.path for group in (config.sources, config.aliases, config.customers) for section in group
        ):
            for path in paths:
                with suppress(InputError):
                    found = expand([path], self._project.directory)
                    yield from (p for p in (archive_of(f) or f for f in found) if p.is_file())
