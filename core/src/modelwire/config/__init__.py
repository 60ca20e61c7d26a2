"""The configuration: an OpenClaw-compatible JSON5 document, read into typed objects."""

from modelwire.config.config import Config
from modelwire.config.load import load_config
from modelwire.config.providers import ModelConfig, ModelsConfig, ProviderConfig, SecretRef
from modelwire.config.schema import (
    AgentDefaults,
    AgentsConfig,
    ModelChoice,
    ModelEntry,
    PluginEntry,
    PluginsConfig,
)
from modelwire.config.source import find_config

__all__ = [
    "AgentDefaults",
    "AgentsConfig",
    "Config",
    "ModelChoice",
    "ModelConfig",
    "ModelEntry",
    "ModelsConfig",
    "PluginEntry",
    "PluginsConfig",
    "ProviderConfig",
    "SecretRef",
    "find_config",
    "load_config",
]
