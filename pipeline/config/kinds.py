"""[[source]] kind: what a kind of export says stands where journeys.toml says nothing.

The kinds in use are those of the sources and those of files that were ingested without one (`ingest --kind`), which the
store remembers: what is passive must be so in every later question.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ingest.errors import ConfigError
from ingest.exports.models import Export
from ingest.exports.reading import export_named
from pipeline.config.faults import explain
from pipeline.config.roles import ROLE_PRESETS
from pipeline.config.root import Config

NOTE = "kinds.json"
"""In the store: source -> kind, of files that no [[source]] speaks of."""


def with_kinds(
    values: Mapping[str, Any], directory: Path, store: Path, more: Iterable[str] = ()
) -> tuple[dict[str, Any], dict[str, str]]:
    """(the values of journeys.toml with what the kinds in use, and `more`, say besides, key -> origin of what was added)."""
    found, origins = dict(values), dict[str, str]()
    sources = values.get("source", [])
    if isinstance(sources, list):
        found["source"] = [s if not isinstance(s, dict) else with_kind(s, directory) for s in sources]
        for number, (new, old) in enumerate(zip(found["source"], sources, strict=True), 1):
            origins |= {f"source[{number}].{key}": f"kind {new['kind']}" for key in added(new, old)}
        if not sources:
            del found["source"]
    named = [s["kind"] for s in found.get("source", ()) if isinstance(s, dict) and isinstance(s.get("kind"), str)]
    for name in dict.fromkeys([*named, *remembered(store).values(), *more]):
        origins |= add_to_project(found, export_named(name, directory), values)
    return found, origins


def added(new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """The keys of a source that its kind gave."""
    columns = [f"columns.{t}" for t in new.get("columns", ()) if t not in old.get("columns", ())]
    return [key for key in new if key not in old and key != "columns"] + columns


def with_kind(source: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """A [[source]] with the defaults of its kind; of `columns` each by itself, and one that is "" is not read."""
    if not isinstance(source.get("kind"), str):
        return dict(source)
    export = checked(export_named(source["kind"], directory))
    given = source.get("columns", {})
    if not isinstance(given, dict):
        return dict(source)
    columns = {t: c for t, c in {**export.source.get("columns", {}), **given}.items() if c != ""}
    return {**export.source, **source, **({"columns": columns} if columns else {})}


def checked(export: Export) -> Export:
    """The kind, whose defaults make a [[source]]; raises ConfigError, with its name, where they make none."""
    values = {"source": [{**export.source, "name": export.name}]}
    try:
        Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, values, {"source.0": f"kind {export.name}"})) from None
    return export


def add_to_project(found: dict[str, Any], export: Export, given: Mapping[str, Any]) -> dict[str, str]:
    """Put what a kind says of the whole project behind what `given` says; returns key -> origin of what was put."""
    origin, put = f"kind {export.name}", dict[str, str]()
    if export.passive and "passive" not in table(given, "sessions"):
        sessions = table(found, "sessions")
        found["sessions"] = {**sessions, "passive": union(sessions.get("passive", ()), export.passive)}
        put["sessions.passive"] = origin
    for key, value in export.identity.items():
        if key not in table(given, "identity"):
            found["identity"] = {**table(found, "identity"), key: value}
            put[f"identity.{key}"] = origin
    own_roles = table(table(given, "carts"), "roles")
    for role, names in export.roles.items():
        if role not in own_roles:
            carts = table(found, "carts")
            roles = table(carts, "roles")
            taken = {n for names in own_roles.values() for n in (names if isinstance(names, list) else [names])}
            there = roles.get(role, ROLE_PRESETS.get(role, ()))
            known = [n for n in union(there, names) if n not in taken]
            found["carts"] = {**carts, "roles": {**roles, role: known}}
            put[f"carts.roles.{role}"] = origin
    if export.touchpoint:
        found["touchpoint"] = [*found.get("touchpoint", ()), *export.touchpoint]
    return put


def table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table of that name; what is none is judged later, with the rest."""
    found = values.get(key, {})
    return found if isinstance(found, Mapping) else {}


def union(*lists: Iterable[str]) -> list[str]:
    """Their names, each once."""
    return list(dict.fromkeys(name for names in lists for name in ([names] if isinstance(names, str) else names)))


def remembered(store: Path) -> dict[str, str]:
    """Source -> kind, of files that were ingested with a kind that no [[source]] has."""
    try:
        return dict(json.loads((store / NOTE).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def remember(store: Path, source: str, kind: str) -> None:
    """Note that the files of a source are of a kind."""
    known = remembered(store)
    if known.get(source) != kind:
        (store / NOTE).write_text(json.dumps({**known, source: kind}, indent=1, sort_keys=True), encoding="utf-8")
