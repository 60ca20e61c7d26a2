"""The configuration: an OpenClaw-compatible JSON5 document, read into typed objects."""

from modelwire.config.configuration import Config
from modelwire.config.loading import find_config, load_config
from modelwire.config.providers import ModelConfig, ModelsConfig, ProviderConfig
from modelwire.config.secrets import SecretRef
from modelwire.config.sections import (
    AgentDefaults,
    AgentsConfig,
    ModelChoice,
    ModelEntry,
    PluginEntry,
    PluginsConfig,
)

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
