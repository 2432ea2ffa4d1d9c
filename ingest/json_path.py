"""Paths into JSON: dots descend into objects, a number is a place in a list, a name in a list of {key, value} is a key.

    device.os.name · items.0.item_id or items[0].item_id · event_params.page_location · "os.name".version

A key may have dots of its own. In a list of {key, value} a name leads to the value, and where that is an object like
{string_value, int_value}, to the one that is filled. A text that holds JSON is read as JSON. Of several readings the
plainest that has a value is taken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

MOST_JOINED = 4
"""Steps of a path up to which keys with dots in them are looked for."""


def steps(path: str) -> tuple[str, ...]:
    """The steps of a path: at dots, [n] as .n; what is in double quotes is one step."""
    parts = re.findall(r'"((?:[^"\\]|\\.)*)"|\[(\d+)\]|([^.\[\]"]+|[\[\]"])', path)
    return tuple(quoted or place or plain for quoted, place, plain in parts)


def path_value(column: str, path: Sequence[str], bind: Callable[[str], str]) -> str:
    """SQL of the text at a path in a column of JSON text, NULL where there is none; needs the macros of json_paths.sql.

    `bind` makes a value of the statement out of a text.
    """
    whole = f"case when json_valid({column}) then {column} end"
    readings = [f"json_extract_string({whole}, {bind(_plain(path))})"]
    if any(part.isdecimal() for part in path):
        readings.append(f"json_extract_string({whole}, {bind(_placed(path))})")
    readings += [_guarded(column, "[", _keyed(whole, path, at, bind), bind) for at in range(len(path))]
    for names in _joined(path):
        key = max(names, key=lambda name: name.count("."))
        readings.append(_guarded(column, f'"{key}"', f"json_extract_string({whole}, {bind(_plain(names))})", bind))
    walk = f"json_walk({whole}, [{', '.join(bind(name) for name in path)}])"
    readings.append(_guarded(column, '\\"', walk, bind))
    return f"coalesce({', '.join(readings)})"


def bound_path(column: str, path: str) -> tuple[str, dict[str, str]]:
    """(`path_value` of a path as written, the values bound in it)."""
    params: dict[str, str] = {}

    def bind(value: str) -> str:
        params[name := f"p{len(params)}"] = value
        return f"${name}"

    return path_value(column, steps(path), bind), params


def _guarded(column: str, mark: str, sql: str, bind: Callable[[str], str]) -> str:
    """The reading, where the text holds what it needs: looking for it costs less than reading."""
    return f"case when contains({column}, {bind(mark)}) then {sql} end"


def _keyed(whole: str, path: Sequence[str], at: int, bind: Callable[[str], str]) -> str:
    """The reading that takes path[at] for a key in a list of {key, value}."""
    start, rest = _placed(path[:at]), "".join(_step(name) for name in path[at + 1 :])
    place = f"list_position(json_extract_string({whole}, {bind(start + '[*].key')}), {bind(path[at])}) - 1"
    return f"json_said(json_extract({whole}, {bind(start + '[')} || ({place}) || {bind('].value' + rest)}))"


def _plain(path: Sequence[str]) -> str:
    return "$" + "".join(_key(name) for name in path)


def _placed(path: Sequence[str]) -> str:
    return "$" + "".join(_step(name) for name in path)


def _step(name: str) -> str:
    return f"[{int(name)}]" if name.isdecimal() and len(name) < 7 else _key(name)


def _key(name: str) -> str:
    return '."' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _joined(path: Sequence[str]) -> Iterator[list[str]]:
    """The ways to read some of the dots as parts of keys."""
    if not 1 < len(path) <= MOST_JOINED:
        return
    for dots in range(1, 1 << (len(path) - 1)):
        names = [path[0]]
        for i, name in enumerate(path[1:]):
            if dots >> i & 1:
                names[-1] += "." + name
            else:
                names.append(name)
        yield names
