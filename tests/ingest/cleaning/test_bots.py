"""Web logs from file to path graph: bots, static files, and the sample log accounted to the last line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.cleaning.bots import BotRules, crawler_names, verdicts, within
from ingest.errors import ConfigError
from ingest.load import Accounting
from pipeline.api import Project
from pipeline.loading.intake import ingest
from pipeline.loading.reading import Intake

DATA = Path(__file__).parents[3] / "data"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GOOGLE = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def line(path: str = "/", agent: str = BROWSER, ip: str = "1.2.3.4", time: str = "10:05:03", status: int = 200) -> str:
    return f'{ip} - - [17/May/2015:{time} +0000] "GET {path} HTTP/1.1" {status} 51 "-" "{agent}"\n'


def load_log(root: Path, content: str, toml: str = "", **said: Any) -> tuple[Project, Accounting, list[str]]:
    """A log file taken into a new project, with or without a [[source]]: what became of its rows, and what was said."""
    root.mkdir(exist_ok=True)
    (root / "access.log").write_text(content)
    (root / "journeys.toml").write_text(toml)
    project = Project(root)
    files = [] if "[[source]]" in toml else [str(root / "access.log")]
    loaded, notes = ingest(project, Intake(files=files, **said))
    (book,) = loaded.accounting.values()
    assert book.balanced
    return project, book, notes


def quarantined(project: Project) -> list[tuple[str, str | None]]:
    rows = project.quarantine().sort_by("line").to_pylist()
    return [(r["reason"], r["detail"]) for r in rows]


SOURCE = '[[source]]\nname = "web"\npath = "access.log"\nformat = "combined"\n'


def test_bots_leave_by_their_user_agent_and_a_missing_one_is_no_bot(tmp_path):
    log = line() + line(agent=GOOGLE) + line("/x", agent="-") + line(agent="curl/8.1")
    project, book, notes = load_log(tmp_path, log)
    assert (book.accepted, book.quarantined) == (2, {"bot": 2})
    assert quarantined(project) == [("bot", "Googlebot"), ("bot", "curl")]
    assert any("user agent" in n and "bots" in n for n in notes)
    assert any("customer = ip + user agent is weak" in n for n in notes)


@pytest.mark.parametrize("said, toml", [({"bots": "keep"}, ""), ({}, SOURCE + 'bots = "keep"\n')])
def test_bots_can_be_kept(tmp_path, said, toml):
    _, book, notes = load_log(tmp_path, line() + line(agent=GOOGLE), toml, **said)
    assert (book.accepted, book.quarantined) == (2, {})
    assert not any("told by their user agent" in n for n in notes)


def test_any_source_that_maps_user_agent_is_judged(tmp_path):
    toml = '[[source]]\nname = "app"\npath = "a.csv"\n[source.columns]\nevent_at = "t"\nevent = "e"\ncustomer_id = "u"\nuser_agent = "ua"\n'
    (tmp_path / "journeys.toml").write_text(toml)
    (tmp_path / "a.csv").write_text(
        f"t,e,u,ua\n2024-01-01,view,1,{GOOGLE}\n2024-01-01,view,2,\n2024-01-01,view,3,{BROWSER}\n"
    )
    loaded, notes = ingest(Project(tmp_path), Intake())
    assert (loaded.accounting["app"].accepted, loaded.accounting["app"].quarantined) == (2, {"bot": 1})
    assert notes == ['app: bots are told by their user agent and quarantined as bot; bots = "keep" keeps them.']


BOTS = """
[[bot]]
user_agent = "Pingdom*"
[[bot]]
ip = ["10.0.0.0/8", "192.168.7.*", "2001:db8::/32"]
[[bot]]
ip = "5.5.5.5"
user_agent = ["*Firefox*", "*Chrome*"]
"""


def test_configured_bots_by_glob_and_network(tmp_path):
    people = line(ip="5.5.5.5", agent="Safari") + line(ip="11.0.0.1") + line(ip="2001:db9::1") + line(ip="host.example")
    bots = [
        line(agent="Pingdom.com_bot"),
        line(ip="10.9.8.7"),
        line(ip="192.168.7.1"),
        line(ip="2001:db8::1"),
        line(ip="::ffff:10.1.1.1"),
        line(ip="5.5.5.5"),
    ]
    project, book, _ = load_log(tmp_path, people + "".join(bots), BOTS + SOURCE + 'bots = "keep"\n')
    assert (book.accepted, book.quarantined) == (4, {"bot": 6})
    assert [d for _, d in quarantined(project)] == ["[[bot]] 1", *["[[bot]] 2"] * 4, "[[bot]] 3"]


@pytest.mark.parametrize(
    "entry, fault",
    [
        ('ip = "10.0.0.0/99"', "is not a network such as"),
        ("", "at least one of user_agent and ip"),
        ('agent = "x"', 'no key "agent"'),
    ],
)
def test_a_bot_entry_that_makes_no_sense_is_refused(tmp_path, entry, fault):
    (tmp_path / "journeys.toml").write_text(f"[[bot]]\n{entry}\n")
    with pytest.raises(ConfigError, match=fault):
        _ = Project(tmp_path).config


def test_each_user_agent_is_judged_once(tmp_path, monkeypatch):
    asked: list[str] = []

    def count(agents: list[str]) -> dict[str, str]:
        asked.extend(agents)
        return crawler_names(agents)

    monkeypatch.setattr("ingest.cleaning.bots.crawler_names", count)
    load_log(tmp_path, "".join(line(f"/{i}", agent=GOOGLE if i % 2 else BROWSER) for i in range(50)))
    assert sorted(asked) == sorted([GOOGLE, BROWSER])


def test_verdicts_of_nothing():
    assert verdicts(BotRules(judged=False), {}).num_rows == 0
    assert verdicts(BotRules(), {"user_agent": ["", "  "]}).num_rows == 0
    assert not within("not an address", [])


STATIC = [
    "/a.css",
    "/b.JS?v=1",
    "/img/x.png",
    "/favicon.ico",
    "/robots.txt",
    "/deep/robots.txt",
    "/font.woff2#iefix",
    "/a/favicon-32",
]
PAGES = [
    "/",
    "/a.html",
    "/cssdocs",
    "/a.css/more",
    "/files/paper.pdf",
    "/x?img=a.png",
    "/robots.txt.html",
    "/feed.xml",
    "/js",
]


def test_static_files_are_excluded_by_a_rule_that_is_named(tmp_path):
    project, book, notes = load_log(tmp_path, "".join(line(p) for p in STATIC + PAGES))
    assert (book.accepted, book.quarantined) == (len(PAGES), {"excluded": len(STATIC)})
    assert set(quarantined(project)) == {("excluded", "static file")}
    assert any("static files (.css .js" in n and 'static_files = "keep"' in n for n in notes)


@pytest.mark.parametrize("said, toml", [({"static_files": "keep"}, ""), ({}, SOURCE + 'static_files = "keep"\n')])
def test_static_files_can_be_kept(tmp_path, said, toml):
    _, book, notes = load_log(tmp_path, "".join(line(p) for p in STATIC + PAGES), toml, **said)
    assert (book.accepted, book.quarantined) == (len(STATIC + PAGES), {})
    assert not any("static" in n for n in notes)


def test_static_files_of_other_sources_are_excluded_where_asked(tmp_path):
    rows = "time,user,url\n2024-01-01,1,https://shop/a.css?x\n2024-01-01,1,https://shop/a\n"
    (tmp_path / "hits.csv").write_text(rows)
    for rule, accepted in (("", 2), ('static_files = "exclude"\n', 1)):
        root = tmp_path / f"p{accepted}"
        root.mkdir()
        (root / "journeys.toml").write_text(f'[[source]]\nname = "hits"\npath = "../hits.csv"\n{rule}')
        loaded, _ = ingest(Project(root), Intake())
        assert loaded.accounting["hits"].accepted == accepted


def test_a_bot_s_static_file_is_a_bot_s(tmp_path):
    toml = SOURCE + '[[exclude]]\nip = "9.*"\n'
    log = (
        line("/a.css", agent=GOOGLE)
        + line(agent=GOOGLE, ip="9.9.9.9")
        + line(ip="9.9.9.9")
        + line("/a.css")
        + "nonsense\n"
    )
    _, book, _ = load_log(tmp_path, log, toml)
    assert book.quarantined == {"bot": 2, "excluded": 2, "unreadable_row": 1}


def test_a_combined_source_needs_no_columns_and_its_customer_can_be_said(tmp_path):
    log = line(ip="1.1.1.1") + line(ip="2.2.2.2").replace(" - - ", " - jane ")
    project, book, _ = load_log(tmp_path / "plain", log, SOURCE)
    assert (book.accepted, customers(project)) == (2, {f"1.1.1.1 {BROWSER}", f"2.2.2.2 {BROWSER}"})
    project, book, notes = load_log(tmp_path / "user", log, SOURCE + 'columns = { customer_id = "user" }\n')
    assert (book.quarantined, customers(project)) == ({"missing_customer": 1}, {"jane"})
    assert not any("weak" in n for n in notes)
    project, _, _ = load_log(tmp_path / "ip", log, SOURCE + 'columns = { anonymous_id = "ip" }\n')
    assert customers(project) == {"1.1.1.1", "2.2.2.2"}


def customers(project: Project) -> set[str]:
    return {r["customer_id"] for r in project.sessions().rows()}


def test_times_carry_their_offset_and_status_stays_at_hand(tmp_path):
    log = line("/a", status=404) + line("/b").replace("+0000", "-0700")
    project, _, _ = load_log(tmp_path, log)
    row = project.summary().rows()[0]
    assert [str(row[c]) for c in ("first_event_at", "last_event_at")] == [
        "2015-05-17 10:05:03+00:00",
        "2015-05-17 17:05:03+00:00",
    ]
    assert [
        project.summary(where=[w]).rows()[0]["events"] for w in ("status=404", "status>=200", "method=GET", "bytes>50")
    ] == [1, 2, 2, 2]
    assert {r["target"] for r in project.paths().rows()} == {"page_view", "END"}


def test_two_requests_of_one_second_are_two_events_and_a_repeated_line_is_one(tmp_path):
    """A hash that cancels where two columns (target and path) hold one value would make the first two one."""
    _, book, _ = load_log(tmp_path, line("/a") + line("/b") + line("/b"))
    assert (book.accepted, book.duplicates) == (2, 1)


def test_swapped_values_are_another_content(tmp_path):
    (tmp_path / "a.csv").write_text(
        "event,user_id,time,x,y\nview,1,2024-01-01,p,q\nview,1,2024-01-01,q,p\nview,1,2024-01-01,p,q\n"
    )
    loaded, _ = ingest(Project(tmp_path), Intake(files=[str(tmp_path / "a.csv")]))
    assert (loaded.accounting["events"].accepted, loaded.accounting["events"].duplicates) == (2, 1)


RULES = """
[project]
goal = ["article"]
[[touchpoint]]
url = "/"
name = "home"
[[touchpoint]]
url = ["/blog/geekery/*", "/articles/*"]
name = "article"
[[touchpoint]]
url = "/blog/*"
name = "blog"
[[touchpoint]]
url = "/projects/*"
name = "project"
[[touchpoint]]
url = "/presentations/*"
name = "talk"
"""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Accounting]:
    root = tmp_path_factory.mktemp("apache")
    (root / "journeys.toml").write_text(RULES)
    loaded, _ = ingest(Project(root), Intake(files=[str(DATA / "apache_access.log.gz")]))
    return Project(root), loaded.accounting["events"]


def test_the_sample_log_is_accounted(sample):
    """One line was cut off inside its user agent. 3 lines are there twice, 16 more twice among bots and pictures."""
    project, book = sample
    assert book.balanced
    assert (book.rows, book.accepted, book.duplicates, book.conflicting) == (10_000, 2_074, 3, 0)
    assert book.quarantined == {"bot": 2_583, "excluded": 5_339, "unreadable_row": 1}
    kinds = Counter(d for reason, d in quarantined(project) if reason == "bot")
    assert kinds.most_common(4) == [
        ("Googlebot", 542),
        ("UniversalFeedParser", 364),
        ("Tiny Tiny RSS", 198),
        ("org_bot", 166),
    ]


def test_the_sample_s_lines_out_of_order_are_placed(sample):
    project, _ = sample
    columns = ["customer_key", "event_at", "recorded_row"]
    files = [pq.read_table(f.path, columns=columns, partitioning=None) for f in project.store.snapshot().files]
    whole = pa.concat_tables(files).to_pandas()
    assert (
        whole.sort_values("recorded_row").event_at.diff().dt.total_seconds() < 0
    ).sum() > 500  # the log steps back so often
    for table in files:
        keys = list(zip(*(table[c].to_pylist() for c in columns), strict=True))
        assert keys == sorted(keys)


def test_the_sample_s_path_graph_by_url_rules(sample):
    project, book = sample
    edges = project.paths().rows()
    into, out = Counter(), Counter()
    for edge in edges:
        into[edge["target"]] += edge["transitions"]
        out[edge["source"]] += edge["transitions"]
    nodes = {r["touchpoint"]: r for r in project.paths(nodes=True).rows()}
    assert set(nodes) == {"home", "article", "blog", "project", "talk", "page_view (other)"}
    assert sum(r["visits"] for r in nodes.values()) == book.accepted
    assert all(r["visits"] == into[n] == out[n] for n, r in nodes.items())
    assert nodes["article"]["p_goal"] == 1.0
    assert 0 < nodes["home"]["p_goal"] < 1
    assert project.graph().nodes["home"]["visits"] == nodes["home"]["visits"]
