"""Whether what is said is recorded as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.errors import ConfigError

if TYPE_CHECKING:
    from modelwire.config import Config

__all__ = ["VARIABLE", "captures_content"]

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

_ENTRIES = ("modelwire-otel", "otel")
_ON = ("true", "1", "span_only", "span_and_event")


def captures_content(config: Config) -> bool:
    """Read `plugins.entries.modelwire-otel.config.captureContent`, or else the usual variable.

    Raises:
        ConfigError: The setting is neither true nor false.
    """
    for name in _ENTRIES:
        entry = config.plugins.entries.get(name)
        if entry is not None and "captureContent" in entry.config:
            value = entry.config["captureContent"]
            if not isinstance(value, bool):
                msg = f'plugins.entries["{name}"].config.captureContent must be true or false.'
                raise ConfigError(msg)
            return value
    return config.environ.get(VARIABLE, "").strip().lower() in _ON
