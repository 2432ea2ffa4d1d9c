"""journeys.toml as Python values. An inline table may run over several lines, as TOML 1.1 allows.

tomllib reads TOML 1.0, where `columns = { ... }` must stand on one line; a mapping of five columns is not read well so.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""' r"|'''.*?'''" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'" r"|#[^\n]*|[{}\n]|[^\"'#{}\n]+|.",
    re.DOTALL,
)


def loads(text: str) -> dict[str, Any]:
    """The values of a TOML text. Raises tomllib.TOMLDecodeError, which tells line and column."""
    return tomllib.loads(_inline_tables_on_one_line(text.replace("\r\n", "\n")))


def _inline_tables_on_one_line(text: str) -> str:
    """The same values with each inline table on its first line; the lines it took follow it, so numbers stay right."""
    written: list[str] = []
    depth = owed = 0
    for token in _TOKEN.findall(text):
        depth += (token == "{") - (token == "}")
        if token == "}":
            _drop_last_comma(written)
        if depth > 0 and (token == "\n" or token.startswith("#")):
            owed += token == "\n"
            token = " "
        elif token == "\n":
            token, owed = "\n" * (1 + owed), 0
        written.append(token)
    return "".join(written)


def _drop_last_comma(written: list[str]) -> None:
    while written and not written[-1].strip():
        written.pop()
    if written and written[-1][0] not in "\"'":
        written[-1] = written[-1].rstrip().removesuffix(",")
