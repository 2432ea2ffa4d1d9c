"""Where kinds of exports come from: a TOML file each, of the package or of the project's folder `exports`, which wins."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from ingest.errors import ConfigError, did_you_mean
from ingest.exports.models import Export

FOLDER = "exports"
"""The folder beside journeys.toml."""

_PACKAGE = "ingest.exports"


def exports_of(project: Path | None = None) -> dict[str, Export]:
    """Name -> kind, by name: those of the package, each replaced by the file of that name in `project`/exports.

    Raises ConfigError for a file that is no TOML or has a key that no kind has.
    """
    found = {name: parsed(name, text, f"{name}.toml") for name, text in shipped().items()}
    for path in own_files(project):
        found[path.stem] = parsed(path.stem, read(path), f"{FOLDER}/{path.name}")
    return dict(sorted(found.items()))


def export_named(name: str, project: Path | None = None) -> Export:
    """The kind of that name; raises ConfigError, with the near one, where there is none."""
    own = {path.stem: path for path in own_files(project)}
    if name in own:
        return parsed(name, read(own[name]), f"{FOLDER}/{own[name].name}")
    if name in shipped():
        return parsed(name, shipped()[name], f"{name}.toml")
    known = sorted({*shipped(), *own})
    raise ConfigError(
        f'there is no kind of export "{name}".{did_you_mean(name, known)} Known: {", ".join(known)}. '
        f"A file {FOLDER}/{name}.toml beside journeys.toml would make one: journeys kinds {known[0]} shows how."
    )


def text_of(name: str, project: Path | None = None) -> str:
    """The file of a kind as it is written; raises ConfigError where there is none."""
    export_named(name, project)
    own = {path.stem: path for path in own_files(project)}
    return read(own[name]) if name in own else shipped()[name]


def own_files(project: Path | None) -> list[Path]:
    """The files of the project's own kinds."""
    return sorted((project / FOLDER).glob("*.toml")) if project is not None else []


@cache
def shipped() -> dict[str, str]:
    """Name -> text of each kind in the package."""
    names = sorted(f.name for f in files(_PACKAGE).iterdir() if f.name.endswith(".toml"))
    return {name.removesuffix(".toml"): (files(_PACKAGE) / name).read_text(encoding="utf-8") for name in names}


@cache
def parsed(name: str, text: str, shown: str) -> Export:
    """A kind from the text of its file, called `shown` in what is said of it."""
    try:
        return Export.model_validate({**tomllib.loads(text), "name": name})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: {error}") from None
    except ValidationError as error:
        raise ConfigError("\n".join(_fault(shown, dict(fault)) for fault in error.errors(include_url=False))) from None


def read(path: Path) -> str:
    """The text of a file; raises ConfigError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from None


def _fault(shown: str, fault: dict[str, object]) -> str:
    place = fault["loc"] if isinstance(fault["loc"], tuple) else ()
    key = ".".join(map(str, place))
    if fault["type"] == "extra_forbidden":
        return f'{shown}: a kind has no key "{key}".{did_you_mean(str(place[-1]), Export.model_fields)}'
    if fault["type"] == "missing":
        return f'{shown}: needs the key "{key}"'
    return f"{shown}: {key}: {fault['msg']}"
