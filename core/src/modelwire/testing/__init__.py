"""The conformance kit for plugin authors: one line of tests checks a provider.

    TestAcme = provider_suite("acme", wire=AcmeWire(), abilities={"tools", "max_tokens"})

Needs the extra `modelwire[testing]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.testing.batch_service import BatchOutcome, BatchService
    from modelwire.testing.listener import listening, stop_accepting
    from modelwire.testing.recordings import (
        KEPT_REQUEST_HEADERS,
        KEPT_RESPONSE_HEADERS,
        Interaction,
        RecordingTransport,
        harmless,
        is_binary,
        read_recordings,
        without_values,
    )
    from modelwire.testing.server import Gate, ReceivedRequest, Reply, WireServer
    from modelwire.testing.subject import ABILITIES, Ability
    from modelwire.testing.suite import provider_suite
    from modelwire.testing.wires import (
        JsonLinesWire,
        ScriptedAnswer,
        SseWire,
        Wire,
        fragments,
        pieces,
    )

__all__ = [
    "ABILITIES",
    "KEPT_REQUEST_HEADERS",
    "KEPT_RESPONSE_HEADERS",
    "Ability",
    "BatchOutcome",
    "BatchService",
    "Gate",
    "Interaction",
    "JsonLinesWire",
    "ReceivedRequest",
    "RecordingTransport",
    "Reply",
    "ScriptedAnswer",
    "SseWire",
    "Wire",
    "WireServer",
    "fragments",
    "harmless",
    "is_binary",
    "listening",
    "pieces",
    "provider_suite",
    "read_recordings",
    "stop_accepting",
    "without_values",
]

# pytest loads this package in every run.
__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "batch_service": (
            "BatchOutcome",
            "BatchService",
        ),
        "listener": ("listening", "stop_accepting"),
        "recordings": (
            "KEPT_REQUEST_HEADERS",
            "KEPT_RESPONSE_HEADERS",
            "Interaction",
            "RecordingTransport",
            "harmless",
            "is_binary",
            "read_recordings",
            "without_values",
        ),
        "server": (
            "Gate",
            "ReceivedRequest",
            "Reply",
            "WireServer",
        ),
        "subject": (
            "ABILITIES",
            "Ability",
        ),
        "suite": ("provider_suite",),
        "wires": (
            "JsonLinesWire",
            "ScriptedAnswer",
            "SseWire",
            "Wire",
            "fragments",
            "pieces",
        ),
    },
)
