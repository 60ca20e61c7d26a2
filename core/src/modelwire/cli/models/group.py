"""The command group `modelwire models`."""

from __future__ import annotations

import click

from modelwire.cli.default_command import DefaultGroup
from modelwire.cli.models.aliases import aliases
from modelwire.cli.models.explain import explain
from modelwire.cli.models.fallbacks import fallbacks
from modelwire.cli.models.list import list_models
from modelwire.cli.models.refresh import refresh
from modelwire.cli.models.set import set_model
from modelwire.cli.models.status import status

__all__ = ["models"]


@click.group(cls=DefaultGroup, default="status")
def models() -> None:
    """List and choose models.

    Alone, the same as `modelwire models status`.

    \b
    modelwire models list
    modelwire models set amazon-bedrock/us.amazon.nova-lite-v1:0
    modelwire models explain amazon-bedrock/us.amazon.nova-lite-v1:0
    """  # noqa: D301 - \b keeps click from joining the lines


for command in (list_models, status, set_model, explain, refresh, aliases, fallbacks):
    models.add_command(command)
