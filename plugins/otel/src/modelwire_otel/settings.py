"""Settings of the recording: is an SDK set, and is content recorded?"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from modelwire.errors import ConfigError

if TYPE_CHECKING:
    from modelwire.config import Config

__all__ = ["VARIABLE", "captures_content", "is_recording"]

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

_ENTRIES = ("modelwire-otel", "otel")
_ON = ("true", "1", "span_only", "span_and_event")

_SIGNALS = (
    ("opentelemetry.trace", "get_tracer_provider", "OTEL_PYTHON_TRACER_PROVIDER"),
    ("opentelemetry.metrics", "get_meter_provider", "OTEL_PYTHON_METER_PROVIDER"),
)
"""Of each signal the API's module, who has its provider, and the variable that may name one."""

_API = tuple(module for module, _, _ in _SIGNALS)


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


def is_recording() -> bool:
    """Whether an SDK is set; the API's own providers throw everything away.

    A provider is set by a program that has imported the API, or by its variable. Where neither can
    be, the API is not imported: that takes long, and this is asked on the event loop.
    """
    return any(_is_set(*signal) for signal in _SIGNALS)


def _is_set(module: str, getter: str, variable: str) -> bool:
    if module not in sys.modules and variable not in os.environ:
        return False
    provider = getattr(import_module(module), getter)()
    return not type(provider).__module__.startswith(_API)
