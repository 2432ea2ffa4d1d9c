"""The question why a rate moved, as it is asked of a project."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import journeys
from ingest.errors import ConfigError
from pipeline.cli import cli

PERIOD = {"since": "2026-02-01", "until": "2026-03-01", "as_of": "2026-04-01"}
PEOPLE = 120


def lines() -> list[str]:
    """In January half of all who look buy, in February none of those on mobile do, and a sixth of all sees a wheel."""
    found = ["u,t,event,platform"]
    for month in (1, 2):
        for i in range(PEOPLE):
            who, day = f"{month}-{i}", f"2026-{month:02d}-{1 + i % 28:02d}"
            platform = "mobile" if i % 2 else "desktop"
            found.append(f"{who},{day} 10:00,look,{platform}")
            found += [f"{who},{day} 10:01,wheel,{platform}"] if month == 2 and i % 6 == 0 else []
            found += [f"{who},{day} 10:02,cart,{platform}"]
            if i % 4 < 2 and not (month == 2 and i % 2):
                found.append(f"{who},{day} 10:05,purchase,{platform}")
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> journeys.Project:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "log.csv").write_text("\n".join(lines()))
    (folder / "journeys.toml").write_text('[[annotation]]\ndate = 2026-02-03\ntext = "new payment page"\n')
    found = journeys.open(folder)
    found.ingest(folder / "log.csv", map={"customer_id": "u", "event_at": "t"})
    return found


def test_what_accounts_for_a_move_is_named_with_what_happened_then(shop: journeys.Project) -> None:
    found = shop.why(compare="2026-01-01..2026-02-01", **PERIOD)
    whole = found.meta["overall"]
    assert (whole["rate"], whole["rate_before"], whole["difference"]) == (0.25, 0.5, -0.25)
    assert [(r["name"], r["value"], r["contribution"]) for r in found.rows()] == [
        ("platform", "mobile", -0.25),
        ("platform", "(other)", 0.0),
    ]
    assert found.meta["annotations"] == ["2026-02-03 new payment page"]
    assert found.meta["by"] == ["platform", "touchpoint"]


def test_the_steps_of_a_funnel_are_looked_at_unless_one_is_named(shop: journeys.Project) -> None:
    asked = {"by": "platform", "compare": "2026-01-01..2026-02-01", **PERIOD}
    whole = shop.why("look > cart > purchase", **asked)
    assert [(r["kind"], r["name"], r["value"]) for r in whole.rows() if r["named"]] == [
        ("column", "platform", "mobile"),
        ("step", "cart", "purchase"),
    ]
    one = shop.why("look > cart > purchase", step="purchase", **asked)
    assert (one.meta["step"], {r["kind"] for r in one.rows()}) == ("cart > purchase", {"column"})
    first = shop.why(["look", "cart", "purchase"], step=2, **asked)
    assert first.meta["overall"]["difference"] == 0 and first.rows() == []


def test_segments_are_sides_as_well_and_what_tells_them_apart_tells_nothing(shop: journeys.Project) -> None:
    found = shop.why("cart > purchase", segment="platform=mobile", compare="platform=desktop", as_of="2026-04-01")
    whole = found.meta["overall"]
    assert (whole["n"], whole["n_before"], whole["rate"], whole["rate_before"]) == (120, 120, 0.25, 0.5)
    assert found.rows() == [] and found.meta["there"] == "on the other side"


def test_the_command_says_it_in_sentences_and_is_silent_where_nothing_is(shop: journeys.Project) -> None:
    words = ["-C", str(shop.directory), "why", "--as-of", "2026-04-01", "-f", "table", "--explain"]
    period = ["--since", "2026-02-01", "--until", "2026-03-01", "--compare", "2026-01-01..2026-02-01"]
    done = CliRunner().invoke(cli, [*words, *period], catch_exceptions=False).output
    assert "session > purchase: 25.0 % of 120 sessions reached the goal, 50.0 % of 120 before: -25.0 points" in done
    assert "platform mobile: 0.0 % of 60 reached the goal, 50.0 % before: -25.0 points" in done
    assert "on 2026-02-03 new payment page" in done
    assert "--having platform mobile" in done
    quiet = ["--since", "2026-02-15", "--until", "2026-03-01", "--by", "platform"]
    done = CliRunner().invoke(cli, [*words, *quiet], catch_exceptions=False).output
    assert "nothing accounts for it beyond noise" in done and "which may be noise" in done


def test_what_cannot_be_compared_is_said(shop: journeys.Project) -> None:
    with pytest.raises(ConfigError, match="overlaps the period"):
        shop.why(compare="2026-02-10..2026-02-20", **PERIOD)
    with pytest.raises(ConfigError, match="give one of them"):
        shop.why("look > cart", drop_off="cart")
    found = shop.why(compare="2025-01-01..2025-02-01", **PERIOD)
    assert found.rows() == [] and "one side holds nothing" in " ".join(found.meta["warnings"])
