"""URL paths -> patterns: ids, numbers, dates, UUIDs and hashes become `*`. /users/123/cart is /users/*/cart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

UUID = r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
NUMBER = r"[+-]?\d[\d.,:_-]*"  # 7, 2024-05-01, 10.4, 12:30
HEX = r"(?=[0-9a-fA-F]*\d)(?=.*[a-fA-F])[0-9a-fA-F]{8,}"
PREFIXED = r"[A-Za-z]{1,12}[_-]\d{3,}|[A-Za-z]{1,2}\d{3,}"  # user_0001, SKU-4711, p123
TOKEN = r"(?=.*\d.*\d)(?=.*[A-Za-z])[A-Za-z0-9_=~]{12,}"  # base62, base64
ADDRESS = r"[^/@]+@[^/@]+"
ID = re.compile("|".join((UUID, NUMBER, HEX, PREFIXED, TOKEN, ADDRESS)))
FILE = re.compile(r"(?P<stem>.+)(?P<suffix>\.[A-Za-z][A-Za-z0-9]{0,4})")
SPECIAL = re.compile(r"[*?\[]")
SECTION = 10
"""So many pages under one folder are a section, named as one ..."""
LARGE = 5
"""... but for a page that has one event of the section's in so many, or more: it stands for itself."""


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A rule that would name what none names: `url` is a glob, `example` its most frequent path."""

    name: str
    url: str
    event: tuple[str, ...]
    events: int
    paths: int
    example: str


def generalised(path: str) -> str:
    """The glob of a path. It fits the path; everything in it that is no id stands for itself."""
    return "/".join(general_part(p) for p in path.split("/"))


def general_part(part: str) -> str:
    """One segment: `*` for an id, `*.html` for a file that is named by one."""
    if ID.fullmatch(part):
        return "*"
    file = FILE.fullmatch(part)
    if file and ID.fullmatch(file["stem"]):
        return f"*{file['suffix']}"
    return SPECIAL.sub(lambda found: f"[{found[0]}]", part)


def suggest(unmatched: Iterable[Mapping[str, Any]], taken: Iterable[str] = (), top: int = 10) -> list[Suggestion]:
    """Rules for the patterns with the most events; `unmatched` are rows of rule_coverage.UNMATCHED, most frequent first.

    The narrower pattern comes first, because the first rule that matches names an event.
    """
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in unmatched:
        groups.setdefault(generalised(row["path"]), []).append(row)
    groups = by_section(groups)
    events = {url: sum(r["events"] for r in rows) for url, rows in groups.items()}
    chosen = sorted(groups, key=lambda url: (-events[url], url))[:top]
    used = {*taken, "START", "END"}
    patterns = []
    for url in sorted(chosen, key=lambda url: (-len(url.replace("*", "")), url)):
        name = next(n for n in candidates(url) if n not in used and not n.startswith("event:"))
        used.add(name)
        rows = groups[url]
        patterns.append(
            Suggestion(
                name=name,
                url=url,
                event=tuple(sorted({r["event"] for r in rows})),
                events=events[url],
                paths=len({r["path"] for r in rows}),
                example=rows[0]["path"],
            )
        )
    return patterns


def by_section(groups: Mapping[str, list[Mapping[str, Any]]]) -> dict[str, list[Mapping[str, Any]]]:
    """The same with the small pages of each section as one pattern, /blogs/*: the deepest folders first, the root never."""
    sections = dict(groups)
    folders = {folder for url in groups for folder in folders_of(url)}
    for folder in sorted(folders, key=lambda f: (-f.count("/"), f)):
        pages = [url for url in sections if url.startswith(f"{folder}/") and not url.endswith("/*")]
        total = sum(r["events"] for url in pages for r in sections[url])
        small = [url for url in pages if sum(r["events"] for r in sections[url]) * LARGE < total]
        if len(small) >= SECTION:
            rows = [*sections.get(f"{folder}/*", []), *(r for url in small for r in sections.pop(url))]
            sections[f"{folder}/*"] = sorted(rows, key=lambda r: -r["events"])
    return sections


def folders_of(url: str) -> list[str]:
    """/a/b of /a/b/c, and /a."""
    parts = url.split("/")
    return ["/".join(parts[:n]) for n in range(2, len(parts))]


def candidates(url: str) -> Iterable[str]:
    """Names for a pattern, the plainest first: its words; with what ends it; the pattern; the pattern numbered."""
    parts = [re.sub(r"\[(.)\]", r"\1", p) for p in url.split("/") if p]
    words = " ".join(p for p in parts if "*" not in p).replace("-", " ").replace("_", " ").strip()
    if parts and "*" in parts[-1]:
        yield f"{words} item".strip()
    elif words:
        yield from (words, f"{words} page")
    elif not parts:
        yield "home"
    yield url
    number = 1
    while True:
        number += 1
        yield f"{url} {number}"


def blocks(suggestions: Iterable[Suggestion]) -> str:
    """[[touchpoint]] blocks to paste into journeys.toml."""
    texts = []
    for s in suggestions:
        event = quoted(s.event[0]) if len(s.event) == 1 else "[" + ", ".join(quoted(e) for e in s.event) + "]"
        texts.append(
            f"[[touchpoint]]  # events: {s.events}, paths: {s.paths}, such as {quoted(s.example)}\n"
            f"event = {event}\nurl = {quoted(s.url)}\nname = {quoted(s.name)}\n"
        )
    return "\n".join(texts)


def quoted(text: str) -> str:
    """A TOML basic string."""
    written = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
    return '"' + "".join(written.get(c) or (c if c.isprintable() else escaped(c)) for c in text) + '"'


def escaped(letter: str) -> str:
    """A character by its number; a lone surrogate, which TOML cannot say, as U+FFFD."""
    code = ord(letter)
    return "\\uFFFD" if 0xD800 <= code < 0xE000 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
