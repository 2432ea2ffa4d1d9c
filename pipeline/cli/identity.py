"""identity: how many events are whose, and why those of an id are."""

from __future__ import annotations

import click

from pipeline.cli.answering import answer, opened
from pipeline.cli.options import OutputOptions, ProjectOptions, output_options, project_options

AS_OF = click.option("--as-of", metavar="DAY", help="The instant taken as now: later events do not exist.")


@click.group(invoke_without_command=True)
@AS_OF
@project_options
@output_options
@click.pass_context
def identity(context: click.Context, as_of: str | None, project: ProjectOptions, output: OutputOptions) -> None:
    """Events by how their customer is known, devices per customer, customers per device.

    known: the row names the customer; stitched: the row has only an anonymous id, and links name its customer;
    anonymous: nobody knows. The rules are those of [identity] in journeys.toml.

    \b
    Example:
      journeys identity
    """
    if context.invoked_subcommand is not None:
        return
    answer(opened(project).identity(as_of=as_of), output)


@identity.command()
@click.argument("id")
@click.option("--anonymous", is_flag=True, help="ID is an anonymous id.")
@click.option("--unmask", is_flag=True, help="Show ids as recorded.")
@AS_OF
@project_options
@output_options
def explain(
    id: str, anonymous: bool, unmask: bool, as_of: str | None, project: ProjectOptions, output: OutputOptions
) -> None:
    """Why each event of an id belongs to whom: its links, and its owners over time.

    \b
    Example:
      journeys identity explain user_0000
    """
    result = opened(project).identity_explain(id, anonymous=anonymous, unmask=unmask, as_of=as_of)
    known = result.meta["customers"]
    answer(result, output, notes=(f"{known:,} known customer{'' if known == 1 else 's'}",))
