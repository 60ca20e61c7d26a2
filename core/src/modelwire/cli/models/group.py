"""The command group `modelwire models`."""

from __future__ import annotations

import click

from modelwire.cli.models.aliases import aliases
from modelwire.cli.models.explain import explain
from modelwire.cli.models.fallbacks import fallbacks
from modelwire.cli.models.list import list_models
from modelwire.cli.models.refresh import refresh
from modelwire.cli.models.set import set_model
from modelwire.cli.models.status import status

__all__ = ["models"]


@click.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> int:
    """See which models there are, and choose among them.

    Alone, the same as `modelwire models status`.

    \b
    modelwire models list
    modelwire models set amazon-bedrock/us.amazon.nova-lite-v1:0
    modelwire models explain amazon-bedrock/us.amazon.nova-lite-v1:0
    """  # noqa: D301 - \b keeps click from joining the lines
    if ctx.invoked_subcommand is None:
        result: int = ctx.invoke(status)
        return result
    return 0


for command in (list_models, status, set_model, explain, refresh, aliases, fallbacks):
    models.add_command(command)
