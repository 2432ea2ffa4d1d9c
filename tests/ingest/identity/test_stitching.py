"""Identity: whose an event is, however its rows were split into files and runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.errors import ConfigError
from ingest.identity.rules import SHARED_DEVICE, IdentityRules, resolved
from ingest.load import Loaded
from ingest.readers.files import natural_key
from tests.cases import cases
from tests.filling import Filling
from tests.oracles.identity import Row, owners

COLUMNS = {"event_at": "at", "customer_id": "who", "anonymous_id": "device", "event": "what"}
HEADER = "at,who,device,what"
START = datetime(2026, 1, 15, tzinfo=UTC)

ADOBE = (
    "2026-01-15T12:01,,1234,a",
    "2026-01-15T12:02,,1234,b",
    "2026-01-15T12:03,ryan,1234,c",
    "2026-01-15T12:07,,1234,d",
    "2026-01-15T12:08,cassidy,1234,e",
    "2026-01-16T11:08,,1234,f",
)
"""Six rows of one shared device, as Adobe CJA documents them (help/stitching/shared-devices)."""


def stored(filling: Filling) -> list[str | None]:
    """The owner, or the customer that the row names, of every event in order."""
    return [owner or who for owner, who in filling.events("owner_id", "customer_id")]


def take(filling: Filling, name: str, lines: Sequence[str], rules: IdentityRules) -> Loaded:
    return filling.take(filling.file(name, "\n".join([HEADER, *lines]) + "\n"), columns=COLUMNS, identity=rules)


@pytest.mark.parametrize(
    "rule, whose",
    [
        ("previous", ["ryan", "ryan", "ryan", "ryan", "cassidy", "cassidy"]),
        ("last", ["cassidy", "cassidy", "ryan", "cassidy", "cassidy", "cassidy"]),
        ("separate", [None, None, "ryan", None, "cassidy", None]),
        ("next", ["ryan", "ryan", "ryan", "cassidy", "cassidy", "cassidy"]),
        ("off", [None, None, "ryan", None, "cassidy", None]),
    ],
)
def test_shared_device_rules_of_six_rows(tmp_path: Path, rule: str, whose: list[str | None]) -> None:
    filling = Filling(tmp_path)
    take(filling, "a.csv", ADOBE, IdentityRules(shared_device=rule))
    assert stored(filling) == whose


def test_amplitude_users_of_devices(tmp_path: Path) -> None:
    devices = {"R": ["Jane", "", "Mary", "", ""], "G": ["", "", "John"], "K": ["Zack"], "L": ["Zack"], "Y": ["David"]}
    lines = [
        f"2026-01-15T12:{10 * n + i:02d},{who},{device},x"
        for n, (device, users) in enumerate(devices.items())
        for i, who in enumerate(users)
    ]
    filling = Filling(tmp_path)
    take(filling, "a.csv", lines, IdentityRules())
    assert stored(filling) == ["Jane", "Jane", "Mary", "Mary", "Mary", "John", "John", "John", "Zack", "Zack", "David"]


def test_an_event_belongs_to_the_first_links_customer_exactly_stitch_lookback_before_it_and_no_earlier(
    tmp_path: Path,
) -> None:
    filling = Filling(tmp_path)
    lines = ["2026-01-01T00:00:00,,d,a", "2025-12-31T23:59:59.999999,,d,b", "2026-01-31T00:00:00,u,d,c"]
    take(filling, "a.csv", lines, IdentityRules())
    assert stored(filling) == [None, "u", "u"]


def test_a_later_link_brings_earlier_events_home_in_the_same_commit(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "1.csv", ["2026-01-15T10:00,,d,a", "2026-01-15T10:00,,e,a"], IdentityRules())
    assert stored(filling) == [None, None]
    done = take(filling, "2.csv", ["2026-01-17T10:00,u,d,login"], IdentityRules())
    assert stored(filling) == ["u", None, "u"]
    assert done.spans == ("2026-01-17", "2026-01-15")
    keys = filling.events("customer_key")
    assert keys[0] == keys[2] != keys[1]
    assert filling.orphans() == []


def test_an_anonymous_id_belongs_to_its_source_unless_sources_share_an_id_space(tmp_path: Path) -> None:
    for shared, whose in (({}, [None, "u"]), ({"web": "own", "app": "own"}, ["u", "u"])):
        filling, rules = Filling(tmp_path / str(len(shared))), IdentityRules(spaces=shared)
        for source, line in (("web", "2026-01-15T10:00,,d,a"), ("app", "2026-01-15T11:00,u,d,b")):
            file = filling.file(f"{source}.csv", f"{HEADER}\n{line}\n")
            filling.take(file, columns=COLUMNS, identity=rules, name=source)
        assert stored(filling) == whose


def test_blocked_ids_are_no_ids(tmp_path: Path) -> None:
    lines = [
        f"2026-01-15T10:{i:02d},{who},{d},x"
        for i, (who, d) in enumerate(
            [
                ("u", "Guest"),
                ("", "guest"),
                ("NULL", "d"),
                ("0000-0000", ""),
                ("-1", "e"),
                (" N/A ", "undefined"),
                ("v", "0"),
            ]
        )
    ]
    filling = Filling(tmp_path)
    book = filling.book(take(filling, "a.csv", lines, IdentityRules()))
    assert filling.events("customer_id", "anonymous_id") == [("u", None), (None, "d"), (None, "e"), ("v", None)]
    assert book.quarantined == {"missing_customer": 3}


def test_an_anonymous_id_with_more_than_max_owners_customers_links_nobody(tmp_path: Path) -> None:
    lines = [f"2026-01-15T10:{i:02d},u{i},kiosk,x" for i in range(3)] + ["2026-01-15T11:00,,kiosk,x"]
    for most, owner in ((3, "u2"), (2, None)):
        filling = Filling(tmp_path / str(most))
        take(filling, "a.csv", lines, IdentityRules(max_owners=most))
        assert stored(filling)[-1] == owner


def test_two_known_customers_are_merged_by_an_alias_alone_and_chains_are_followed(tmp_path: Path) -> None:
    lines = ["2026-01-15T10:00,a,,x", "2026-01-15T10:01,b,d,x", "2026-01-15T10:02,c,,x", "2026-01-15T10:03,,d,x"]
    filling = Filling(tmp_path)
    take(filling, "1.csv", lines, IdentityRules())
    assert stored(filling) == ["a", "b", "c", "b"]
    aliased = IdentityRules(aliases=resolved({"a": "b", "b": "c"}))
    take(filling, "2.csv", ["2026-01-20T10:00,z,,x"], aliased)
    assert stored(filling) == ["c", "c", "c", "c", "z"]
    assert len(set(filling.events("customer_key"))) == 2
    take(filling, "3.csv", ["2026-01-21T10:00,z,,x"], IdentityRules())
    assert stored(filling) == ["a", "b", "c", "b", "z", "z"]


def test_a_circle_of_aliases_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="a -> b -> c -> a"):
        resolved({"a": "b", "b": "c", "c": "a"})


def test_other_rules_find_all_owners_anew(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "1.csv", ADOBE, IdentityRules())
    take(filling, "2.csv", ["2026-03-01T10:00,z,,x"], IdentityRules(shared_device="last"))
    assert stored(filling)[:6] == ["cassidy", "cassidy", "ryan", "cassidy", "cassidy", "cassidy"]


def test_duplicates_are_judged_by_the_ids_as_recorded(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    lines = ["2026-01-15T10:00,,d,a", "2026-01-15T10:00,,d,a", "2026-01-15T10:05,u,d,b"]
    assert filling.book(take(filling, "1.csv", lines, IdentityRules())).duplicates == 1
    assert (
        filling.book(
            take(filling, "2.csv", ["2026-01-15T10:00,,d,a", "2026-01-15T10:00,u,,a"], IdentityRules())
        ).duplicates
        == 1
    )
    assert stored(filling) == ["u", "u", "u"]


NAMES = st.sampled_from([None, None, "u", "v", "w"])
DEVICES = st.sampled_from([None, "d", "e"])
MINUTES = st.sampled_from([0, 1, 2, 1439, 1440, 1441, 2880, 4320, 4321])


@st.composite
def rows(draw: st.DrawFn) -> list[tuple[int, str | None, str | None]]:
    """(minute, customer, device), at least one id each."""
    found = draw(st.lists(st.tuples(MINUTES, NAMES, DEVICES), min_size=1, max_size=14))
    return [(at, who, device) if who or device else (at, "u", device) for at, who, device in found]


@cases(20)
@given(
    log=rows(),
    runs=st.lists(st.integers(0, 3), min_size=14, max_size=14),
    rule=st.sampled_from(SHARED_DEVICE),
    lookback=st.sampled_from([0, 1, 1440, 4000]),
    most=st.sampled_from([1, 2, 20]),
    pairs=st.sampled_from([{}, {"u": "v"}, {"u": "v", "v": "x"}]),
)
def test_any_split_of_the_rows_into_files_and_runs_gives_the_same_owners(
    log: list[tuple[int, str | None, str | None]],
    runs: list[int],
    rule: str,
    lookback: int,
    most: int,
    pairs: Mapping[str, str],
) -> None:
    rules = IdentityRules(
        shared_device=rule, stitch_lookback=timedelta(minutes=lookback), max_owners=most, aliases=resolved(pairs)
    )
    files: dict[int, list[tuple[int, str | None, str | None]]] = {}
    for run, row in zip(runs, log, strict=False):
        files.setdefault(run, []).append(row)
    told = [
        Row((START + timedelta(minutes=at), natural_key(f"{run}.csv"), i), who, device)
        for run, lines in files.items()
        for i, (at, who, device) in enumerate(lines)
    ]
    expected = dict(
        zip((r.place for r in told), owners(told, rule, rules.stitch_lookback, most, rules.aliases), strict=True)
    )
    with TemporaryDirectory() as folder:
        filling = Filling(Path(folder))
        for run in sorted(files, key=lambda r: (r * 7) % 4):
            lines = [
                f"{(START + timedelta(minutes=at)).isoformat()},{who or ''},{device or ''},{run}-{i}"
                for i, (at, who, device) in enumerate(files[run])
            ]
            take(filling, f"{run}.csv", lines, rules)
        table = filling.table()
        found = {
            (r["event_at"], r["recorded_input"], r["recorded_row"]): r["owner_id"] or r["customer_id"]
            for r in table.to_pylist()
        }
        assert found == expected
        assert [o for o in filling.orphans() if not o.startswith("aliases-")] == []
