"""Texts that are not UTF-8: what they are written in, and a copy in UTF-8.

A byte order mark or the zeros of UTF-16 tell at once. A single-byte or East Asian encoding is told from the lines that
are not UTF-8, and only where no line holds valid UTF-8 beyond ASCII: else the file is UTF-8 with broken lines.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from ingest.errors import ConfigError, InputError, did_you_mean

BLOCK = 1 << 20
SAMPLE = 100_000
"""Bytes of lines that are not UTF-8 by which an encoding is told."""

CANDIDATES = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "iso8859_2", "koi8_r", "mac_roman"),
    *("cp437", "cp850", "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
KNOWN = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", *CANDIDATES)
NEAR = 0.05
"""Western European is preferred to an encoding that fits better by no more than this share of odd-looking text."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def checked_encoding(given: str) -> str:
    """The name of the encoding as Python has it; ConfigError if there is none."""
    try:
        info = codecs.lookup(given)
        "".encode(given)
    except (LookupError, ValueError):
        near = did_you_mean(given, KNOWN)
        raise ConfigError(f'There is no encoding "{given}".{near} Such as: utf-8, utf-16, cp1252, shift_jis.') from None
    return info.name


def encoding_of(path: Path, head: bytes, given: str | None = None) -> str | None:
    """What a text file is written in; None for UTF-8, as far as its first bytes say."""
    if given is not None:
        encoding = checked_encoding(given)
        if encoding == "utf-16" and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return _wide(head[:4096]) or "utf-16-le"
        return None if encoding in ("utf-8", "utf-8-sig", "ascii") else encoding
    wide = next((name for mark, name in _MARKS if head.startswith(mark)), None) or _wide(head[:4096])
    if wide:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return legacy_encoding(path)
    return None


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: of text that is mostly Latin, every other byte is zero."""
    odd, even = head[1::2], head[::2]
    if len(odd) < 4:
        return None
    if odd.count(0) > 0.7 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    return "utf-16-be" if even.count(0) > 0.7 * len(even) and odd.count(0) < 0.1 * len(odd) else None


def legacy_encoding(path: Path) -> str | None:
    """What the lines of a file that are not UTF-8 are written in; None where that cannot be told, or others are UTF-8."""
    broken: dict[bytes, None] = {}
    size = 0
    with path.open("rb") as stream:
        for line in stream:
            if line.isascii():
                continue
            try:
                line.decode()
            except UnicodeDecodeError:
                if size < SAMPLE and line not in broken:
                    broken[line] = None
                    size += len(line)
            else:
                return None
    return _told(b"".join(broken)) if broken else None


def _told(sample: bytes) -> str | None:
    from charset_normalizer import from_bytes  # only for what is not UTF-8

    guesses = list(from_bytes(sample, cp_isolation=list(CANDIDATES)))
    if not guesses:
        return None
    near = [match for match in guesses if match.chaos <= guesses[0].chaos + NEAR]
    if not any("cp1252" in match.could_be_from_charset for match in near):
        return guesses[0].encoding
    odd = set(sample) & {0xFF, 0x81, 0x8D, 0x8F, 0x90, 0x9D, *range(9), *range(14, 32)}
    return None if odd else "cp1252"  # no text has these: bytes that went wrong


def in_utf8(path: Path, target: Path, encoding: str, name: str) -> Path:
    """Write a copy in UTF-8 to `target`; InputError, with the place, where the bytes are none of that encoding's."""
    with target.open("wb") as out:
        for text in _texts(path, encoding, name):
            out.write(text.encode("utf-8", "surrogatepass"))
    return target


def _texts(path: Path, encoding: str, name: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    at = 0
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK)
            try:
                yield decoder.decode(block, final=not block)
            except UnicodeError as error:
                start, what = getattr(error, "start", 0), getattr(error, "reason", str(error))
                raise InputError(
                    f"{name} is not {encoding}: near byte {at + start:,}, {what}. "
                    'Set encoding to what it is written in, such as "utf-8", "cp1252" or "latin-1".'
                ) from error
            if not block:
                return
            at += len(block)
