"""An id that is planted in the input stands in the store's data, and in no other file and no word of a command."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.pipeline.cli.test_cli import call

ID, DEVICE, OLD = "planted-customer-77", "planted-device-88", "planted-alias-99"
LOG = f"""who,device,at,what
{ID},{DEVICE},2026-01-15T12:00,add_to_cart
,{DEVICE},2026-01-15T12:01,page
{OLD},,2026-01-15T12:02,purchase
{ID},{DEVICE},no time at all,login
"""
CONFIG = """
[[source]]
name = "web"
path = "in/*.csv"
columns = { customer_id = "who", anonymous_id = "device", event_at = "at", event = "what" }
[[alias]]
path = "aliases.csv"
"""
DATA = ("events", "quarantine", "sessions")


def texts(path: Path) -> list[bytes]:
    """What a file says, unpacked."""
    if not zipfile.is_zipfile(path):
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def naming(folder: Path) -> list[str]:
    """The files that name one of the planted ids; of the store's data only the logs are looked at."""
    files = [
        p for p in folder.rglob("*") if p.is_file() and p.parts[len(folder.parts)] != "in" and p.name != "aliases.csv"
    ]
    data = [
        p
        for p in files
        if p.parts[-3:-1] and any(d in p.relative_to(folder).parts[1:2] for d in DATA) and "_delta_log" not in p.parts
    ]
    aliases = [p for p in files if p.name.startswith("aliases-")]  # those by which the store's owners were found: data
    kept = [p for p in files if p not in data and p not in aliases]
    assert len(data) > 3 and len(kept) > 10
    return [
        str(p.relative_to(folder)) for p in kept if any(i.encode() in t for i in (ID, DEVICE, OLD) for t in texts(p))
    ]


def test_an_ingest_a_night_and_a_report_name_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "journeys.toml").write_text(CONFIG)
    (tmp_path / "aliases.csv").write_text(f"alias_id,customer_id\n{OLD},{ID}\n")
    (tmp_path / "in" / "a.csv").write_text(LOG)
    said = []
    for words in (
        ["ingest"],
        ["run", "--log", "json"],
        ["report", "build", "-o", "page"],
        ["report", "export", "--xlsx", "r.xlsx", "--csv", "csv", "--markdown", "r.md", "--graphml", "r.graphml"],
        ["identity"],
        ["runs", "show"],
        ["doctor"],
        ["reconcile"],
    ):
        found = call(*words)
        assert found.exit_code == 0, (words, found.stderr)
        said.append(found.stdout + found.stderr)
    assert not any(i in text for i in (ID, DEVICE, OLD) for text in said)
    assert naming(tmp_path) == []


@pytest.mark.parametrize(
    "rows, message",
    [
        (f"{OLD},{ID}\n{ID},{OLD}\n", "circle"),
        (f"{OLD},{ID}\n{OLD},someone\n", "stands for one customer"),
    ],
)
def test_a_faulty_alias_file_is_told_by_its_rows_and_names_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "journeys.toml").write_text(CONFIG)
    (tmp_path / "in" / "a.csv").write_text(LOG)
    (tmp_path / "aliases.csv").write_text(f"alias_id,customer_id\n{rows}")
    found = call("run", "--log", "json")
    assert found.exit_code == 2 and message in found.stderr and "aliases.csv" in found.stderr
    told = found.stderr + "".join(p.read_text() for p in (tmp_path / "store" / "runs").iterdir())
    assert not any(i in told for i in (ID, DEVICE, OLD))
