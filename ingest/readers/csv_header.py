"""The first line of a CSV file: its delimiter and its names; and how a record is cut into fields."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ingest.errors import ConfigError, InputError
from ingest.readers.raw import LONGEST
from ingest.readers.text_lines import Lines, decoded

LIKELY = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


class Fault(Enum):
    """Why a text is no record."""

    OPEN = "a quote is opened and never closed"
    BROKEN = "text after a closing quote"


Fields = list[str]
Tokenizer = Callable[[str], Fields | Fault]


@dataclass(frozen=True, kw_only=True)
class Header:
    """The names of the columns, each once; the delimiter; and how many physical lines there are up to the first row."""

    names: tuple[str, ...]
    delimiter: str
    lines: int
    plain: bool
    """Is it the whole first line of the file, so that DuckDB can be told to skip one line?"""


def tokenizer(delimiter: str) -> Tokenizer:
    """A function from the text of one record (no line end) to its fields."""
    d = re.escape(delimiter)
    pad = "" if delimiter == " " else " *"
    field = re.compile(rf'(?:{pad}"([^"]*(?:""[^"]*)*)"{pad}|((?!{pad}")[^{d}\n]*))({d}|\Z)')
    opened = re.compile(rf'{pad}"[^"]*(?:""[^"]*)*\Z')

    def fields(text: str) -> Fields | Fault:
        if '"' not in text:
            return text.split(delimiter)
        found: Fields = []
        at, more = 0, True
        while more:
            match = field.match(text, at)
            if match is None:
                return Fault.OPEN if opened.match(text, at) else Fault.BROKEN
            quoted, bare, end = match.groups()
            found.append(quoted.replace('""', '"') if quoted is not None else bare)
            at, more = match.end(), bool(end)
        return found

    return fields


def read_header(path: Path, name: str, delimiter: str | None) -> Header:
    """The header line; InputError if the file is empty, not UTF-8 text, or made with another delimiter."""
    given = _checked(delimiter) if delimiter is not None else None
    with path.open("rb") as stream:
        first, lines, text = _header_text(Lines(stream), name)
    where = f"{name}, line {first}"
    found = given or _guessed(text)
    names = tokenizer(found)(text)
    if isinstance(names, Fault):
        raise InputError(f"{where}: in the header, {names.value}. Mend the header line.")
    _check_delimiter(text, found, where)
    return Header(names=unique_names(names), delimiter=found, lines=lines, plain=lines == 1)


def _checked(delimiter: str) -> str:
    found = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(found) != 1 or found in '"\r\n\0' or not found.isascii():
        raise ConfigError(f'delimiter = "{delimiter}" will not do: give one character, such as "," ";" "|" or "tab".')
    return found


def _header_text(lines: Lines, name: str) -> tuple[int, int, str]:
    """(its line, the last line of it, its text); blank lines before it are passed over."""
    number, text = 0, ""
    for number, line in lines:
        if line.strip():
            first, text = number, _header_line(line, name, number)
            break
    else:
        raise InputError(f"{name} is empty: it has no header line. Remove it, or fetch it again.")
    complete = text.count('"') % 2 == 0 or _width(text, _guessed(text)) > 1
    for number, line in () if complete else lines:
        text += "\n" + _header_line(line, name, number)
        if line.count(b'"') % 2 or len(text) > LONGEST:
            break
    return first, number, text


def _header_line(line: bytes, name: str, number: int) -> str:
    text = decoded(line.rstrip(b"\r"))
    if text is None:
        raise InputError(
            f"{name}, line {number}: the header is not UTF-8; convert the file, for example with: "
            "iconv -f LATIN1 -t UTF-8"
        )
    return text


def _guessed(text: str) -> str:
    """The likely delimiter that stands most often outside quotes; the first of them where there is none."""
    outside = re.sub('"[^"]*"', "", text)
    return max(LIKELY, key=outside.count)


def _width(text: str, delimiter: str) -> int:
    fields = tokenizer(delimiter)(text)
    return 0 if isinstance(fields, Fault) else len(fields)


def _check_delimiter(text: str, delimiter: str, where: str) -> None:
    better = _guessed(text)
    if _width(text, delimiter) == 1 < _width(text, better):
        raise InputError(
            f'{where}: split at "{delimiter}" the header has a single column, "{text[:80]}"; it looks like text '
            f"separated by {LIKELY[better]}. Set delimiter to that, or leave it out and it is guessed."
        )


def unique_names(names: Fields) -> tuple[str, ...]:
    """Names as in the header, trimmed; a nameless one is column_3, a repeated one name_2."""
    taken = {n.strip() for n in names}
    found: list[str] = []
    for i, raw in enumerate(names, 1):
        base = name = raw.strip() or f"column_{i}"
        n = 1
        while name in found or (n > 1 and name in taken):
            n += 1
            name = f"{base}_{n}"
        found.append(name)
    return tuple(found)
