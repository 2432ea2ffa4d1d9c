"""Files as people deliver them, through the command line: times, numbers, words and lists as written."""

from __future__ import annotations

import pytest

HEAD = '[[source]]\nname = "web"\npath = "in/*"\n'
COLUMNS = 'columns = { customer_id = "user", event_at = %s, event = "event" }\n'


# --- Times -----------------------------------------------------------------------------------------------------------


def test_a_list_of_formats_stands_in_the_configuration(desk):
    desk.file("journeys.toml", HEAD + COLUMNS % '{ column = "ts", format = ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M"] }')
    desk.file("in/m.csv", "user,event,ts\na,view,05.03.2024 10:15\nb,view,05.03.2024 10:15:30\n")
    assert desk.call("ingest").exit_code == 0
    assert desk.sql("customer_id, event_at::timestamp::varchar", "1") == [
        ("a", "2024-03-05 10:15:00"),
        ("b", "2024-03-05 10:15:30"),
    ]


@pytest.mark.parametrize(
    "format, said", [("%Q", "%Q is not a directive"), ("%", "a % stands alone"), ("exel", 'Did you mean "excel"?')]
)
def test_a_bad_format_is_told_in_one_line_and_is_a_usage_error(desk, format, said):
    desk.file("journeys.toml", HEAD + COLUMNS % f'{{ column = "ts", format = "{format}" }}')
    desk.file("in/e.csv", "user,event,ts\na,view,1709633730\n")
    by_file = desk.call("ingest")
    (desk.root / "journeys.toml").unlink()
    by_flag = desk.call("ingest", "in/e.csv", "--time-format", format)
    for found in (by_file, by_flag):
        lines = found.stderr.strip().splitlines()
        assert (found.exit_code, len(lines)) == (2, 1) and said in lines[0], found.stderr


def test_the_time_format_of_a_file_can_be_said_on_the_command_line(desk):
    desk.file("x.csv", "user,event,ts\na,view,45356.5\n")
    assert desk.call("ingest", "x.csv", "--time-format", "excel", "--timezone", "Europe/Berlin").exit_code == 0
    assert desk.sql("event_at::timestamp::varchar", "1") == [("2024-03-05 11:00:00",)]


def test_half_a_year_of_british_times_is_five_hours_off_no_more(desk):
    desk.file("in/b.csv", "user,event,ts\na,view,2024-07-05 10:15:30 BST\n")
    desk.file("journeys.toml", HEAD + COLUMNS % '"ts"')
    assert "bad_timestamp" in desk.call("ingest").stderr + desk.call("quarantine").stdout
    desk.file("in/c.csv", "user,event,ts\na,view,2024-07-05 10:15:30 BST\nb,view,2024-01-05 10:15:30 GMT\n")
    desk.file("journeys.toml", HEAD + 'zones = { BST = "Europe/London" }\n' + COLUMNS % '"ts"')
    assert desk.call("ingest").exit_code == 0
    assert desk.sql("customer_id, event_at::timestamp::varchar", "1") == [
        ("a", "2024-07-05 09:15:30"),
        ("b", "2024-01-05 10:15:30"),
    ]


@pytest.mark.parametrize(
    "zones, said",
    [('BST = "Europe/Londn"', "Europe/London"), ('UTC = "Europe/London"', '"UTC" is not an abbreviation')],
)
def test_zones_that_make_no_sense_are_a_usage_error(desk, zones, said):
    desk.file("journeys.toml", HEAD + f"zones = {{ {zones} }}\n")
    found = desk.call("ingest")
    assert found.exit_code == 2 and said in found.stderr


# --- Lists -----------------------------------------------------------------------------------------------------------


def test_a_suppression_list_that_a_spreadsheet_saved_suppresses_its_first_customer_too(desk):
    rows = "".join(f"c{i},2026-01-01 10:00:00,add_to_cart,i1,10,1\n" for i in (1, 2, 3))
    desk.file("e.csv", "user_id,ts,event,item_id,price,quantity\n" + rows)
    desk.file("suppress.txt", b"\xef\xbb\xbfc1\r\nc2\r\n")
    desk.call("ingest", "e.csv")
    found = desk.rows("carts", "remind", "--due", "2026-01-02", "--suppress", "suppress.txt")
    assert [r["customer_id"] for r in found] == ["c3"]


# --- Money -----------------------------------------------------------------------------------------------------------

CURRENCIES = "user,ts,event,value,currency\neur,2026-01-01 10:00:00,purchase,10.00,EUR\njpy,2026-01-01 10:00:00,purchase,1000,JPY\n"
MAPS = ("--map", "currency=currency", "--map", "value=value")


def test_without_a_declared_currency_a_store_that_holds_two_answers_null_for_money_and_says_so(desk):
    desk.file("e.csv", CURRENCIES)
    assert "EUR, JPY" in desk.call("ingest", "e.csv", *MAPS).stderr
    assert [r["value"] for r in desk.rows("customers")] == [None, None]
    assert "amounts of several currencies are not added up" in desk.call("customers").stderr


def test_one_currency_is_added_up_and_nothing_is_said(desk):
    desk.file("e.csv", "\n".join(CURRENCIES.splitlines()[:2]) + "\n")
    assert "currenc" not in desk.call("ingest", "e.csv", *MAPS).stderr.replace("currency = currency", "")
    assert [r["value"] for r in desk.rows("customers")] == [10.0]


def test_rows_in_another_currency_than_the_declared_one_are_quarantined(desk):
    desk.file("journeys.toml", '[project]\ncurrency = "EUR"\n')
    desk.file("e.csv", CURRENCIES)
    desk.call("ingest", "e.csv", *MAPS)
    assert [r["value"] for r in desk.rows("customers")] == [10.0]


@pytest.mark.parametrize("share, warned", [(0.21, True), (0.19, False)])
def test_a_customer_with_an_absurd_share_of_the_rows_is_warned_about(desk, share, warned):
    who = ["(not set)" if i < 1000 * share else f"u{i}" for i in range(1000)]
    rows = "".join(f"{w},2026-01-01 10:{i // 60:02}:{i % 60:02},view\n" for i, w in enumerate(who))
    desk.file("e.csv", "user,ts,event\n" + rows)
    assert ("one customer has 210 of 1,000 events (21%)" in desk.call("ingest", "e.csv").stderr) == warned
