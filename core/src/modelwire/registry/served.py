"""The dialects of installed plugins, found by their APIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.errors import PluginError
from modelwire.registry.claims import installed_claims, undisputed
from modelwire.registry.loader import load_claimed_dialect

if TYPE_CHECKING:
    from modelwire.dialects import Dialect
    from modelwire.registry.registry import Registry

__all__ = ["load_dialect"]


def load_dialect(api: str, registry: Registry | None = None) -> Dialect:
    """Import the dialect with which a plugin serves an API to clients.

    Args:
        api: The name of the wire API.
        registry: The plugins; by default the installed ones.

    Raises:
        PluginError: No plugin or several serve it, or the plugin is broken.
    """
    found = undisputed(installed_claims(), "dialects") if registry is None else registry.dialects()
    claim = found.get(api)
    if claim is None:
        msg = f"No plugin serves the API {api!r} to clients."
        raise PluginError(
            msg, hint="Install the plugin of that API, and enable it; see: modelwire plugins"
        )
    return load_claimed_dialect(claim)
