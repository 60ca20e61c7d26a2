"""The contract between the core and its plugins."""

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
