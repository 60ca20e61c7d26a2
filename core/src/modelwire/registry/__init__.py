"""Installed plugins: found by entry points, loaded when needed, kept apart when broken."""

from modelwire.registry.claims import Claim, installed_claims
from modelwire.registry.plugins import PluginInfo, PluginState
from modelwire.registry.registry import Owner, Registry

__all__ = ["Claim", "Owner", "PluginInfo", "PluginState", "Registry", "installed_claims"]
