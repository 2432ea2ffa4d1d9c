"""The first line of a CSV file: its delimiter and its names; and how a record is cut into fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from ingest.errors import ConfigError, EmptyInput, InputError
from ingest.readers.raw import LONGEST, ReadOptions
from ingest.readers.text_lines import Lines, decoded

LIKELY = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

TITLE_LINES = 20
"""Lines in which the table under a title is looked for."""


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
    """May DuckDB be told to skip these lines? A quote in them would mislead it."""
    note: str | None = None
    """What to say of it, if it was not simply the first line."""


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


def read_header(path: Path, name: str, options: ReadOptions) -> Header:
    """The header line; InputError if the file is empty, not UTF-8 text, or made with another delimiter.

    `skip_lines`, blank lines, comments (#) and Excel's sep= line come before it; so may a title, which is told from a
    table under it. With `header` in the options the file has none: its first line is a row.
    """
    given = _checked(options.delimiter) if options.delimiter is not None else None
    with path.open("rb") as stream:
        lines = Lines(stream)
        before = _passed_over(lines, options)
        given = given or before.separator
        if options.header:
            return _headless(lines, name, options.header, given, before)
        title = _title(lines, given, before)
        first, last, text = _header_text(lines, name)
    where = f"{name}, line {first}"
    header = given or _guessed(text)
    names = tokenizer(header)(text)
    if isinstance(names, Fault):
        raise InputError(f"{where}: in the header, {names.value}. Mend the header line.")
    _check_delimiter(text, header, where)
    return Header(
        names=unique_names(names),
        delimiter=header,
        lines=last,
        plain=first == last and not before.quotes,
        note=f"the header is line {first}, below a title (say skip_lines = {first - 1} to be sure)" if title else None,
    )


def _headless(lines: Lines, name: str, names: Sequence[str], given: str | None, before: _Before) -> Header:
    """The header of a file that has none: its names are given."""
    row = next(((number, text) for number, line in lines if (text := _header_line(line, name, number)).strip()), None)
    number, text = row or (before.lines + 1, "")
    delimiter = given or _guessed(text)
    if row and (width := _width(text, delimiter)) != len(names):
        raise InputError(
            f"{name}, line {number} has {width} fields, but header names {len(names)}: {', '.join(names)}."
        )
    lines_before = number - 1
    return Header(names=unique_names(list(names)), delimiter=delimiter, lines=lines_before, plain=not before.quotes)


@dataclass(frozen=True, kw_only=True)
class _Before:
    """What was passed over: how many lines, whether a quote was among them, and the separator that sep= names."""

    lines: int = 0
    quotes: bool = False
    separator: str | None = None


def _passed_over(lines: Lines, options: ReadOptions) -> _Before:
    """Pass over skip_lines, then comments, blank lines and sep=; the line after them is given back."""
    before, skipped = _Before(), 0
    while (numbered := lines.take()) is not None:
        number, line = numbered
        separator = re.fullmatch(rb'"?sep=(.)"?\r?', line, re.IGNORECASE)
        skip = skipped < options.skip_lines
        if not skip and separator is None and line.strip() and not _comment(line, lines):
            lines.give_back([numbered])
            break
        skipped += 1
        told = None if skip or separator is None else separator[1].decode("latin-1")
        before = _Before(lines=number, quotes=before.quotes or b'"' in line, separator=told or before.separator)
    return before


def _comment(line: bytes, lines: Lines) -> bool:
    """Does a line that begins with # only remark on the file? A header such as #id,name or #,name has the width of the row below it."""
    if not line.startswith(b"#"):
        return False
    following = lines.take()
    if following is None:
        return False
    lines.give_back([following])
    text, below = decoded(line) or "", decoded(following[1]) or ""
    delimiter = _guessed(text)
    return not re.match(rf'#("?\w|{re.escape(delimiter)})', text) or not 1 < _width(text, delimiter) == _width(
        below, delimiter
    )


def _title(lines: Lines, given: str | None, before: _Before) -> bool:
    """Pass over a title: a few lines of one field each, above a table of at least three columns with names and a row."""
    taken: list[tuple[int, bytes]] = []
    while len(taken) < TITLE_LINES and (numbered := lines.take()) is not None:
        taken.append(numbered)
    texts = [(decoded(line) or "").strip() for _, line in taken]
    at = next((i for i, text in enumerate(texts) if text and _width(text, given or _guessed(text)) > 1), 0)
    is_title = 0 < at < len(texts) - 1 and _is_header(texts[at], texts[at + 1], given)
    lines.give_back(taken[at:] if is_title else taken)
    return is_title


def _is_header(text: str, below: str, given: str | None) -> bool:
    """Three or more different names, none of them empty or a number, and a row of the same width below."""
    delimiter = given or _guessed(text)
    names = tokenizer(delimiter)(text)
    if isinstance(names, Fault) or len(names) < 3 or _width(below, delimiter) != len(names):
        return False
    return len({n.strip() for n in names}) == len(names) and all(re.search(r"[^\W\d]", n) for n in names)


def _checked(delimiter: str) -> str:
    character = {"tab": "\t", "\\t": "\t"}.get(delimiter, delimiter)
    if len(character) != 1 or character in '"\r\n\0' or not character.isascii():
        raise ConfigError(f'delimiter = "{delimiter}" will not do: give one character, such as "," ";" "|" or "tab".')
    return character


def _header_text(lines: Lines, name: str) -> tuple[int, int, str]:
    """(its line, the last line of it, its text); blank lines before it are passed over."""
    number, text = 0, ""
    for number, line in lines:
        if line.strip():
            first, text = number, _header_line(line, name, number)
            break
    else:
        raise EmptyInput(f"{name} is empty: it has no header line. Remove it, or fetch it again.")
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
            f"{name}, line {number}: the header is not UTF-8, and no other encoding fits. Set encoding to what it is "
            'written in, such as encoding = "cp1252".'
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
    unique: list[str] = []
    for i, raw in enumerate(names, 1):
        base = name = raw.strip() or f"column_{i}"
        n = 1
        while name in unique or (n > 1 and name in taken):
            n += 1
            name = f"{base}_{n}"
        unique.append(name)
    return tuple(unique)
