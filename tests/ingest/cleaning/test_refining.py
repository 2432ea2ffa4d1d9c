"""What is made of a column's text: each form of a column on a few rows."""

from __future__ import annotations

import pytest

from ingest.cleaning.refining import Refinement, refined
from ingest.database import Database

ADDRESS = "https://u:p@WWW.Shop.Example:8080/p?utm_source=news%20letter&utm_medium=a+b#x"


@pytest.mark.parametrize(
    "how, text, value",
    [
        (Refinement(host=True), ADDRESS, "shop.example"),
        (Refinement(host=True), "//cdn.example/x", "cdn.example"),
        (Refinement(host=True), "android-app://com.google.android.gm/", "com.google.android.gm"),
        (Refinement(host=True), "/p/7?next=https://a.example", None),
        (Refinement(query="utm_source"), ADDRESS, "news letter"),
        (Refinement(query="utm_medium"), ADDRESS, "a b"),
        (Refinement(query="source"), ADDRESS, None),
        (Refinement(query="a.b"), "/x?aXb=1&a.b=2", "2"),
        (Refinement(query="q"), "/x?q=", None),
        (Refinement(unlike=("$device:*", "guest")), "$device:7", None),
        (Refinement(unlike=("$device:*", "guest")), "u7", "u7"),
        (Refinement(differs_from=("other",)), "d1", None),
        (Refinement(differs_from=("other",)), "u1", "u1"),
        (Refinement(only=(("other", "d*"),)), "x", "x"),
        (Refinement(only=(("other", "e*"),)), "x", None),
        (Refinement(only=(("absent", "*"),)), "x", None),
        (Refinement(unless=(("other", "d1"), ("absent", "*"))), "x", None),
        (Refinement(unless=(("other", "e*"),)), "x", "x"),
        (Refinement(names=(("V", "purchase"),)), "V", "purchase"),
        (Refinement(names=(("V", "purchase"),)), "R", "R"),
        (Refinement(otherwise="page"), " ", "page"),
        (Refinement(otherwise="page"), None, "page"),
        (Refinement(names=(("V", "purchase"),), otherwise="x"), None, "x"),
        (Refinement(host=True, unlike=("*",), otherwise="none"), ADDRESS, "none"),
    ],
)
def test_a_text_is_refined(how: Refinement, text: str | None, value: str | None) -> None:
    params: dict[str, str] = {}

    def bind(word: str) -> str:
        params[name := f"p{len(params)}"] = word
        return f"${name}"

    sql = refined("t", how, {"other": "'d1'"}.get, bind)
    with Database() as db:
        assert db.rows(f"select {sql} from (select $text::varchar as t)", {**params, "text": text}) == [(value,)]
