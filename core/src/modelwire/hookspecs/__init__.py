"""The contract between the core and its plugins."""

from modelwire.hookspecs.credentials import CredentialStatus
from modelwire.hookspecs.options import CacheRetention, CompletionOptions, ToolChoice
from modelwire.hookspecs.specs import hookimpl

__all__ = ["CacheRetention", "CompletionOptions", "CredentialStatus", "ToolChoice", "hookimpl"]
