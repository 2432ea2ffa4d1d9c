"""From journeys.toml, the environment and flags to a `Config`; what does not make sense becomes a ConfigError."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ingest.errors import ConfigError, MissingInput, did_you_mean
from pipeline.config import toml
from pipeline.config.faults import explain
from pipeline.config.kinds import with_kinds
from pipeline.config.models import Carts, Project, Sessions
from pipeline.config.root import FILE, Config

PREFIX = "JOURNEYS_"
_SECTIONS: dict[str, type[BaseModel]] = {"project": Project, "sessions": Sessions, "carts": Carts}


def load_config(
    directory: Path,
    overrides: Mapping[str, str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    kinds: Iterable[str] = (),
) -> Config:
    """The configuration of the project at `directory`: flag > JOURNEYS_* environment > journeys.toml > default.

    `overrides` are flags, such as {"sessions.idle_timeout": "45m"}; lists are written with commas. `environ` is
    os.environ unless given. `kinds` are of exports in use beside those that the file and the store name. Without a
    journeys.toml all is default. Raises ConfigError for anything that is not TOML, not known, or makes no sense, and
    MissingInput where the folder or the file cannot be read.
    """
    values = _read(directory)
    given = dict.fromkeys(_paths("", values), FILE)
    for key, (text, origin) in _settings(overrides or {}, os.environ if environ is None else environ).items():
        section, _, name = key.partition(".")
        values[section] = {**_table(values, section), name: _typed(section, name, text)}
        given[key] = origin
    store = directory / str(_table(values, "project").get("store", Project().store))
    values, added = with_kinds(values, directory, store, kinds)
    given = {**added, **given}
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(explain(error, values, given)) from None
    return config.placed(directory, given)


def setting_keys() -> dict[str, str]:
    """JOURNEYS_SESSIONS_IDLE_TIMEOUT -> sessions.idle_timeout, and so on for every value that fits into a variable."""
    return {
        f"{PREFIX}{section}_{name}".upper(): f"{section}.{name}"
        for section, model in _SECTIONS.items()
        for name in model.model_fields
        if not isinstance(_default(section, name), BaseModel)
    }


def _read(directory: Path) -> dict[str, Any]:
    path = directory / FILE
    if not directory.is_dir():
        raise MissingInput(f"{directory} is not a folder")
    try:
        return toml.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{FILE}: {error}") from None
    except OSError as error:
        raise MissingInput(f"{path} cannot be read: {error.strerror}") from None


def _settings(flags: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Key -> (text, origin); a flag after, and so over, the environment."""
    keys = setting_keys()
    found: dict[str, tuple[str, str]] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        if name not in keys:
            raise ConfigError(f"the environment variable {name} is not known.{did_you_mean(name, keys)}")
        found[keys[name]] = (environ[name], name)
    for key, text in flags.items():
        if key not in keys.values():
            raise ConfigError(f'there is no setting "{key}".{did_you_mean(key, keys.values())}')
        found[key] = (text, "flag")
    return found


def _table(values: Mapping[str, Any], section: str) -> dict[str, Any]:
    table = values.get(section, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{FILE}: {section} is not a table; write [{section}]")
    return table


def _default(section: str, name: str) -> Any:
    return _SECTIONS[section].model_fields[name].get_default(call_default_factory=True)


def _typed(section: str, name: str, text: str) -> Any:
    """A variable's text in the type of the key's default: true/false, a number, a list of names, else the text."""
    default = _default(section, name)
    if isinstance(default, bool):
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower(), text)
    if isinstance(default, int):
        return int(text) if text.isdecimal() else text
    if isinstance(default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _paths(prefix: str, values: Mapping[str, Any]) -> list[str]:
    """Every key that the file sets: "sessions.passive", "source[1].path"."""
    found: list[str] = []
    for key, value in values.items():
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(value, dict):
            found += _paths(path, value)
        elif isinstance(value, list) and value and all(isinstance(inner, dict) for inner in value):
            for number, inner in enumerate(value, 1):
                found += _paths(f"{path}[{number}]", inner)
        else:
            found.append(path)
    return found
