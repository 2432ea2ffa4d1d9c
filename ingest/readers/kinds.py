"""What a file is, told by its first bytes and lines; its name decides only where these leave it open."""

from __future__ import annotations

import re
from pathlib import PurePath

from ingest.errors import ConfigError, InputError, did_you_mean
from ingest.readers.archives import MAGIC as ZIP
from ingest.readers.balancer_log import is_balancer_line
from ingest.readers.csv_header import LIKELY, Fault, tokenizer
from ingest.readers.excel import OLD
from ingest.readers.text_lines import BOM
from ingest.readers.w3c_log import is_fields_line
from ingest.readers.weblog import is_weblog

FORMATS = ("csv", "ndjson", "json", "parquet", "excel", "combined", "w3c", "alb")
"""What `format` may say: combined, w3c and alb are logs of web servers, of IIS and CloudFront, and of load balancers."""

MAY_BE_EMPTY = ("ndjson", "combined", "w3c", "alb")

_BY_NAME = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".parquet": "parquet",
    ".log": "combined",
}

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (rb"BZh[1-9]", "compressed with bzip2; unpack it, or compress it with gzip"),
    (rb"\xfd7zXZ\x00", "compressed with xz; unpack it, or compress it with gzip"),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it"),
    (rb"Rar!\x1a\x07", "a RAR archive; unpack it"),
    (rb"[\s\S]{257}ustar", "a tar archive; unpack it (tar -xf) and read the files in it"),
    (rb"Obj\x01", "an Avro file; write it as Parquet or NDJSON, for example with fastavro or Spark"),
    (rb"ORC[\s\S]{0,60}[\x00-\x08]", "an ORC file; write it as Parquet, for example with pyarrow.orc.read_table"),
    (rb"ARROW1\x00", "an Arrow (Feather) file; write it as Parquet, for example with pyarrow.feather.read_table"),
    (rb"SQLite format 3\x00", "an SQLite database; write the table as CSV: sqlite3 -header -csv FILE 'select ...'"),
    (rb"\x89HDF", "an HDF5 file; write the table as CSV or Parquet"),
    (rb"%PDF-", "a PDF; export the table behind it as CSV"),
)
"""(how the first bytes look, what they mean and what to do): kinds of file that are not read."""

LOOKED_AT = 50
"""Lines at the start of a file that are asked what it is."""


def foreign(head: bytes) -> str | None:
    """What the file is and what to do, if it is of a binary kind that is not read."""
    return next((what for magic, what in _SIGNATURES if re.match(magic, head)), None)


def checked_format(given: str) -> str:
    """The format that somebody names; ConfigError if there is none of that name."""
    if given not in FORMATS:
        raise ConfigError(f'There is no format "{given}".{did_you_mean(given, FORMATS)} Formats: {", ".join(FORMATS)}.')
    return given


def kind_of(name: str, head: bytes) -> str:
    """One of FORMATS, from the first bytes and lines of a file that is no longer compressed, else from its name.

    Raises InputError for a page, for XML, for bytes that are no text, and for a .log that holds none of the logs.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((ZIP, OLD)):
        return "excel"
    named = _BY_NAME.get(_suffix(name))
    binary = head[:4096].count(0) * 4 > len(head[:4096])
    if binary and named != "parquet":
        raise InputError(f"{name} is binary, of a kind that is not read. Write it as CSV, NDJSON or Parquet.")
    lines = [t for line in head.removeprefix(BOM).split(b"\n") if (t := line.decode("utf-8", "replace").strip())]
    lines = lines[:LOOKED_AT]
    if not lines or binary:
        return named or "csv"
    if markup := _markup("\n".join(lines[:20])):
        raise InputError(f"{name} is {markup}.")
    return _json(lines, named) or _log(lines) or _table(lines, named, name)


def _suffix(name: str) -> str:
    pure = PurePath(name.lower())
    return PurePath(pure.stem).suffix if pure.suffix in (".gz", ".zst") else pure.suffix


def _markup(text: str) -> str | None:
    """What a text with tags is, and what to do."""
    start = text.lower()
    if not start.startswith("<"):
        return None
    if "<html" in start or start.startswith("<!doctype html"):
        return "an HTML page, no data: often the answer of a server that wanted a login, or reports an error. Fetch it again"
    if re.search(r"<log[\s>]", start):
        return (
            "an XES event log; write it as CSV, for example with pm4py: convert_to_dataframe(read_xes(FILE)).to_csv()"
        )
    if "<table" in start:
        return "an HTML table, whatever its name says; open it in a spreadsheet and save it as CSV"
    return "XML; write its records as CSV or NDJSON" if re.match(r"<[?!a-z]", start) else None


def _json(lines: list[str], named: str | None) -> str | None:
    """ndjson or json where the text begins as JSON does; NDJSON by name whose first lines are broken stays NDJSON."""
    if re.match(r'\{\s*("|\}|$)|\[\s*([\[{\]]|$)', lines[0]):
        return "ndjson" if named == "ndjson" and lines[0].startswith("{") else "json"
    if named == "ndjson" and (any(line.startswith("{") for line in lines) or not _columns(lines)):
        return "ndjson"
    return "json" if named == "json" and not _columns(lines) else None


def _log(lines: list[str]) -> str | None:
    """A log of a server: of lines that rotation cut in two, another one says so."""
    if any(map(is_fields_line, lines)):
        return "w3c"
    if any(map(is_weblog, lines)):
        return "combined"
    return "alb" if any(map(is_balancer_line, lines)) else None


def _table(lines: list[str], named: str | None, name: str) -> str:
    if named == "combined" and not _columns(lines):
        raise InputError(
            f'{name}, line 1 is not a line of a combined log: "{lines[0][:80]}", and none of the first lines is one of any '
            "other log or table that is read. Set format, if it is one."
        )
    return "parquet" if named == "parquet" and not _columns(lines) else "csv"  # the reader says what is wrong with it


def _columns(lines: list[str]) -> bool:
    """Do the first lines fall into as many fields, two or more of them?"""
    rows = [line for line in lines if not line.startswith("#")][:2]
    for delimiter in LIKELY:
        fields = [tokenizer(delimiter)(line) for line in rows]
        widths = {0 if isinstance(f, Fault) else len(f) for f in fields}
        if len(widths) == 1 and min(widths) > 1:
            return True
    return False
