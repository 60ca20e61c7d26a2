"""Settings of the recording: is an SDK set, which conventions are followed, and is content recorded?"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

from attrs import frozen

from modelwire.errors import ConfigError
from modelwire.warnings import ModelwireWarning, warn_caller
from modelwire_otel.conventions import Conventions, chosen

if TYPE_CHECKING:
    from modelwire.config import Config

__all__ = ["CONTENT_LIMIT", "VARIABLE", "Settings", "is_recording"]

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

CONTENT_LIMIT = 65_536
"""Characters of one attribute of content, where the settings say nothing else. Receivers refuse
messages of more than 4 MB, and such a message holds many spans."""

_SMALLEST_LIMIT = 100
_ENTRIES = ("modelwire-otel", "otel")
_ON = ("true", "1", "span_only", "span_and_event")
_EVENT_ONLY = "event_only"

_SIGNALS = (
    ("opentelemetry.trace", "get_tracer_provider", "OTEL_PYTHON_TRACER_PROVIDER"),
    ("opentelemetry.metrics", "get_meter_provider", "OTEL_PYTHON_METER_PROVIDER"),
)
"""The API's module for each signal, the holder of its provider, and the variable that names one."""

_API = tuple(module for module, _, _ in _SIGNALS)


@frozen
class Settings:
    """The recorded data, and the conventions.

    Attributes:
        conventions: The release of the conventions.
        capture: Whether content is recorded.
        limit: The maximum length of one attribute of content.
    """

    conventions: Conventions
    capture: bool
    limit: int

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Read `plugins.entries.modelwire-otel.config`, or else the usual variables.

        Raises:
            ConfigError: A setting has another type.
        """
        capture = _setting(config, "captureContent", _is_boolean, "true or false")
        allowed = f"a number of characters, at least {_SMALLEST_LIMIT}"
        limit = _setting(config, "contentLimit", _is_limit, allowed)
        return cls(
            conventions=chosen(config.environ),
            capture=_captures(config) if capture is None else capture,
            limit=CONTENT_LIMIT if limit is None else limit,
        )


def _captures(config: Config) -> bool:
    word = config.environ.get(VARIABLE, "").strip().lower()
    if word == _EVENT_ONLY:
        msg = (
            f"{VARIABLE} is EVENT_ONLY, and modelwire-otel records content on spans only: set it to "
            "SPAN_ONLY to record content."
        )
        warn_caller(ModelwireWarning(msg))
    return word in _ON


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_limit(value: object) -> bool:
    return type(value) is int and value >= _SMALLEST_LIMIT


def _setting(config: Config, key: str, valid: Callable[[object], bool], allowed: str) -> Any:
    for name in _ENTRIES:
        entry = config.plugins.entries.get(name)
        if entry is not None and key in entry.config:
            value = entry.config[key]
            if not valid(value):
                msg = f'plugins.entries["{name}"].config.{key} must be {allowed}.'
                raise ConfigError(msg)
            return value
    return None


def is_recording() -> bool:
    """Whether an SDK is set; the API's own providers throw everything away.

    A provider is set by a program that has imported the API, or by its variable. Where neither can
    be, the API is not imported: that takes long, and this runs on the event loop.
    """
    return any(_is_set(*signal) for signal in _SIGNALS)


def _is_set(module: str, getter: str, variable: str) -> bool:
    # Each request checks, and nearly always the API is imported: then only the provider is looked at.
    loaded = sys.modules.get(module)
    if loaded is None:
        if variable not in os.environ:
            return False
        loaded = import_module(module)
    provider = getattr(loaded, getter)()
    return not type(provider).__module__.startswith(_API)
