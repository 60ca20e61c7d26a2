"""The plugin registry: plugins found by entry points, loaded when needed, isolated when broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.registry.claims import Claim, installed_claims
    from modelwire.registry.info import PluginInfo, PluginState
    from modelwire.registry.owner import Owner
    from modelwire.registry.registry import Registry
    from modelwire.registry.served import load_dialect

__all__ = [
    "Claim",
    "Owner",
    "PluginInfo",
    "PluginState",
    "Registry",
    "installed_claims",
    "load_dialect",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "claims": (
            "Claim",
            "installed_claims",
        ),
        "info": (
            "PluginInfo",
            "PluginState",
        ),
        "owner": ("Owner",),
        "registry": ("Registry",),
        "served": ("load_dialect",),
    },
)
