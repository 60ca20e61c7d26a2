"""The conformance kit for authors of plugins: one line of tests says whether a provider is right.

    TestAcme = provider_suite("acme", wire=AcmeWire(), abilities={"tools", "max_tokens"})

Needs the extra `modelwire[testing]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.exports import lazy_exports

if TYPE_CHECKING:
    from modelwire.testing.answers import Answer, fragments, pieces
    from modelwire.testing.received import ReceivedRequest
    from modelwire.testing.recording import RecordingTransport
    from modelwire.testing.recordings import Interaction, read_recordings
    from modelwire.testing.replies import Gate, Reply
    from modelwire.testing.server import WireServer
    from modelwire.testing.subject import ABILITIES, Ability
    from modelwire.testing.suite import provider_suite
    from modelwire.testing.wires import EventStreamWire, JsonLinesWire, SseWire, Wire

__all__ = [
    "ABILITIES",
    "Ability",
    "Answer",
    "EventStreamWire",
    "Gate",
    "Interaction",
    "JsonLinesWire",
    "ReceivedRequest",
    "RecordingTransport",
    "Reply",
    "SseWire",
    "Wire",
    "WireServer",
    "fragments",
    "pieces",
    "provider_suite",
    "read_recordings",
]

# pytest loads this package in every run.
__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "answers": ("Answer", "fragments", "pieces"),
        "received": ("ReceivedRequest",),
        "recording": ("RecordingTransport",),
        "recordings": ("Interaction", "read_recordings"),
        "replies": ("Gate", "Reply"),
        "server": ("WireServer",),
        "subject": ("ABILITIES", "Ability"),
        "suite": ("provider_suite",),
        "wires": ("EventStreamWire", "JsonLinesWire", "SseWire", "Wire"),
    },
)
