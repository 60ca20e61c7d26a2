"""Information about an installed plugin, for display."""

from __future__ import annotations

from typing import Literal

from attrs import Factory, define

__all__ = ["PluginInfo", "PluginState"]

PluginState = Literal["installed", "loaded", "disabled", "conflict", "quarantined"]


@define
class PluginInfo:
    """An installed package with entry points for modelwire.

    Attributes:
        distribution: The package's name.
        version: Its version.
        providers: The provider ids that it claims.
        apis: The wire APIs that it speaks.
        aliases: Other names of its providers.
        middleware: The names of its wrappers.
        commands: Its subcommands.
        state: `installed` and not used so far, `loaded`, switched off (`disabled`), in `conflict`
            with another package over an id, or `quarantined` because it is broken.
        reasons: The reasons for `disabled`, `conflict` or `quarantined`.
        auth: The auth modes that it owns.
        routes: The wire APIs of other plugins that it uses for its own providers.
    """

    distribution: str
    version: str
    providers: list[str] = Factory(list)
    apis: list[str] = Factory(list)
    aliases: list[str] = Factory(list)
    middleware: list[str] = Factory(list)
    commands: list[str] = Factory(list)
    state: PluginState = "installed"
    reasons: list[str] = Factory(list)
    auth: list[str] = Factory(list)
    routes: list[str] = Factory(list)
