"""Discovery settings of a provider, from both places that may hold them."""

from __future__ import annotations

from typing import Any

from modelwire.config import Config
from modelwire.errors import ConfigError, Problem
from modelwire.hookspecs import DiscoverySettings
from modelwire.registry import Registry

__all__ = ["discovery_settings"]


def discovery_settings(config: Config, registry: Registry, provider: str) -> DiscoverySettings:
    """Read the discovery settings of a provider from the configuration.

    The older place is `models.<name>Discovery`, as `models.bedrockDiscovery`, where the name is the
    provider's id or an alias; `plugins.entries.<provider>.config.discovery` takes precedence, key
    by key.

    Raises:
        ConfigError: A setting has the wrong type; its path is named.
    """
    names = registry.names_of(provider)
    values: dict[str, Any] = {}
    for name in names:
        path = f"models.{name}Discovery"
        values |= _object(config.models.extra.get(f"{name}Discovery"), path)
    for name in names:
        entry = config.plugins.entries.get(name)
        if entry is not None:
            path = f"plugins.entries.{name}.config.discovery"
            values |= _object(entry.config.get("discovery"), path)
    enabled, interval = values.get("enabled"), values.get("refreshInterval", 3600)
    if enabled is not None and not isinstance(enabled, bool):
        raise _wrong(provider, "enabled", "true or false")
    if not isinstance(interval, int | float) or isinstance(interval, bool):
        raise _wrong(provider, "refreshInterval", "a number of seconds")
    return DiscoverySettings(enabled, max(0, int(interval)), values)


def _object(value: object, path: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        msg = "The discovery settings are not valid."
        raise ConfigError(msg, problems=[Problem(path, "expected an object")])
    return value


def _wrong(provider: str, key: str, expected: str) -> ConfigError:
    path = f"plugins.entries.{provider}.config.discovery.{key}"
    return ConfigError(
        "The discovery settings are not valid.", problems=[Problem(path, f"expected {expected}")]
    )
