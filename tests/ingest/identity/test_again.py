"""A file with anonymous ids that is read anew: its links go and come with its rows, and events change hands by it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.identity.rules import SHARED_DEVICE, IdentityRules
from ingest.load import Loaded
from tests.filling import Filling
from tests.ingest.identity.test_stitching import COLUMNS, HEADER, stored

ALONE = "2026-01-15T10:00,,d,look"


def take(filling: Filling, name: str, *lines: str, again: bool = False, rule: str = "previous") -> Loaded:
    """One run over one file of these lines."""
    file = filling.file(name, "\n".join([HEADER, *lines]) + "\n")
    return filling.take(file, columns=COLUMNS, again=again, identity=IdentityRules(shared_device=rule))


def test_events_of_other_days_lose_the_owner_whose_link_is_read_no_more(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "1.csv", ALONE)
    take(filling, "2.csv", "2026-01-17T10:00,ann,d,login")
    assert stored(filling) == ["ann", "ann"]
    take(filling, "2.csv", "2026-01-17T10:00,ann,,login", again=True)
    assert stored(filling) == [None, "ann"]


def test_events_of_other_days_are_whom_the_file_names_now(tmp_path: Path) -> None:
    filling = Filling(tmp_path)
    take(filling, "1.csv", ALONE)
    take(filling, "2.csv", "2026-01-17T10:00,ann,d,login")
    take(filling, "2.csv", "2026-01-18T10:00,bob,d,login", again=True)
    assert stored(filling) == ["bob", "bob"]
    assert [f.span for f in filling.store.snapshot().files] == ["2026-01-15", "2026-01-18"]


LINES = st.lists(
    st.builds(
        "2026-01-{:02}T{:02}:00,{},{},x".format,
        st.integers(14, 17),
        st.integers(0, 2),
        st.sampled_from(["", "", "u", "v"]),
        st.sampled_from(["d", "e"]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=20)
@given(first=LINES, before=LINES, now=LINES, rule=st.sampled_from(SHARED_DEVICE))
def test_a_store_with_a_file_read_anew_has_the_owners_of_one_that_never_read_it_before(
    first: list[str], before: list[str], now: list[str], rule: str
) -> None:
    with TemporaryDirectory() as folder:
        again, once = Filling(Path(folder) / "again"), Filling(Path(folder) / "once")
        other, mine = "2026-01-14T00:00,z,,1", "2026-01-14T00:00,z,,2"  # or the files might be one under two names
        for filling in (again, once):
            take(filling, "1.csv", *first, other, rule=rule)
        take(again, "2.csv", *before, mine, rule=rule)
        if before != now:
            take(again, "2.csv", *now, mine, again=True, rule=rule)
        take(once, "2.csv", *now, mine, rule=rule)
        columns = (
            "event_at",
            "customer_key",
            "owner_id",
            "customer_id",
            "anonymous_id",
            "recorded_input",
            "duplicates",
        )
        assert again.events(*columns) == once.events(*columns)
