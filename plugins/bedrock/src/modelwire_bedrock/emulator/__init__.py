"""The emulator of Amazon Bedrock: real HTTP, real event streams, real rules.

    with Emulator() as emulator:
        emulator.answer("Hello!")
        client = boto3.client("bedrock-runtime", **emulator.client_options())

It judges requests with botocore's service model and a table of its own, and shares nothing with the
client side of this package; so each can be tested against the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire_bedrock.emulator.answers import (
        Answer,
        Citation,
        Pacing,
        RedactedThinking,
        Text,
        Thinking,
        TokenUsage,
        ToolUse,
    )
    from modelwire_bedrock.emulator.auth import Credentials
    from modelwire_bedrock.emulator.catalogue import load_catalogue
    from modelwire_bedrock.emulator.errors import EmulatorError
    from modelwire_bedrock.emulator.faults import Fault
    from modelwire_bedrock.emulator.received import ReceivedRequest
    from modelwire_bedrock.emulator.recordings import Recorder, Recordings
    from modelwire_bedrock.emulator.scenario import Match, Scenario, Step
    from modelwire_bedrock.emulator.server import BEARER_TOKEN, CREDENTIALS, Emulator
    from modelwire_bedrock.emulator.upstream import Upstream

__all__ = [
    "BEARER_TOKEN",
    "CREDENTIALS",
    "Answer",
    "Citation",
    "Credentials",
    "Emulator",
    "EmulatorError",
    "Fault",
    "Match",
    "Pacing",
    "ReceivedRequest",
    "Recorder",
    "Recordings",
    "RedactedThinking",
    "Scenario",
    "Step",
    "Text",
    "Thinking",
    "TokenUsage",
    "ToolUse",
    "Upstream",
    "load_catalogue",
]

# pytest loads this package in every run.
__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "answers": (
            "Answer",
            "Citation",
            "Pacing",
            "RedactedThinking",
            "Text",
            "Thinking",
            "TokenUsage",
            "ToolUse",
        ),
        "auth": ("Credentials",),
        "catalogue": ("load_catalogue",),
        "errors": ("EmulatorError",),
        "faults": ("Fault",),
        "received": ("ReceivedRequest",),
        "recordings": (
            "Recorder",
            "Recordings",
        ),
        "scenario": (
            "Match",
            "Scenario",
            "Step",
        ),
        "server": (
            "BEARER_TOKEN",
            "CREDENTIALS",
            "Emulator",
        ),
        "upstream": ("Upstream",),
    },
)
