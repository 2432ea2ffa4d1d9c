"""`journeys report build` and the end of `journeys demo`."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from pipeline.cli import cli
from tests.reports.shop import hostile


def built(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(cli, ["report", "build", "-C", str(hostile().directory), *arguments])
    return found.exit_code, found.output


def test_build_writes_one_file_into_a_folder_that_it_makes(tmp_path: Path) -> None:
    code, said = built("-o", str(tmp_path / "a" / "b"))
    assert code == 0, said
    assert [p.name for p in (tmp_path / "a" / "b").iterdir()] == ["index.html"]
    assert "wrote" in said


def test_building_again_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert built("-o", str(tmp_path / name), "--as-of", "2026-02-20")[0] == 0
    assert (tmp_path / "a" / "index.html").read_bytes() == (tmp_path / "b" / "index.html").read_bytes()


def test_the_command_on_the_page_builds_the_page(tmp_path: Path) -> None:
    assert built("-o", str(tmp_path / "a"))[0] == 0
    text = (tmp_path / "a" / "index.html").read_text(encoding="utf-8")
    words = "--since 2026-02-02 --until 2026-03-02 --as-of 2026-03-01T23:00:00Z"
    assert f"journeys report build -o report {words}" in text
    assert built("-o", str(tmp_path / "b"), *words.split())[0] == 0
    assert (tmp_path / "b" / "index.html").read_text(encoding="utf-8") == text


def test_compare_none_compares_with_nothing(tmp_path: Path) -> None:
    assert built("-o", str(tmp_path), "--compare", "none")[0] == 0
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "not compared with another period" in text
    assert "What changed" not in text
    assert 'class="ghost"' not in text


def test_an_empty_period_and_a_folder_that_is_a_file_are_told(tmp_path: Path) -> None:
    code, said = built("-o", str(tmp_path), "--since", "2026-02-02", "--until", "2026-02-02")
    assert (code, "empty" in said) == (2, True)
    (tmp_path / "file").write_text("")
    code, said = built("-o", str(tmp_path / "file" / "x"))
    assert (code, "cannot be made" in said) == (1, True)
