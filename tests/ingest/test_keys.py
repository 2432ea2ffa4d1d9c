"""customer_key is one number, whoever computes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.database import Database, load_sql
from ingest.identity.rules import IdentityRules
from ingest.identity.stitching import make_macros
from ingest.keys import anonymous_prefix, customer_key

IDS = st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map("id{}".format)
"""None of them is blank or blocked."""


@pytest.fixture(scope="module")
def database() -> Database:
    found = Database(threads=1)
    found.run(load_sql("ingest", "macros"))
    make_macros(found, IdentityRules())
    return found


@given(known=IDS, anonymous=IDS)
def test_a_customer_key_in_python_is_that_of_the_store(
    database: Database, known: str | None, anonymous: str | None
) -> None:
    if known is None and anonymous is None:
        with pytest.raises(ValueError, match="id of one kind"):
            customer_key()
        return
    database.run(
        "create or replace temp table raw_ids as select $known::varchar as raw_customer_id, $anonymous::varchar as raw_anonymous_id",
        {"known": known, "anonymous": anonymous},
    )
    database.run(load_sql("ingest", "keys"), {"prefix": anonymous_prefix("web")})
    device = None if anonymous is None else customer_key(anonymous_id=anonymous, space="web")
    assert database.rows("select customer_key, device from keys") == [
        (customer_key(customer_id=known, anonymous_id=anonymous, space="web"), device)
    ]


def test_known_ids_and_anonymous_ids_never_collide() -> None:
    assert customer_key(customer_id="u1") == 3873182729060017710
    assert customer_key(customer_id="u1", anonymous_id="u1") == customer_key(customer_id="u1")
    assert customer_key(customer_id="u1") != customer_key(anonymous_id="u1")


def test_an_anonymous_id_belongs_to_its_space() -> None:
    assert customer_key(anonymous_id="d1", space="web") != customer_key(anonymous_id="d1", space="app")
    assert customer_key(anonymous_id="b:d", space="a") != customer_key(anonymous_id="d", space="a:b")
