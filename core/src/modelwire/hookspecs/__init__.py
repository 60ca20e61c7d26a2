"""The contract between the core and its plugins: hooks and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.hookspecs.apis import OtherApis
    from modelwire.hookspecs.credentials import CredentialStatus, fingerprint
    from modelwire.hookspecs.embeddings import (
        EmbeddingBatch,
        EmbeddingLimits,
        Vector,
    )
    from modelwire.hookspecs.jobs import (
        BatchItem,
        BatchJob,
        BatchJobs,
        BatchJobState,
        BatchResult,
        BatchTerms,
    )
    from modelwire.hookspecs.observation import (
        AgentOperation,
        BeginObserver,
        CompletionOperation,
        Observer,
        Operation,
        OperationOutcome,
        ToolOperation,
    )
    from modelwire.hookspecs.options import (
        CacheRetention,
        CompletionOptions,
        DiscoverySettings,
        EmbeddingInput,
        EmbeddingOptions,
        ToolChoice,
    )
    from modelwire.hookspecs.setup import Question, Settings, SetupGuide
    from modelwire.hookspecs.specs import hookimpl

__all__ = [
    "AgentOperation",
    "BatchItem",
    "BatchJob",
    "BatchJobState",
    "BatchJobs",
    "BatchResult",
    "BatchTerms",
    "BeginObserver",
    "CacheRetention",
    "CompletionOperation",
    "CompletionOptions",
    "CredentialStatus",
    "DiscoverySettings",
    "EmbeddingBatch",
    "EmbeddingInput",
    "EmbeddingLimits",
    "EmbeddingOptions",
    "Observer",
    "Operation",
    "OperationOutcome",
    "OtherApis",
    "Question",
    "Settings",
    "SetupGuide",
    "ToolChoice",
    "ToolOperation",
    "Vector",
    "fingerprint",
    "hookimpl",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "apis": ("OtherApis",),
        "credentials": (
            "CredentialStatus",
            "fingerprint",
        ),
        "embeddings": (
            "EmbeddingBatch",
            "EmbeddingLimits",
            "Vector",
        ),
        "jobs": (
            "BatchItem",
            "BatchJob",
            "BatchJobState",
            "BatchJobs",
            "BatchResult",
            "BatchTerms",
        ),
        "observation": (
            "AgentOperation",
            "BeginObserver",
            "CompletionOperation",
            "Observer",
            "Operation",
            "OperationOutcome",
            "ToolOperation",
        ),
        "options": (
            "CacheRetention",
            "CompletionOptions",
            "DiscoverySettings",
            "EmbeddingInput",
            "EmbeddingOptions",
            "ToolChoice",
        ),
        "setup": (
            "Question",
            "Settings",
            "SetupGuide",
        ),
        "specs": ("hookimpl",),
    },
)
