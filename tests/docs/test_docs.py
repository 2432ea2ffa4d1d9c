"""The pages for users: their commands run in order and write what is shown; they leave out no command and no key."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import module_from_spec, spec_from_file_location
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.cli import cli
from pipeline.config import Config, load_config
from pipeline.config.durations import format_duration
from pipeline.project.masking import Mask

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "docs/python.md", "docs/guide.md", "docs/recipes.md")
TOP_PAGES = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
DECISIONS = sorted(f"docs/adr/{p.name}" for p in (ROOT / "docs/adr").glob("*.md"))
ALL_PAGES = (*TOP_PAGES, *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")))
LINK = re.compile(r"\]\(([^)\s]+)\)")


def beside(name: str) -> ModuleType:
    """A module of this folder or of docs/, which are no packages."""
    path = next(p for p in (Path(__file__).with_name(name), ROOT / "docs" / name) if p.exists())
    spec = spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


console = beside("console.py")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all pages are read: `journeys demo`, with which each begins, is dear the first time only."""
    return tmp_path_factory.mktemp("reader")


@pytest.fixture
def reader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody at a terminal, in whose stores an id is masked alike in every run."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", str(console.WIDTH))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setattr(Mask, "of", classmethod(lambda cls, root: cls(b"documentation")))
    return console.Console(folder)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_do_what_it_shows(page: str, reader: Any) -> None:
    faults = []
    for block in console.blocks(ROOT / page):
        if block.language == "pycon":
            faults.append(reader.python(block, page))
        for entry, following in pairs(block):
            written = reader.run(entry.command)
            asked = following is not None and following.command == "echo $?"
            explained = any(line.startswith("journeys: ") for line in entry.shown)
            if (entry.shown and console.differs(entry.shown, written)) or (reader.code and not (asked or explained)):
                faults.append(f"{page}:{entry.line}: $ {entry.command}\n[exit code {reader.code}]\n{written}")
    assert not (text := "\n".join(f for f in faults if f)), text


def pairs(block: Any) -> Iterator[tuple[Any, Any]]:
    """Each command of a console block, with the next one."""
    found = list(console.entries(block)) if block.language == "console" else []
    return zip_longest(found, found[1:])


def test_an_output_that_is_not_shown_is_noticed() -> None:
    assert not console.differs(("a", "...", "z"), "a\nb\nc\nz\n")
    assert not console.differs(("a", "..."), "a\n")
    assert not console.differs(("in ...",), "in /tmp/x\n")
    assert console.differs(("a", "z"), "a\nb\nz\n")
    assert console.differs(("a",), "a \nb\n")


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command there is: "carts", "carts list", ..."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, name
        yield " ".join((*words, name))
        if isinstance(found, click.Group):
            yield from commands(found, (*words, name))


def test_every_command_is_in_the_guide_or_a_recipe() -> None:
    text = "".join((ROOT / page).read_text(encoding="utf-8") for page in PAGES)
    assert [c for c in commands(cli) if not re.search(rf"journeys (-C \S+ )?{c}\b", text)] == []


def test_the_reference_is_what_help_says() -> None:
    written = beside("reference.py").reference()
    assert written == (ROOT / "docs/reference.md").read_text(encoding="utf-8"), "run `make docs`"
    assert [c for c in commands(cli) if f"`journeys {c}`" not in written] == []


def test_the_reference_is_the_same_at_every_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "51")
    once = subprocess.run(
        [sys.executable, ROOT / "docs/reference.py", "-"], cwd=ROOT, text=True, capture_output=True, check=True
    )
    assert once.stdout == beside("reference.py").reference()


def test_the_page_of_exports_is_what_their_files_say() -> None:
    assert beside("exports.py").page() == (ROOT / "docs/exports.md").read_text(encoding="utf-8"), "run `make docs`"


def test_the_python_reference_is_what_the_docstrings_say() -> None:
    written = beside("python_reference.py").reference()
    assert written == (ROOT / "docs/python.md").read_text(encoding="utf-8"), "run `make docs`"


@pytest.mark.parametrize("page", ALL_PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    dead = []
    for link in LINK.findall(text):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        if link.startswith("https:"):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", *DECISIONS])
def test_files_that_are_named_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8").partition("\n## Not done")[0]
    rooms = [ROOT, *(ROOT / r for r in ("ingest", "paths", "reports", "pipeline", "reports/page"))]
    named = re.findall(r"`([a-z_]+(?:/[a-z_0-9.]+)+)/?`", text)
    assert [n for n in named if not any((r / n).exists() for r in rooms)] == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub names them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def sections() -> dict[str, str]:
    """Heading of docs/configuration.md -> its text."""
    text = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    parts = re.split(r"^## `(.*)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def models(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel] | None]]:
    """("[carts.roles]", Roles), ("[[source]]", Source), ...; None for a section whose keys are free."""
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        many = str(field.annotation).startswith("tuple")
        inner = next((a for a in (field.annotation, *get_args(field.annotation)) if is_model(a)), None)
        if not prefix or inner is not None:
            yield (f"[[{key}]]" if many else f"[{key}]"), inner
        if inner is not None and not many:
            yield from (found for found in models(inner, f"{key}.") if found[1] is not None)


def is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_every_section_of_the_file_is_described() -> None:
    assert {name for name, _ in models(Config)} == set(sections())


@pytest.mark.parametrize("name, model", [(n, m) for n, m in models(Config) if m is not None])
def test_every_key_is_described_with_its_default(name: str, model: type[BaseModel]) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| .* \|$", sections()[name], re.MULTILINE))
    assert list(rows) == [field.alias or key for key, field in model.model_fields.items()]
    wrong = {k: rows[k] for k, f in model.model_fields.items() if spoken_default(f) not in (None, rows[k])}
    assert {k: spoken_default(model.model_fields[k]) for k in wrong} == wrong


def spoken_default(field: FieldInfo) -> str | None:
    """A default as the page spells it; None where the page may say more than the code."""
    value = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if value in (None, "", {}) or isinstance(value, BaseModel):
        return None
    if isinstance(value, tuple):
        return "preset" if len(value) > 2 else "`[" + ", ".join(f'"{v}"' for v in value) + "]`"
    if isinstance(value, timedelta):
        return f'`"{format_duration(value)}"`'
    return f"`{str(value).lower()}`" if isinstance(value, (bool, int, float)) else f'`"{value}"`'


EXAMPLES = [b for b in console.blocks(ROOT / "docs/configuration.md") if b.language == "toml"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda b: f"line {b.line}")
def test_the_examples_of_the_file_are_read(example: Any, tmp_path: Path) -> None:
    (tmp_path / "journeys.toml").write_text(example.text, encoding="utf-8")
    assert load_config(tmp_path, environ={}).digest() != load_config(tmp_path.parent, environ={}).digest()


def test_the_examples_of_the_file_stand_together(tmp_path: Path) -> None:
    (tmp_path / "journeys.toml").write_text("\n".join(b.text for b in EXAMPLES), encoding="utf-8")
    assert len(load_config(tmp_path, environ={}).sources) == 2
