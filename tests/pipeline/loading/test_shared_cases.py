"""Small inputs that failed once: every folder of tests/shared_cases, run by its own cmd.sh with `journeys` on the PATH.

What is right, and why, stands in right.txt of the folder; here are the lines by which it is told.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ready import command_in

CASES = Path(__file__).parents[2] / "shared_cases"

RIGHT: dict[str, tuple[str, ...]] = {
    "export-01-nested-dots": ("desktop,1,view,false,1,", "mobile,1,view,false,1,", "view,2,2.0,1"),
    "export-03-guess-counter-as-event-id": ('"accepted": 3, "duplicates": 0',),
    "export-04-guessed-number-costs-rows": (
        '"accepted": 3,',
        '"accepted": 4,',
        "1,view,false,2,1.0\n2,purchase,false,2,1.0",
    ),
    "export-06-date-and-time-advice": ("rc=2\nrc=3\n", "--map event_at=date+time", '"accepted": 2,', "\n2,1,1,"),
    "export-08-wrong-first-load-sticks": (
        "rc=3\n",
        '"accepted": 2,',
        "\n2,2,2,2024-03-05T10:15:00Z",
        "published reports/2024-03-07",
    ),
    "export-10-log-suffix-is-no-weblog": (
        "-- app.log\napp.log: guessed event_at = timestamp, event = event, customer_id = user_id\nevents: 1 rows = 1 accepted",
        "-- iis.log\niis.log: guessed url = cs-uri-stem, ip = c-ip, user_agent = cs(User-Agent), referrer = cs(Referer), "
        "event_at = date + time, event = 'page_view', customer_id = c-ip + cs(User-Agent)\nevents: 2 rows = 2 accepted",
        "-- cloudfront.log\ncloudfront.log: guessed url = cs-uri-stem, ip = c-ip,",
        "-- alb.log\nalb.log: guessed event = 'page_view', customer_id = ip + user_agent, url = path,",
        "events: 1 rows = 1 accepted + 0 duplicates + 0 quarantined\nrc=0\n-- alb.log",
        "events: 1 rows = 1 accepted + 0 duplicates + 0 quarantined\nrc=0\ncannot tell",
    ),
    "export-13-space-before-offset": (
        "basic_ms,2024-03-05T10:15:30.123Z\ngo,2024-03-05T10:15:30.123Z\njava,2024-03-05T08:15:30.123Z\n"
        "mssql,2024-03-05T08:15:30.123456Z\npython_logging,2024-03-05T10:15:30.123Z\nrails,2024-03-05T10:15:30Z\n"
        "shopify,2024-03-05T08:15:30Z\nsnowflake,2024-03-05T18:15:30.123Z\nspace_z,2024-03-05T10:15:30Z\n",
    ),
    "export-15-format-faults": (
        "-- format = %s\nrc=0\ns: 1 rows = 1 accepted + 0 duplicates + 0 quarantined\n2\ncustomer_id,event_at\na,2024-03-05T10:15:30Z",
        "excel\nrc=0\ns: 1 rows = 1 accepted + 0 duplicates + 0 quarantined\n2\ncustomer_id,event_at\na,2024-03-05T11:00:00Z",
        "%SZ\nrc=0\ns: 1 rows = 1 accepted + 0 duplicates + 0 quarantined\n2\ncustomer_id,event_at\na,2024-03-05T10:15:30Z",
        "2 rows = 1 accepted + 0 duplicates + 1 quarantined (1 bad_timestamp)",  # one format is given; a list may be
    ),
    "export-17-decimal-comma": ("a,purchase,1250\nb,purchase,123400\nc,purchase,123456",),
    "export-19-words-for-nothing": (
        '"accepted": 6,',
        "\n\\N,x1,\n,x2,\n,x3,\n(not set),x4,\n,x5,\na,x6,\n",
        'none of its 2 rows is an event of source "events"',
        "2 missing_customer",
    ),
    "export-20-json-arrays": (
        "https://shop.example/a,,\nhttps://shop.example/thanks,,",
        "-- item_id=items.0.item_id",
        "\n,s1,\n",
        "\n,,1250\n",
    ),
    "export-22-records-inside": (
        '-- wrapped.json\n{"source": "events", "rows": 2, "accepted": 2,',
        'results is a list of objects, and these were read as its records; records = "results" says so',
        "-- matomo.json\nrc=2",
        'records = "actionDetails" in the [[source]] (--records actionDetails)',
        '-- lines.ndjson\n{"source": "events", "rows": 2, "accepted": 2,',
    ),
    "export-24-lines-before-the-header": ('"accepted": 1,', "skip_lines = 3"),
    "export-27-inspect": ("[[source]]", "%d.%m.%Y %H:%M", "properties.time"),
    "hostile-file-names": ("2 rows = 2 accepted", '"example": "b"', 'path = "inbox/*.csv"', "read as [[source]] web"),
    "hostile-folder-names": ('{"count_star()": 1}\n' * 10,),
    "hostile-many-names": ('"accepted": 46345,', '"source": "/page/0"', "wrote report/index.html"),
    "report-01-one-future-event-stops-every-later-night": ("## nights\nrc=0\nrc=0\nrc=0", "rc=0, too_late rows: 0"),
    "report-03-currencies-added-up": (
        "eur,2026-01-01T10:00:00Z,2026-01-01T10:00:00Z,0.0,10.0,1",
        "2 unknown_currency",
        "sum of all: ; warnings: 1",
    ),
    "report-06-suppress-list-with-bom-mails-the-first-one": ("## list\ncustomer_id\nc3\n",),
    "report-09-event-names-that-no-funnel-can-ask": (
        "[Amplitude] Network Request -> reached 1",
        '"Was this helpful?" -> reached 1',
        "A|B -> reached 1",
        "event:page:view -> reached 1",
    ),
    "report-11-file-delivered-again-with-another-load-stamp-doubles-revenue": ("## rc\n0\n", "other bytes"),
    "report-13-event_id-that-is-a-type-code": ("\n6,",),
    "report-16-zero-byte-file-stops-all-sources": ("## rc\nrc=0", "an empty .ndjson instead: rc=0"),
    "report-17-ndjson-day-without-purchases-stops-the-night": ("## nights\nrc=0\nrc=0\nrc=0\n", "## guessed\nrc=0"),
    "report-37-columns-hidden-by-the-stores-own-names": (
        "\nr1,1,view",
        "\nEUR,1,view",
        'is asked as "properties.source"',
    ),
}
"""Case -> texts that its output (stdout, then stderr) holds."""


APART = ("hostile-working-folder", "report-08-epoch-unit-depends-on-how-files-are-loaded")
"""Cases that are told by more than texts."""


def folders() -> list[str]:
    return sorted(p.name for p in CASES.iterdir() if p.is_dir())


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """With a `journeys` of this checkout on the PATH."""
    with command_in(tmp_path_factory.mktemp("bin")) as environment:
        yield environment


@pytest.fixture
def run(environ: dict[str, str], tmp_path: Path):
    def run(name: str) -> str:
        shutil.copytree(CASES / name, tmp_path / "case")
        done = subprocess.run(
            ["bash", "cmd.sh"], cwd=tmp_path / "case", env=environ, capture_output=True, timeout=600, check=False
        )
        out = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
        assert "Traceback" not in out
        assert "unexpected" not in out
        return out

    return run


def test_every_case_has_its_expectation():
    assert {*RIGHT, *APART} == set(folders())


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_the_case_gives_what_is_right(run, name):
    out = run(name)
    for text in RIGHT[name]:
        assert text in out, out


def test_a_file_gives_the_same_answers_alone_and_beside_others(run):
    out = run("report-08-epoch-unit-depends-on-how-files-are-loaded")
    alone, _, together = out.partition("## one by one\n")[2].partition("## both at once\n")
    assert alone.strip()
    assert together.startswith(alone)


HELPED = """#!{python}
import atexit, sys
from pipeline.engines.processes import Team
Team.always = True
atexit.register(lambda: print("helpers:", len(Team._helpers), file=sys.stderr))
from pipeline.start import main
main()
"""
"""`journeys` as a console script, for which every pass is large: it asks extra processes."""


def test_nothing_in_the_folder_where_one_stands_is_run_by_any_process(environ, sample_shop, tmp_path):
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "journeys"
    command.write_text(HELPED.format(python=sys.executable))
    command.chmod(0o755)
    shutil.copytree(CASES / "hostile-working-folder", tmp_path / "case")
    done = subprocess.run(
        ["bash", "cmd.sh"],
        cwd=tmp_path / "case",
        env=environ
        | {
            "PATH": f"{command.parent}:{environ['PATH']}",
            "PYTHONPATH": str(CASES.parents[1]),
            "LARGE_STORE": str(sample_shop),
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr  # the last command of the case: there is no RUN
    assert "helpers: 0" not in done.stderr and "helpers: " in done.stderr
    assert list((tmp_path / "case" / "out").iterdir())
    assert {p.name for p in (tmp_path / "case").iterdir()} >= {"sitecustomize.py", "numpy.py", "secrets.py"}
