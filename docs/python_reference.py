"""Writes docs/python.md from the docstrings and signatures of `journeys.Project`; `make docs` calls it. `-`: to standard output."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from os import PathLike
from pathlib import Path
from textwrap import dedent, fill
from typing import Annotated, Any, Literal, get_args, get_origin

WIDTH = 120
PAGE = Path(__file__).with_name("python.md")
SECTIONS = ("Args", "Returns", "Raises", "Example")
PERIOD = "as_of, since, until, segment, where, persona"
HEAD = """\
# Python

Every question of `journeys.Project`, written by `make docs` from its docstrings. The words are those of the
[commands](reference.md); what each number means is in [definitions.md](definitions.md). The examples are run by the tests,
on the sample:

```console
$ journeys demo
```

```pycon
>>> import journeys
>>> shop = journeys.open("journeys-demo")
```

"""
RESULT = """\
## What comes back

A `Result`, whose `repr` shows its first rows:

- `.table`: the rows as a pyarrow Table, `.to_pandas()` as a DataFrame, `.rows()` as dicts;
- `.meta`: the parameters in force, the snapshot that was read, what was left out, and `warnings`;
- `.graph()`: a networkx DiGraph (of `paths`), `.plot()`: a plotly Figure (of most).

What is about the store and not about a period is a plain pyarrow Table. Instants are UTC, `*_seconds` and rates are
floats, rates from 0 to 1, money in units of the currency. Everything that is raised on purpose is a
`journeys.JourneysError`; the tree is in `help(ingest.errors)`.

```pycon
>>> shop.dropoff(by="channel")
Traceback (most recent call last):
...
ingest.errors.ConfigError: by is touchpoint or stage, not "channel".
>>> shop.funnel("buy", windw="1d")
Traceback (most recent call last):
...
ingest.errors.UnknownArgument: funnel() takes no "windw". Did you mean "window"? It takes: ...
```

"""


def reference() -> str:
    """The page."""
    import journeys

    families = journeys.Project.__bases__
    doc = inspect.getdoc(journeys.Project) or ""
    parts = [HEAD, f"## The words of a period\n\n{period(doc)}\n", RESULT]
    for family in families:
        parts.append(f"## {first_line(family)}\n\n")
        parts += [section(name, method) for name, method in methods(family)]
    return "".join(parts).rstrip() + "\n"


def methods(family: type) -> Iterator[tuple[str, Any]]:
    """The questions of a family, in the order of the file."""
    return ((name, value) for name, value in vars(family).items() if inspect.isfunction(value) and name[0] != "_")


def first_line(thing: Any) -> str:
    """The first sentence of its docstring, as a heading."""
    return (inspect.getdoc(thing) or "").splitlines()[0].split(";")[0].rstrip(".")


def period(doc: str) -> str:
    """The words of a period from the class's docstring, as a list."""
    lines = [line.strip() for line in doc.splitlines() if line.startswith("    ")]
    said = "\n".join(item(*line.partition(": ")[::2]) for line in lines)
    return f"Most questions take them; one that is left out, or None, is not given.\n\n{said}\n"


def section(name: str, method: Any) -> str:
    """One question: how it is called, what its words are, what comes back, an example."""
    summary, found = parsed(inspect.getdoc(method) or "")
    signature = inspect.signature(method)
    parts = [f"### `{name}`\n", f"```text\n{call(name, signature)}\n```\n", f"{wrapped(summary)}\n"]
    if arguments := "\n".join(described(entries(found.get("Args", "")), signature)):
        parts.append(f"{arguments}\n")
    if found.get("Returns"):
        parts.append(f"{wrapped('**Gives** ' + found['Returns'])}\n")
    if found.get("Raises"):
        raised = [f"`{what}` {why.rstrip('.')}" for what, why in entries(found["Raises"]).items()]
        parts.append(f"{wrapped('**Raises** ' + '; '.join(raised) + '.')}\n")
    if found.get("Example"):
        parts.append(f"```pycon\n{found['Example']}\n```\n")
    return "\n".join(parts) + "\n"


def parsed(doc: str) -> tuple[str, dict[str, str]]:
    """(what stands above the sections, text by section)."""
    found: dict[str, list[str]] = {"": []}
    now = ""
    for line in doc.splitlines():
        if line.rstrip(":") in SECTIONS and line.endswith(":"):
            now = line.rstrip(":")
            found[now] = []
        else:
            found[now].append(line)
    texts = {name: dedent("\n".join(lines)).strip() for name, lines in found.items()}
    return texts.pop(""), texts


def entries(text: str) -> dict[str, str]:
    """Name -> what is said of it; further lines are indented."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith(" "):
            found[name] += f" {line.strip()}"
        else:
            name, _, said = line.partition(": ")
            found[name] = said
    return found


def call(name: str, signature: inspect.Signature) -> str:
    """The call with its defaults; the words of a period as they stand together."""
    parts: list[str] = []
    for p in signature.parameters.values():
        if p.name == "self" or p.name in PERIOD.split(", ")[1:] or (p.name == "as_of" and takes_period(signature)):
            continue
        if p.kind is p.KEYWORD_ONLY and "*" not in parts and not any(x.startswith("*") for x in parts):
            parts.append("*")
        star = "*" if p.kind is p.VAR_POSITIONAL else ""
        parts.append(f"{star}{p.name}" + ("" if p.default is p.empty else f"={p.default!r}"))
    if takes_period(signature):
        parts += [*(["*"] if not any(x.startswith("*") for x in parts) else []), "**period"]
    head = f"{name}("
    return fill(f"{head}{', '.join(parts)})", WIDTH, subsequent_indent=" " * len(head), break_long_words=False)


def takes_period(signature: inspect.Signature) -> bool:
    """Does it take all the words of a period?"""
    return "persona" in signature.parameters


def described(arguments: Mapping[str, str], signature: inspect.Signature) -> Iterator[str]:
    """One line a word: name, type, meaning."""
    for names, said in arguments.items():
        if names == PERIOD:
            yield item("**period", "what the question is about: [the words of a period](#the-words-of-a-period).")
            continue
        kinds = {kind(signature.parameters[n].annotation) for n in names.split(", ")}
        yield item(names, said, kinds.pop() if len(kinds) == 1 else "")


def item(names: str, said: str, type_: str = "") -> str:
    """An item of a list."""
    spelled = ", ".join(f"`{n}`" for n in names.split(", "))
    typed = f" ({type_})" if type_ else ""
    return fill(
        f"- {spelled}{typed}: {said}", WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


PLAIN: dict[Any, str] = {str: "str", int: "int", bool: "bool", float: "float", date: "date", timedelta: "timedelta"}


def kind(annotation: Any) -> str:
    """A type as the page writes it; None and markers of defaults are left out."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation in PLAIN:
        return PLAIN[annotation]
    if origin is Literal:
        return " | ".join(f'"{p}"' if isinstance(p, str) else str(p) for p in parts)
    if origin is Annotated:
        low, high = parts[1].low, parts[1].high
        return f"{kind(parts[0])} from {low}" + ("" if high is None else f" to {high}")
    if origin is PathLike:
        return "path"
    if origin in (Sequence, Mapping, tuple):
        name = {Sequence: "list", Mapping: "dict", tuple: "tuple"}[origin]
        return f"{name}[{', '.join(kind(p) for p in parts)}]"
    if parts:
        written = [p for p in parts if p is not type(None) and not (isinstance(p, type) and issubclass(p, Enum))]
        return " | ".join(kind(p) for p in written)
    return str(getattr(annotation, "__name__", annotation))


def wrapped(text: str) -> str:
    """Paragraphs at the page's width."""
    return "\n\n".join(
        fill(" ".join(p.split()), WIDTH, break_long_words=False, break_on_hyphens=False) for p in text.split("\n\n")
    )


if __name__ == "__main__":
    sys.path.insert(0, str(PAGE.parents[1]))
    if sys.argv[1:] == ["-"]:
        print(reference(), end="")
    else:
        PAGE.write_text(reference(), encoding="utf-8")
