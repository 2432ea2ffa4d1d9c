"""Times as people, tools and spreadsheets write them: each can mean one instant only, or is no time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.cleaning.mapping import Field
from ingest.cleaning.time_formats import check
from ingest.errors import ConfigError
from tests.filling import COLUMNS, Filling


@pytest.fixture
def shop(tmp_path: Path) -> Filling:
    return Filling(tmp_path)


def read(shop: Filling, texts: list[str], *formats: str, **how: object) -> list[str | None]:
    """What each text is read as; None where it is no time."""
    columns = {**COLUMNS, "event_at": Field(columns=("at",), formats=formats)}
    shop.csv(*(f'n{i},"{text}",a' for i, text in enumerate(texts)), columns=columns, **how)
    found = dict(shop.events("customer_id", "event_at"))
    return [found.get(f"n{i}") for i in range(len(texts))]


def same(shop: Filling, expected: dict[str, str | None], *formats: str, **how: object) -> None:
    assert dict(zip(expected, read(shop, list(expected), *formats, **how), strict=True)) == expected


def test_zones_in_a_text_are_z_utc_gmt_offsets_and_regions_and_any_other_abbreviation_is_bad_timestamp(shop):
    expected = {
        "2024-07-05 10:15:30 +0200": "2024-07-05T08:15:30",
        "2024-07-05 10:15:30.123 -0800": "2024-07-05T18:15:30.123000",
        "2024-07-05 10:15:30.1234567 +02:00": "2024-07-05T08:15:30.123456",
        "2024-07-05 10:15:30 -08": "2024-07-05T18:15:30",
        "2024-07-05 10:15:30 Z": "2024-07-05T10:15:30",
        "2024-07-05 10:15:30 gmt": "2024-07-05T10:15:30",
        "2024-07-05T10:15:30.123+02:00[Europe/Berlin]": "2024-07-05T08:15:30.123000",
        "2024-07-05T10:15[America/New_York]": "2024-07-05T14:15:00",
        "2024-07-05 10:15:30.123 +0000 UTC": "2024-07-05T10:15:30.123000",
        "2024-07-05 10:15:30 +0100 BST": "2024-07-05T09:15:30",
        "2024-07-05 10:15:30 GMT+0200 (CEST)": "2024-07-05T08:15:30",
        "2024-07-05 10:15:30,123 +0200": "2024-07-05T08:15:30.123000",
        "20240705T101530.123Z": "2024-07-05T10:15:30.123000",
        "20240705T101530+0200": "2024-07-05T08:15:30",
        "2024-07-05+02:00": "2024-07-04T22:00:00",
        "2024-07-05 10:15:30 Asia/Kolkata": "2024-07-05T04:45:30",
        "2024-07-05 10:15:30 Atlantis/City": None,
        "2024-07-05 10:15:30 BST": None,
        "2024-07-05 10:15:30 EST": None,
        "2024-07-05 10:15:30 CET": None,
        "2024-07-05 10:15:30 EST5EDT": None,
        "2024-07-05 10:15:30 BST5": None,
    }
    same(shop, expected, timezone="America/New_York")


def test_an_abbreviation_is_a_zone_where_the_source_names_it(shop):
    zones = {"BST": "Europe/London", "EST": "-05:00"}
    same(
        shop,
        {
            "2024-07-05 10:15:30 BST": "2024-07-05T09:15:30",
            "2024-07-05 10:15:30 bst": "2024-07-05T09:15:30",
            "2024-07-05 10:15:30 EST": "2024-07-05T15:15:30",
            "2024-07-05 10:15:30 CET": None,
        },
        zones=zones,
    )


def test_an_ambiguous_local_time_of_a_named_zone_takes_the_earlier_offset_and_a_skipped_one_moves_forward(shop):
    expected = {
        "2024-10-27 02:30 Europe/Berlin": "2024-10-27T00:30:00",
        "2024-03-31 02:30 Europe/Berlin": "2024-03-31T01:30:00",
    }
    same(shop, expected)


def test_naive_texts_are_read_in_the_zone_of_the_source_however_they_are_written(shop):
    expected = {
        "2024-03-05 10:15:30,123": "2024-03-05T09:15:30.123000",
        "20240305T101530": "2024-03-05T09:15:30",
        "20240305T101530.5": "2024-03-05T09:15:30.500000",
        "20240305": "2024-03-04T23:00:00",
        "20240305101530": "2024-03-05T09:15:30",
        "2024-03-05 10:15:30.123456789": "2024-03-05T09:15:30.123456",
        "2024-03-05 10:15:30 5": None,
    }
    same(shop, expected, timezone="Europe/Berlin")


def test_a_compact_hour_could_be_a_number_of_seconds_so_it_is_no_time_unless_its_format_says_so(shop, tmp_path):
    same(shop, {"20240305T10": None, "2024030510": None, "1709633730": "2024-03-05T10:15:30"})
    same(Filling(tmp_path / "said"), {"2024030510": "2024-03-05T10:00:00"}, "%Y%m%d%H")


@pytest.mark.parametrize(
    "formats, expected",
    [
        (["%s"], {"1709633730": "2024-03-05T10:15:30", "x": None}),
        (["epoch_ms"], {"1709633730000": "2024-03-05T10:15:30", "20240305": None}),
        (["excel"], {"45356.5": "2024-03-05T11:00:00", "45356,427430556": "2024-03-05T09:15:30", "x": None}),
        (["%Y-%m-%dT%H:%M:%SZ"], {"2024-03-05T10:15:30Z": "2024-03-05T10:15:30"}),
        (["%d.%m.%Y %H:%M UTC"], {"05.03.2024 10:15 UTC": "2024-03-05T10:15:00"}),
        (
            ["%d.%m.%Y %H:%M%z"],
            {"05.03.2024 10:15Z": "2024-03-05T10:15:00", "05.03.2024 10:15+0200": "2024-03-05T08:15:00"},
        ),
        (
            ["%a %b %d %H:%M:%S %Z %Y"],
            {"Tue Mar 05 10:15:30 UTC 2024": "2024-03-05T10:15:30", "Tue Mar 05 10:15:30 EST 2024": None},
        ),
        (["%d.%m.%Y %H:%M:%S %Z"], {"05.03.2024 10:15:30 Asia/Tokyo": "2024-03-05T01:15:30"}),
        (["%Y-%m-%d %H:%M:%S.%f"], {"2024-03-05 10:15:30.123456789": "2024-03-05T09:15:30.123456"}),
        (["%D %R"], {"03/05/24 10:15": "2024-03-05T09:15:00"}),
        (
            ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "epoch_s"],
            {
                "05.03.2024 10:15": "2024-03-05T09:15:00",
                "05.03.2024 10:15:30": "2024-03-05T09:15:30",
                "1709633730": "2024-03-05T10:15:30",
                "5 March": None,
            },
        ),
    ],
)
def test_of_several_formats_the_first_that_fits_holds_and_a_zone_in_the_format_counts(shop, formats, expected):
    same(shop, expected, *formats, timezone="Europe/Berlin")


def test_times_of_declared_formats_that_the_clock_showed_twice_are_counted(shop):
    columns = {**COLUMNS, "event_at": Field(columns=("at",), formats=("%d.%m.%Y %H:%M%z", "%d.%m.%Y %H:%M"))}
    lines = "ann,25.10.2026 02:30,a\nbob,25.10.2026 02:30+0100,a\n"
    loaded = shop.take(shop.file("log.csv", "who,at,what\n" + lines), columns=columns, timezone="Europe/Berlin")
    assert loaded.notes == (
        "events: the clocks of Europe/Berlin showed 1 of the times twice: the earlier offset was taken.",
    )


@pytest.mark.parametrize(
    "format, said",
    [
        ("%Q", "%Q is not a directive"),
        ("%Y-%", "a % stands alone"),
        ("%", "a % stands alone"),
        ("%s.%f", "%s (seconds since 1970) goes with nothing else"),
        ("excell", 'there is no time format "excell". Did you mean "excel"?'),
        ("iso", 'there is no time format "iso".'),
    ],
)
def test_a_format_that_is_none_is_told_in_one_line(format, said):
    with pytest.raises(ConfigError) as error:
        check([format])
    assert said in str(error.value) and "\n" not in str(error.value)


def test_nanoseconds_are_cut_in_parquet_as_in_text(shop):
    file = shop.file("log.parquet", b"")
    at = [1_709_633_730_123_456_999, 1_709_633_730_999_999_999]
    for zone in (None, "UTC"):
        pq.write_table(
            pa.table({"who": ["a", "b"], "at": pa.array(at, pa.timestamp("ns", zone)), "what": ["x", zone or "y"]}),
            file.path,
        )
        shop.take(file)
    assert shop.events("event_at") == ["2024-03-05T10:15:30.123456"] * 2 + ["2024-03-05T10:15:30.999999"] * 2


def test_the_unit_of_epoch_numbers_is_of_one_file_whatever_is_loaded_beside_it(shop, tmp_path):
    seconds = shop.file("a.csv", "who,at,what\nu1,1767261600,a\nu2,1767261660,a\n")
    millis = shop.file("b.csv", "who,at,what\nu1,1767265200000,b\n")
    plain = shop.file("c.csv", "who,at,what\nu1,2026-01-01 11:30:00,c\n")
    shop.take(seconds, millis, plain)
    together = shop.events("customer_id", "event", "event_at")
    apart = Filling(tmp_path / "apart")
    for file in (seconds, millis, plain):
        apart.take(file)
    assert together == apart.events("customer_id", "event", "event_at")
    assert shop.events("event_at") == [
        "2026-01-01T10:00:00",
        "2026-01-01T10:01:00",
        "2026-01-01T11:00:00",
        "2026-01-01T11:30:00",
    ]


@settings(max_examples=10, deadline=None)
@given(
    walls=st.lists(
        st.datetimes(datetime.fromisoformat("1991-01-01"), datetime.fromisoformat("2090-01-01")),
        min_size=20,
        max_size=20,
    ),
    minutes=st.integers(-720, 840),
    spelling=st.sampled_from(["{}{}{:02}:{:02}", "{} {}{:02}{:02}", "{} {}{:02}:{:02}", "{}{}{:02}{:02}"]),
)
def test_an_offset_means_the_same_instant_however_it_is_spelled(tmp_path_factory, walls, minutes, spelling):
    shop = Filling(tmp_path_factory.mktemp("offsets"))
    sign, hours, rest = "-" if minutes < 0 else "+", abs(minutes) // 60, abs(minutes) % 60
    texts = [spelling.format(w.isoformat(" "), sign, hours, rest) for w in walls]
    expected = [(w - timedelta(minutes=minutes)).isoformat() for w in walls]
    assert read(shop, texts) == expected
