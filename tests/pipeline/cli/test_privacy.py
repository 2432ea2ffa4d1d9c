"""[project] privacy = "strict": every command, every example: no list of people, no number about fewer than ten."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import journeys
from ingest.errors import ConfigError
from pipeline.cli import cli
from pipeline.project.project import Period
from pipeline.report.gather import gather
from reports.content.small_cells import few, is_count
from tests.pipeline.cli.test_cli import call, commands, examples

REFUSED = {
    "customers",
    "customer",
    "strugglers",
    "sessions",
    "sql",
    "carts list",
    "carts remind",
    "identity explain",
}
OF_FILES = {"init", "demo", "doctor", "config show", "inspect", "ingest", "run", "backfill", "report build", "report export",
            "report index", "runs list", "runs show", "runs diff", "erase", "quarantine", "touchpoints test"}  # fmt: skip


@pytest.fixture(scope="module")
def strict_shop(sample_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's project, strict."""
    folder = tmp_path_factory.mktemp("strict") / "shop"
    copytree(sample_shop, folder)
    config = (folder / "journeys.toml").read_text()
    strict = config.replace("[project]\n", '[project]\nprivacy = "strict"\n', 1)
    assert strict != config
    (folder / "journeys.toml").write_text(strict)
    return folder


def small(answer: Any, path: str = "") -> list[str]:
    """Where counts of an answer are about somebody, and about fewer than ten."""
    if isinstance(answer, dict):
        own = [f"{path}.{k}" for k, v in answer.items() if is_count(k) and few(v)]
        return own + [s for k, v in answer.items() for s in small(v, f"{path}.{k}")]
    if isinstance(answer, list):
        return [s for v in answer for s in small(v, path)]
    return []


def test_every_command_hides_small_numbers_or_refuses_in_words(
    strict_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(strict_shop)
    (strict_shop / "events.csv").write_text("user,timestamp,event\nuser_0000,2024-01-01 10:00,home\n")
    told, refused = {}, set()
    for path, command in commands(cli):
        name = " ".join(path)
        for line in examples(command) if name not in OF_FILES else []:
            found = call(*shlex.split(line)[1:], "-f", "json", "-o", str(tmp_path / "answer.json"))
            if found.exit_code == 2 and 'privacy = "strict"' in found.stderr:
                refused.add(line)
                continue
            told[line] = (found.exit_code, small(json.loads((tmp_path / "answer.json").read_text() or "[]")))
            table = call(*shlex.split(line)[1:], "-f", "table")
            assert table.exit_code == 0, (line, table.stderr)
    assert {line: what for line, what in told.items() if what != (0, [])} == {}
    names = {" ".join(path) for path, _ in commands(cli)}
    assert names > REFUSED
    assert all(any(line.startswith(f"journeys {name}") for line in refused) for name in REFUSED)
    assert not any("--unmask" in line for line in told)


@pytest.mark.parametrize(
    "words",
    [
        ["find", "home", "--unmask"],
        ["find", "home", "--list"],
        ["drivers", "--goal", "purchase", "--having", "platform", "mobile"],
        ["retention", "--returned", "2024-01-01", "1"],
        ["attribution", "--by", "platform", "--attributed", "mobile"],
        ["retention", "--lapsed", "2024-01-01", "1"],
        ["quarantine", "--rows"],
        ["summary", "--segment", "customer_id=user_0000"],
        ["carts", "--by", "customer_id"],
        ["funnel", "product_view", "purchase", "--breakdown", "properties.order_id"],
        [
            "summary",
            "--since",
            "2024-01-01",
            "--until",
            "2024-01-02",
            "--where",
            "url~/nothing*",
            "--where",
            "event=home",
        ],
    ],
)
def test_what_is_about_single_people_is_refused(
    strict_shop: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(strict_shop)
    found = call(*words)
    if words[-1] == "event=home":  # nobody is behind it: that is told
        assert found.exit_code == 0
        return
    assert found.exit_code == 2 and 'privacy = "strict"' in found.stderr


def test_a_question_about_somebody_but_fewer_than_ten_is_refused(strict_shop: Path) -> None:
    shop = journeys.open(strict_shop)
    with pytest.raises(ConfigError, match="fewer than 10 customers"):
        shop.summary(since="2024-06-08", until="2024-06-09", where="event=purchase")


def test_the_graph_and_the_figure_tell_what_the_table_tells(strict_shop: Path) -> None:
    shop = journeys.open(strict_shop)
    edges = {(r["source"], r["target"]) for r in shop.paths().rows() if r["transitions"] is not None}
    graph = shop.graph()
    assert len(edges) > 0 and set(graph.edges) <= edges
    assert [d for *_, d in graph.edges(data=True) if few(d["transitions"])] == []
    assert small(shop.carts().meta["totals"]) == []


def test_the_page_and_the_files_of_a_report_say_nothing_of_few(
    strict_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(strict_shop)
    built = call("report", "build", "-o", str(tmp_path / "page"))
    assert built.exit_code == 0 and "strict" in built.stderr
    exported = call(
        "report", "export", "--csv", str(tmp_path / "csv"), "--xlsx", str(tmp_path / "r.xlsx"), "--markdown", "-"
    )
    assert exported.exit_code == 0 and "strict" in exported.stderr
    found = []
    for path in sorted((tmp_path / "csv").glob("*.csv")):
        with path.open(newline="") as file:
            for r in csv.DictReader(file):
                found += [f"{path.stem}.{c} = {v}" for c, v in r.items() if is_count(c) and v and few(float(v))]
    assert found == []
    with pytest.raises(ConfigError, match="fewer than 10"):
        gather(journeys.open(strict_shop), Period(since="2024-06-08", until="2024-06-09", where=("event=purchase",)))
