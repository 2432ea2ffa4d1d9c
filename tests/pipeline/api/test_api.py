"""The Python API: the words of the command line, and its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner

import journeys
from pipeline.cli import cli

LINES = """user,time,event,platform,v
ann,2026-01-15 10:00,view,web,
ann,2026-01-15 10:05,add,web,
ann,2026-01-15 10:09,purchase,web,10
bob,2026-01-15 11:00,view,app,
bob,2026-01-15 11:01,add,app,
cy,2026-01-16 11:00,view,,
cy,2026-01-16 11:00,view,,
cy,never,view,,
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "log.csv").write_text(LINES)
    found = journeys.open(folder)
    found.ingest(folder / "log.csv", map={"value": "v", "platform": "platform"})
    return found


@pytest.mark.parametrize(
    "words, answer",
    [
        (["summary"], lambda j: j.summary()),
        (["summary", "--as-of", "2026-01-16"], lambda j: j.summary(as_of="2026-01-16")),
        (["sessions"], lambda j: j.sessions()),
        (["paths"], lambda j: j.paths()),
        (
            ["paths", "--collapse-repeats", "--segment", "platform=web"],
            lambda j: j.paths(collapse_repeats=True, segment={"platform": "web"}),
        ),
        (["paths", "--where", "platform=web"], lambda j: j.paths(where=["platform=web"])),
        (["dropoff"], lambda j: j.dropoff()),
        (["dropoff", "--goal", "add", "--until", "2026-01-16"], lambda j: j.dropoff(goal="add", until="2026-01-16")),
        (["funnel", "view", "add", "purchase"], lambda j: j.funnel(["view", "add", "purchase"])),
        (
            ["funnel", "view", "add", "--window", "2m", "--count", "sessions", "--breakdown", "platform"],
            lambda j: j.funnel(["view", "add"], window="2m", count="sessions", breakdown="platform"),
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_command_and_the_method_give_one_answer(shop, words, answer):
    found = CliRunner().invoke(cli, ["-C", str(shop.directory), *words, "-f", "json"], catch_exceptions=False)
    rows = json.loads(found.stdout)
    assert rows
    assert rows == json.loads(json.dumps(answer(shop).rows(), default=as_text))


def as_text(value: Any) -> str:
    text: str = value.isoformat().replace("+00:00", "Z")
    return text


def test_an_answer_is_a_table_a_frame_and_what_it_is_about(shop):
    found = shop.funnel(["view", "add", "purchase"], window="7d")
    assert isinstance(found.table, pa.Table)
    assert isinstance(found.to_pandas(), pd.DataFrame)
    assert found.to_pandas()["reached"].tolist() == [3, 2, 1]
    assert found.meta["as_of"] == "2026-01-17T00:00:00Z"
    assert found.meta["count"] == "customers"


def test_an_answer_is_readable_as_it_is(shop):
    lines = repr(shop.funnel(["view", "add", "purchase"])).splitlines()
    assert lines[0] == "funnel: 3 rows"
    assert lines[1].split()[:2] == ["step", "name"]
    assert [line.split()[:2] for line in lines[2:]] == [["1", "view"], ["2", "add"], ["3", "purchase"]]


def test_an_answer_shows_its_warnings(shop):
    assert repr(shop.funnel(["viw"])).splitlines()[-1] == 'warning: the step "viw" never occurs. Did you mean "view"?'


def test_paths_have_a_graph_and_other_answers_say_where_one_is(shop):
    graph = shop.paths().graph()
    assert graph.has_edge("view", "add")
    assert graph["view"]["add"]["transitions"] == 2
    with pytest.raises(TypeError, match="has no graph; ask paths"):
        shop.summary().graph()


def test_loading_says_what_became_of_each_row(shop, tmp_path):
    (tmp_path / "log.csv").write_text(LINES)
    other = journeys.open(tmp_path)
    loaded = other.ingest(str(tmp_path / "log.csv"), map={"value": "v"})
    book = loaded.accounting["events"]
    assert (book.rows, book.accepted, book.duplicates, book.quarantined) == (8, 6, 1, {"bad_timestamp": 1})
    assert other.ingest(tmp_path / "log.csv", map={"value": "v"}).known == ("log.csv",)


def test_everything_raised_on_purpose_is_a_journeys_error(tmp_path, shop):
    empty = journeys.open(tmp_path)
    with pytest.raises(journeys.StoreError, match="there is no event store"):
        empty.summary()
    with pytest.raises(journeys.InputError, match="There is no file"):
        empty.ingest(tmp_path / "none.csv")
    with pytest.raises(journeys.ConfigError, match="nothing to ingest: name a file"):
        empty.ingest()
    with pytest.raises(journeys.ConfigError, match="is not a day"):
        shop.summary(since="soon")
    assert issubclass(journeys.ConfigError, journeys.JourneysError)


def test_opening_reads_nothing(tmp_path):
    assert journeys.open(tmp_path / "nowhere").directory == Path(tmp_path / "nowhere")


def test_a_name_never_seen_gives_zero_and_the_near_name(shop):
    found = shop.funnel(["viw", "purchase"])
    assert found.table["reached"].to_pylist() == [0, 0]
    assert any('"view"' in w for w in found.meta["warnings"])


def test_the_method_that_loads_takes_the_words_of_the_command():
    from inspect import signature

    from pipeline.cli.data import ingest

    options = {p.name for p in ingest.params if "__" not in p.name}
    renamed = {"format_": "format", "maps": "map"}
    assert {renamed.get(name, name) for name in options} - {"wait", "files"} == set(
        signature(journeys.Project.ingest).parameters
    ) - {"self", "as_of", "files"}
