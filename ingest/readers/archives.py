"""ZIP archives: each file in one is an input of its own, called archive.zip/member; nothing is unpacked under its own name."""

from __future__ import annotations

import os
import shutil
import zlib
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile

from ingest.errors import InputError, MissingInput
from ingest.sizes import shown_size

MAGIC = b"PK\x03\x04"
_NO_DATA = ("__MACOSX/", ".DS_Store", "Thumbs.db")


UNPACKED = 20_000_000_000
"""Bytes that one packed input may become, unless [store] unpacked says otherwise."""
OF_A_WORKBOOK = 10
"""A workbook may become so many times less: it is read in memory."""


def archive_of(path: Path) -> Path | None:
    """The archive that a path leads into; None for a path that is a file of its own, or none."""
    try:
        path.stat()
    except NotADirectoryError:
        return next((parent for parent in path.parents if parent.is_file()), None)
    except OSError:
        pass
    return None


def stat_of(path: Path) -> os.stat_result:
    """The size and times of a file; of a member of an archive, the archive's."""
    return (archive_of(path) or path).stat()


def members(path: Path, name: str | None = None) -> list[str]:
    """The names of the files in an archive, which messages call `name`; InputError if it is damaged."""
    try:
        with ZipFile(path) as archive:
            names = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (BadZipFile, OSError) as error:
        raise InputError(
            f"{name or path} is not a readable  ZIP archive or Excel workbook: {error}. Fetch it again."
        ) from error
    return [n for n in names if not n.startswith(_NO_DATA[0]) and n.rpartition("/")[2] not in _NO_DATA]


def is_workbook(path: Path, name: str | None = None) -> bool:
    """Is it a spreadsheet, whose file is a ZIP archive, too?"""
    with path.open("rb") as stream:
        if stream.read(4) != MAGIC:
            return False
    names = members(path, name)
    return ("[Content_Types].xml" in names and any(n.startswith("xl/") for n in names)) or "content.xml" in names


def open_member(path: Path) -> IO[bytes]:
    """The unpacked bytes of a member of an archive (archive.zip/member); MissingInput if there is none."""
    archive = archive_of(path)
    assert archive is not None
    return _opened(archive, path.relative_to(archive).as_posix())


def _opened(archive: Path, name: str) -> IO[bytes]:
    if name not in members(archive):
        raise MissingInput(f"There is no {name} in {archive}; it holds {', '.join(members(archive)[:5])}.")
    try:
        return ZipFile(archive).open(name)
    except (RuntimeError, NotImplementedError) as error:
        raise InputError(f"{archive}/{name} cannot be unpacked: {error}. Unpack it by hand.") from error


def unpack_member(path: Path, target: Path, name: str, limit: int = UNPACKED) -> Path:
    """Write the one member of an archive, or the one that the path names, to `target`.

    Raises InputError for an archive of several, in an archive, with a password, damaged, or that becomes more than `limit` bytes.
    """
    archive = archive_of(path)
    names = [path.relative_to(archive).as_posix()] if archive else members(path)
    if len(names) != 1:
        what = f"holds {len(names)} files" if names else "is empty"
        raise InputError(f"{name} is a ZIP archive that {what}. Name it .zip, and each file in it is read as an input.")
    try:
        with _opened(archive or path, names[0]) as packed, target.open("wb") as out:
            head = packed.read(4)
            if head == MAGIC and not names[0].lower().endswith((".xlsx", ".xlsm", ".xlsb", ".ods")):
                raise InputError(f"{name}: {names[0]} is a ZIP archive in a ZIP archive. Unpack the outer one.")
            out.write(head)
            copy_bounded(packed, out, limit, name)
    except (BadZipFile, EOFError, zlib.error) as error:
        raise InputError(f"{name} is damaged: {error}; nothing of it was loaded. Fetch it again.") from error
    return target


def copy_bounded(packed: IO[bytes], out: IO[bytes], limit: int, name: str) -> None:
    """Write what a packed stream becomes. Raises InputError where that is more than `limit` bytes, or than half of what is free."""
    free = shutil.disk_usage(Path(out.name).parent).free // 2
    written = 0
    while block := packed.read(1 << 20):
        written += len(block)
        if written > min(limit, free):
            raise InputError(too_large(name, limit, free))
        out.write(block)


def check_workbook(path: Path, name: str, limit: int) -> None:
    """Raise InputError for a workbook that says that it becomes more than a tenth of `limit`."""
    try:
        with ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
    except (BadZipFile, OSError):
        return  # its reader says what is wrong with it
    if size > limit // OF_A_WORKBOOK:
        raise InputError(too_large(name, limit // OF_A_WORKBOOK, size))


def too_large(name: str, limit: int, free: int) -> str:
    """What to say of a packed file that becomes too large."""
    if free < limit:
        return f"{name} unpacks to more than {shown_size(free)}, half of what is free for temporary data. Make room, or split it."
    return (
        f"{name} unpacks to more than {shown_size(limit)}, and was not loaded: it may be made to fill the disk. If it is sound, raise "
        "the limit, [store] unpacked in journeys.toml (a workbook may take a tenth of it), or split it."
    )
