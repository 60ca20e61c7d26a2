"""Amazon Bedrock on your own machine: real HTTP, real event streams, real rules.

    with Emulator() as emulator:
        emulator.answer("Hello!")
        client = boto3.client("bedrock-runtime", **emulator.client_options())

It judges requests with botocore's service model and a table of its own, and shares nothing with the
client side of this package; so each can be tested against the other.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
    from modelwire_bedrock.emulator.authentication import Credentials
    from modelwire_bedrock.emulator.catalogue import load_catalogue
    from modelwire_bedrock.emulator.faults import Fault
    from modelwire_bedrock.emulator.received import ReceivedRequest
    from modelwire_bedrock.emulator.recordings import Recorder, Recordings
    from modelwire_bedrock.emulator.refusals import EmulatorError
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

_HOMES = {
    "Answer": "answers",
    "BEARER_TOKEN": "server",
    "CREDENTIALS": "server",
    "Citation": "answers",
    "Credentials": "authentication",
    "Emulator": "server",
    "EmulatorError": "refusals",
    "Fault": "faults",
    "Match": "scenario",
    "Pacing": "answers",
    "ReceivedRequest": "received",
    "Recorder": "recordings",
    "Recordings": "recordings",
    "RedactedThinking": "answers",
    "Scenario": "scenario",
    "Step": "scenario",
    "Text": "answers",
    "Thinking": "answers",
    "TokenUsage": "answers",
    "ToolUse": "answers",
    "Upstream": "upstream",
    "load_catalogue": "catalogue",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: pytest loads this package in every run."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
