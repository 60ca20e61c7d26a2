"""The gateway: providers of modelwire behind the APIs that clients already speak.

`app` makes the ASGI application that `modelwire serve` runs, for programs that mount it in their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwire_gateway.application import app
    from modelwire_gateway.settings import Settings

__all__ = ["Settings", "app"]

_HOMES = {"Settings": "modelwire_gateway.settings", "app": "modelwire_gateway.application"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)
