"""erase: forget a customer, with proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.answering import opened
from pipeline.cli.options import OutputOptions, ProjectOptions, output_options, project_options
from pipeline.cli.output import show, warn

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command()
@click.argument("id")
@click.option("--anonymous", is_flag=True, help="ID is an anonymous id: every row that carries it goes.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
@project_options
@output_options
def erase(id: str, anonymous: bool, dry_run: bool, project: ProjectOptions, output: OutputOptions) -> None:
    """Forget a customer with all aliases: events, sessions, quarantined rows, indexes, older files, published pages.

    The receipt says how often each kind of place held the id before and after; it holds no id, only its mask, and is kept in
    <store>/receipts. Files that are delivered again do not bring the customer back. Input files are named, not changed.

    \b
    Example:
      journeys erase user_0000 --dry-run
    """
    result = opened(project).erase(id, anonymous=anonymous, dry_run=dry_run)
    for message in result.meta["warnings"]:
        warn(message)
    show(result.table, output, title=f"erase {result.meta['id']}", notes=notes(result.meta), meta=result.meta)


def notes(meta: Mapping[str, Any]) -> list[str]:
    """What the table does not say."""
    ids = f"{meta['ids']} ids" if meta["ids"] != 1 else "one id"
    done = "nothing was changed (--dry-run)" if meta["dry_run"] else "searched again: gone"
    return [f"{meta['kind']}, {ids}; {meta['files_searched']} files of the store searched; {done}"]
