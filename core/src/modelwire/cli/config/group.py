"""The command group `modelwire config`."""

from __future__ import annotations

import click

from modelwire.cli.config.patch import patch
from modelwire.cli.config.read import file, get, schema, validate
from modelwire.cli.config.set import set_values
from modelwire.cli.config.trust import trust
from modelwire.cli.config.unset import unset

__all__ = ["config"]


@click.group()
def config() -> None:
    """View and edit the configuration.

    Comments and formatting stay as they are, and secrets are never shown.

    \b
    modelwire config set models.bedrockDiscovery.enabled true
    modelwire config get agents.defaults.model
    modelwire config validate
    """  # noqa: D301 - \b keeps click from joining the lines


for command in (get, set_values, unset, patch, validate, file, schema, trust):
    config.add_command(command)
