"""channel = "auto" of a [[source]], from a file to its sessions' channels."""

from __future__ import annotations

from tests.desk import Desk

FILE = """user_id,event,timestamp,url,referrer
u1,page,2024-05-01T10:00:00Z,https://shop.example/?utm_source=news&utm_medium=email,
u1,page,2024-05-01T10:01:00Z,https://shop.example/p,https://shop.example/
u2,page,2024-05-01T10:00:00Z,https://shop.example/,https://www.google.com/
"""
SOURCE = '[[source]]\npath = "a.csv"\n[source.columns]\n'


def test_the_channel_is_told_from_the_address_and_its_referrer(desk: Desk) -> None:
    desk.file("a.csv", FILE)
    desk.file("journeys.toml", SOURCE + 'url = "url"\nreferrer = "referrer"\nchannel = "auto"\n')
    desk.rows("ingest")
    assert desk.sql("customer_id, channel, url") == [
        ("u1", "email", "https://shop.example/?utm_source=news&utm_medium=email"),
        ("u1", None, "https://shop.example/p"),
        ("u2", "organic search", "https://shop.example/"),
    ]


def test_a_file_without_a_referrer_tells_what_it_can(desk: Desk) -> None:
    desk.file("a.csv", "\n".join(line.rpartition(",")[0] for line in FILE.splitlines()))
    desk.file("journeys.toml", SOURCE + 'url = "url"\nreferrer = "referrer"\nchannel = "auto"\n')
    desk.rows("ingest")
    assert desk.sql("count(channel), max(channel)", "1") == [(1, "email")]


def test_auto_without_an_address_says_what_it_needs(desk: Desk) -> None:
    desk.file("a.csv", FILE)
    desk.file("journeys.toml", SOURCE + 'channel = "auto"\n')
    found = desk.call("ingest")
    assert found.exit_code == 2 and "neither is mapped" in found.stderr


def test_a_rule_of_the_project_comes_first(desk: Desk) -> None:
    desk.file("a.csv", FILE)
    rules = '[[channel]]\nname = "our letter"\nmedium = "EMAIL"\nsource = "news"\n[[channel]]\nname = "g"\nsource = "google"\n'
    desk.file("journeys.toml", rules + SOURCE + 'url = "url"\nreferrer = "referrer"\nchannel = "auto"\n')
    desk.rows("ingest")
    assert desk.sql("customer_id, channel", "1, 2 nulls last") == [("u1", "our letter"), ("u1", None), ("u2", "g")]
