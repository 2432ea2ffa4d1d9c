"""identity: how many events are whose, and why those of an id are."""

from __future__ import annotations

import click

from pipeline.cli.answering import answer, opened
from pipeline.cli.options import OutputOptions, ProjectOptions, ScopeOptions, question


@click.group(invoke_without_command=True)
@question
@click.pass_context
def identity(context: click.Context, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions) -> None:
    """Events by how their customer is known, devices per customer, customers per device.

    known: the row names the customer; stitched: the row has only an anonymous id, and links name its customer;
    anonymous: nobody knows. The rules are those of [identity] in journeys.toml.

    \b
    Example:
      journeys identity
    """
    if context.invoked_subcommand is not None:
        return
    answer(opened(project).identity(as_of=scope.as_of), output)


@identity.command()
@click.argument("id")
@click.option("--anonymous", is_flag=True, help="ID is an anonymous id.")
@click.option("--unmask", is_flag=True, help="Show ids as recorded.")
@question
def explain(
    id: str, anonymous: bool, unmask: bool, project: ProjectOptions, output: OutputOptions, scope: ScopeOptions
) -> None:
    """Why each event of an id belongs to whom: its links, and its owners over time.

    \b
    Example:
      journeys identity explain user_0000
    """
    result = opened(project).identity_explain(id, anonymous=anonymous, unmask=unmask, as_of=scope.as_of)
    answer(result, output, notes=(f"{result.meta['customers']:,} known customers",))
