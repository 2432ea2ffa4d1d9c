"""Files before they are read: which ones a pattern means, what they are called, and their bytes without compression."""

from __future__ import annotations

import glob
import gzip
import hashlib
import os
import re
import shutil
import zlib
from collections.abc import Sequence
from io import BufferedReader
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from ingest.errors import InputError, MissingInput, did_you_mean
from ingest.readers.archives import MAGIC as ZIP
from ingest.readers.archives import (
    UNPACKED,
    archive_of,
    copy_bounded,
    is_workbook,
    members,
    open_member,
    stat_of,
    unpack_member,
)

HEAD = 65_536
STDIN = Path("-")
BLOCK = 1 << 20

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
}


def expand(patterns: Sequence[str | Path], base: Path) -> list[Path]:
    """The files that names and globs (`**` too) mean, each once, in natural order; `-` stays `-`.

    Relative patterns start at `base`. A name that exists is taken literally, whatever characters it has.
    Raises MissingInput where a pattern means nothing that can be read.
    """
    paths, missing = named(patterns, base)
    if missing:
        raise missing[0]
    return [path if path == STDIN else readable(path) for path in paths]


def named(patterns: Sequence[str | Path], base: Path) -> tuple[list[Path], list[MissingInput]]:
    """(the files of `expand`, whether they can be read or not; for each pattern that means no file, what to say of it)."""
    paths: dict[Path, None] = {}
    missing = []
    for pattern in patterns:
        try:
            paths |= dict.fromkeys(inner for path in _matches(str(pattern), base) for inner in _inside(path))
        except MissingInput as error:
            missing.append(error)
    return sorted(paths, key=lambda p: natural_key(str(p))), missing


def _inside(path: Path) -> list[Path]:
    """The files of an archive of several, called archive.zip/member; any other file is itself."""
    if path.suffix.lower() != ".zip" or head_of(path)[:4] != ZIP or is_workbook(path):
        return [path]
    names = members(path)
    return [path / name for name in names] if len(names) > 1 else [path]


def _matches(pattern: str, base: Path) -> list[Path]:
    if pattern == "-":
        return [STDIN]
    literal = base / Path(pattern).expanduser()
    if literal.is_file():
        return [literal]
    if literal.exists() or not glob.has_magic(pattern):
        return [readable(literal)]
    rooted = str(Path(pattern).expanduser())
    paths = [base / name for name in glob.glob(rooted, root_dir=base, recursive=True)]
    files = [p for p in paths if not p.is_dir()]
    if not files:
        raise MissingInput(f'No file matches "{pattern}" in {base}.{_there_is(glob_root(pattern, base))}')
    return files


def readable(path: Path) -> Path:
    """`path` itself, or MissingInput if it is no file that we may read."""
    path_of = archive_of(path)
    if path_of is not None:
        readable(path_of)
        return path
    try:
        if path.is_dir():
            raise MissingInput(f'{path} is a directory; name its files, for example "{path / "*.csv"}".')
        if not path.exists():
            near = did_you_mean(path.name, _names_in(path.parent))
            raise MissingInput(f"There is no file {path}.{near or _there_is(path.parent)}")
        if not path.is_file():
            raise MissingInput(f'{path} is not a regular file; pipe its content in and read "-".')
    except PermissionError as error:
        raise _forbidden(path) from error
    if not os.access(path, os.R_OK):
        raise _forbidden(path)
    return path


def _forbidden(path: Path) -> MissingInput:
    return MissingInput(f'No permission to read {path}; allow it, for example with "chmod a+r", or run as its owner.')


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted((p.name for p in folder.iterdir() if not p.name.startswith(".")), key=natural_key)
    except OSError:
        return []


def _there_is(folder: Path) -> str:
    if not folder.is_dir():
        return f" There is no directory {folder}."
    names = _names_in(folder)
    more = ", ..." if len(names) > 5 else ""
    return f" {folder} holds {', '.join(names[:5])}{more}." if names else f" {folder} is empty."


def natural_key(name: str) -> str:
    """A string whose binary order is the natural order of names: file2 < file10. Different names, different keys.

    A run of digits becomes its length (four digits) and its digits without leading zeros; how many zeros were
    dropped is noted at the end, so that file02 and file2 stay apart and beside each other.
    """
    zeros: list[str] = []

    def run(match: re.Match[str]) -> str:
        digits = match[0].lstrip("0") or "0"
        zeros.append(str(len(match[0]) - len(digits)))
        return f"{len(digits):04d}{digits}"

    key = re.sub("[0-9]+", run, name)
    return key if set(zeros) <= {"0"} else f"{key}\x01{','.join(zeros)}"


def name_of_key(key: str) -> str:
    """The name of which `natural_key` made this."""
    told, _, noted = key.partition("\x01")
    zeros = iter(noted.split(",") if noted else [])

    def digits(match: re.Match[str]) -> str:
        return "0" * int(next(zeros, "0")) + match[0][4:]

    return re.sub("[0-9]+", digits, told)


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of the last change: another one after reading means that somebody still writes."""
    stat = stat_of(path)
    return stat.st_size, stat.st_mtime_ns


def content_hash(path: Path) -> str:
    """SHA-256 (hex) of the file's bytes as they are stored."""
    with open_input(path) as stream:
        return hashlib.file_digest(cast(BufferedReader, stream), "sha256").hexdigest()


def input_name(path: Path, root: Path) -> str:
    """The input's name: its posix path relative to `root`, or absolute if it lies outside."""
    whole = Path(os.path.abspath(path))
    start = Path(os.path.abspath(root))
    return shown_name((whole.relative_to(start) if whole.is_relative_to(start) else whole).as_posix())


def shown_name(name: str | Path) -> str:
    """A file's name as text: bytes that are no UTF-8 are written \\xe4."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def as_pattern(path: Path) -> str:
    """A file's name as a pattern that finds it: ? for a byte that is no UTF-8."""
    return os.fsencode(path.name).decode("utf-8", "replace").replace("\ufffd", "?")


def in_utf8_place(path: Path, directory: Path) -> Path:
    """The file itself, or a link in `directory` if its path is not UTF-8: DuckDB and Arrow open no such path."""
    if shown_name(path.absolute()) == str(path.absolute()):
        return path
    directory.mkdir(exist_ok=True)
    link = directory / f"named{shown_name(path.suffix)}"
    link.symlink_to(path.absolute())
    return link


def glob_root(pattern: str, base: Path) -> Path:
    """The fixed directory at the start of a glob; of a plain file, its directory."""
    parts = Path(pattern).expanduser().parts
    literal = (base / Path(pattern).expanduser()).exists()
    fixed = next((i for i, part in enumerate(parts[:-1]) if glob.has_magic(part) and not literal), len(parts) - 1)
    return base.joinpath(*parts[: max(fixed, 0)])


def first_line(path: Path) -> bytes | None:
    """The first line of a small file that is plain or gzip, to see which files are alike; None where it cannot be told."""
    try:
        with path.open("rb") as stream:
            packed = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path, "rb") if packed else path.open("rb") as stream:
            line: bytes = stream.readline(HEAD)
    except (OSError, EOFError, zlib.error):
        return None
    return line if line.endswith(b"\n") else None


def open_input(path: Path) -> IO[bytes]:
    """The file's stored bytes, of a member of an archive its unpacked ones; MissingInput if it cannot be opened."""
    readable(path)
    if archive_of(path) is not None:
        return open_member(path)
    try:
        return path.open("rb")
    except PermissionError as error:
        raise _forbidden(path) from error


def spool(stream: IO[bytes], directory: Path) -> Path:
    """Copy a stream (standard input) into a file of `directory`."""
    target = directory / "stdin"
    with target.open("wb") as out:
        shutil.copyfileobj(stream, out, BLOCK)
    return target


def unpacked_file(path: Path, directory: Path, name: str, limit: int = UNPACKED) -> Path:
    """The file itself if it is not compressed, else an unpacked copy in `directory`.

    Compressed content (told by its first bytes, whatever the name says) is unpacked here and not by DuckDB, because
    that neither checks a gzip file's checksum nor notices a zstd file that was cut off. Raises InputError if the
    compressed data is damaged, or where it becomes more than `limit` bytes.
    """
    if archive_of(path) is not None or (head_of(path)[:4] == ZIP and not is_workbook(path, name)):
        directory.mkdir(exist_ok=True)
        path = unpack_member(path, directory / "member", name, limit)
    head = head_of(path)
    kind = next((k for magic, k in _MAGIC.items() if head.startswith(magic)), None)
    if kind is None:
        return path
    directory.mkdir(exist_ok=True)
    return _unpacked(path, kind, directory / "unpacked", name, limit)


def head_of(path: Path) -> bytes:
    """The first bytes of a file; MissingInput if it cannot be opened."""
    with open_input(path) as stream:
        return stream.read(HEAD)


def _unpacked(path: Path, kind: str, target: Path, name: str, limit: int) -> Path:
    try:
        with _unpacking(path, kind) as packed, target.open("wb") as out:
            copy_bounded(packed, out, limit, name)
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:  # a full disk is not the file's fault
            raise InputError(f"{name} could not be unpacked into {target.parent}: {error.strerror}.") from error
        cut = isinstance(error, EOFError) or "truncated" in str(error).lower()
        what = (
            f"is cut off: its {kind} data ends too early"
            if cut
            else f"is damaged: its {kind} data is not valid ({error})"
        )
        raise InputError(f"{name} {what}; nothing of it was loaded. Fetch the file again.") from error
    return target


def _unpacking(path: Path, kind: str) -> IO[bytes]:
    if kind == "gzip":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return cast(IO[bytes], pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd"))


def with_line_feeds(path: Path, target: Path) -> Path:
    """A copy whose lines end with a line feed where they ended with a carriage return."""
    with path.open("rb") as stream, target.open("wb") as out:
        while block := stream.read(BLOCK):
            if block.endswith(b"\r"):  # never cut a pair in two
                block += stream.read(1)
            out.write(block.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    return target


def first_lines(path: Path, directory: Path, size: int) -> Path:
    """The file itself, or a copy in `directory` of its first lines, where it is text of more than `size` bytes unpacked.

    Of a text that is not packed lines of the middle and of the end follow, `size` / 8 bytes each. What is no file of
    lines (Parquet, a workbook, an archive, a JSON array or envelope, UTF-16) stays whole, and what cannot be read is left
    for `unpacked_file` to say.
    """
    with open_input(path) as stream:
        magic = stream.read(HEAD)
    kind = next((k for m, k in _MAGIC.items() if magic.startswith(m)), None)
    if archive_of(path) is not None or magic.startswith((ZIP, b"\xd0\xcf\x11\xe0")):
        return path
    if kind is None and path.stat().st_size <= size:
        return path
    try:
        with _unpacking(path, kind) if kind else path.open("rb") as whole:
            head = whole.read(size + 1)
    except (EOFError, OSError, zlib.error):
        return path
    lines = head.rpartition(b"\n")[0]
    envelope = head.startswith(b"{") and not head.split(b"\n", 1)[0].rstrip().endswith(b"}")
    if len(head) <= size or not lines or envelope or head.startswith((b"PAR1", b"[", b"\xff\xfe", b"\xfe\xff")):
        return path
    target = directory / "first-lines"
    target.write_bytes(lines + b"\n" + (b"" if kind else _later_lines(path, len(head), size // 8)))
    return target


def _later_lines(path: Path, start: int, size: int) -> bytes:
    """Whole lines of the middle and of the end of a text, behind `start`; none where a quoted field may hold line feeds."""
    text = b""
    length = path.stat().st_size
    with path.open("rb") as stream:
        for at in ((start + length - size) // 2, length - size):
            stream.seek(max(start, at))
            block = stream.read(size).partition(b"\n")[2].rpartition(b"\n")[0]
            if block and (b'"' not in block or block.startswith(b"{")):
                text += block + b"\n"
    return text
