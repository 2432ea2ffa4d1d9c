"""channel = "auto": which channel an address and its referrer tell."""

from __future__ import annotations

import pytest

from ingest.cleaning.channels import channel_sql, default_rules
from ingest.database import Database

SHOP = "https://www.shop.example/"

CASES = [
    ("", "", None),
    ("", "https://shop.example/p/7", None),
    ("", "https://blog.shop.example/", None),
    ("", "https://www.paypal.com/checkout", None),
    ("", "https://hooks.stripe.com/3d", None),
    ("", "https://www.google.de/", "organic search"),
    ("", "https://duckduckgo.com/", "organic search"),
    ("", "https://notgoogle.example/", "referral"),
    ("", "https://l.instagram.com/", "organic social"),
    ("", "https://t.co/abc", "organic social"),
    ("", "https://www.youtube.com/watch", "organic video"),
    ("", "https://mail.google.com/", "email"),
    ("", "android-app://com.google.android.gm/", "email"),
    ("", "https://chatgpt.com/", "ai assistant"),
    ("", "https://gemini.google.com/", "ai assistant"),
    ("", "https://news.example/article", "referral"),
    ("?gclid=1", "https://www.google.com/", "paid search"),
    ("?gclid=", "", None),
    ("?msclkid=1", "", "paid search"),
    ("?ttclid=1", "", "paid social"),
    ("?fbclid=1", "", "organic social"),
    ("?utm_source=google&utm_medium=cpc", "", "paid search"),
    ("?utm_source=facebook&utm_medium=paid_social", "", "paid social"),
    ("?utm_source=partner&utm_medium=cpc", "", "paid other"),
    ("?utm_source=News%20letter&utm_medium=Email", "https://www.google.com/", "email"),
    ("?utm_source=chatgpt.com", "", "ai assistant"),
    ("?utm_source=partner", "", "referral"),
    ("?utm_medium=banner", "", "display"),
    ("?utm_medium=cpc&utm_source=google&fbclid=1", "", "paid search"),
]


@pytest.mark.parametrize("query, referrer, channel", CASES)
def test_a_channel_is_told(query: str, referrer: str, channel: str | None, db: Database) -> None:
    params: dict[str, str] = {}

    def bind(text: str) -> str:
        params[name := f"p{len(params)}"] = text
        return f"${name}"

    sql = channel_sql("url", "referrer", default_rules(), bind)
    rows = "select $url::varchar as url, nullif($referrer::varchar, '') as referrer"
    assert db.rows(f"select {sql} from ({rows})", {**params, "url": SHOP + query, "referrer": referrer}) == [(channel,)]


@pytest.fixture(scope="module")
def db() -> Database:
    return Database()
