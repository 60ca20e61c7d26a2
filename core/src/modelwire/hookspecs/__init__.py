"""The contract between the core and its plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.exports import lazy_exports

if TYPE_CHECKING:
    from modelwire.hookspecs.credentials import CredentialStatus, fingerprint
    from modelwire.hookspecs.discovery import DiscoverySettings
    from modelwire.hookspecs.late import late_stream
    from modelwire.hookspecs.options import CacheRetention, CompletionOptions, ToolChoice
    from modelwire.hookspecs.probing import probed
    from modelwire.hookspecs.setup import Question, Settings, SetupGuide
    from modelwire.hookspecs.specs import hookimpl

__all__ = [
    "CacheRetention",
    "CompletionOptions",
    "CredentialStatus",
    "DiscoverySettings",
    "Question",
    "Settings",
    "SetupGuide",
    "ToolChoice",
    "fingerprint",
    "hookimpl",
    "late_stream",
    "probed",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "credentials": ("CredentialStatus", "fingerprint"),
        "discovery": ("DiscoverySettings",),
        "late": ("late_stream",),
        "options": ("CacheRetention", "CompletionOptions", "ToolChoice"),
        "probing": ("probed",),
        "setup": ("Question", "Settings", "SetupGuide"),
        "specs": ("hookimpl",),
    },
)
