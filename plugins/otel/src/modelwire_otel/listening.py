"""Whether anything would be done with what is recorded."""

from __future__ import annotations

import os
import sys
from importlib import import_module

__all__ = ["somebody_listens"]

_SIGNALS = (
    ("opentelemetry.trace", "get_tracer_provider", "OTEL_PYTHON_TRACER_PROVIDER"),
    ("opentelemetry.metrics", "get_meter_provider", "OTEL_PYTHON_METER_PROVIDER"),
)
"""Of each signal the API's module, who has its provider, and the variable that may name one."""

_API = tuple(module for module, _, _ in _SIGNALS)


def somebody_listens() -> bool:
    """Whether an SDK is set; the API's own providers throw everything away.

    A provider is set by a program that has imported the API, or by its variable. Where neither can
    be, the API is not imported: that takes long, and this is asked on the event loop.
    """
    return any(_is_heard(*signal) for signal in _SIGNALS)


def _is_heard(module: str, getter: str, variable: str) -> bool:
    if module not in sys.modules and variable not in os.environ:
        return False
    provider = getattr(import_module(module), getter)()
    return not type(provider).__module__.startswith(_API)
