"""The table of body formats, and answers in them."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from fnmatch import fnmatchcase
from typing import Any

from modelwire_bedrock.emulator.answers import WireEvent
from modelwire_bedrock.emulator.errors import Refusal, validation
from modelwire_bedrock.emulator.invoke.anthropic import ANTHROPIC
from modelwire_bedrock.emulator.invoke.body import BodyFormat, counts, metrics
from modelwire_bedrock.emulator.invoke.chat import CHAT
from modelwire_bedrock.emulator.invoke.nova import NOVA
from modelwire_bedrock.emulator.invoke.prompts import COMMAND, COMMAND_R, LLAMA, MISTRAL, R1, TITAN

__all__ = ["FORMATS", "body_format", "chunked", "no_format", "token_headers", "usage_headers"]

FORMATS = (ANTHROPIC, NOVA, TITAN, LLAMA, MISTRAL, R1, COMMAND_R, COMMAND, CHAT)
"""The formats, the first that matches counts."""


def body_format(model: str) -> BodyFormat | None:
    """The format of a foundation model, or `None`."""
    return next(
        (one for one in FORMATS if any(fnmatchcase(model, pattern) for pattern in one.patterns)),
        None,
    )


def no_format(model: str) -> Refusal:
    """A refusal of a model whose bodies the emulator does not know."""
    known = ", ".join(one.name for one in FORMATS)
    return validation(
        f"The emulator has no body format of {model} for InvokeModel. It has those of {known}, and "
        "embeddings of Amazon Titan, Amazon Nova and Cohere."
    )


def token_headers(read: int, written: int, latency: int = 120) -> dict[str, str]:
    """The response headers in which InvokeModel counts tokens."""
    return {
        "x-amzn-bedrock-input-token-count": str(read),
        "x-amzn-bedrock-output-token-count": str(written),
        "x-amzn-bedrock-invocation-latency": str(latency),
    }


async def chunked(
    form: BodyFormat, model: str, events: AsyncIterator[WireEvent]
) -> AsyncIterator[WireEvent]:
    """The chunks of InvokeModelWithResponseStream from the events of ConverseStream.

    A chunk is written when the next one is known: the last one holds the counts of tokens.
    """
    writer, held = form.chunks(model), list[dict[str, Any]]()
    usage: dict[str, Any] = {}
    async for name, payload in events:
        usage = payload.get("usage", usage)
        for chunk in writer.feed(name, payload):
            if held:
                yield _chunk(held.pop())
            held.append(chunk)
    if held:
        yield _chunk({**held[0], "amazon-bedrock-invocationMetrics": metrics(usage, 120, 60)})


def _chunk(body: dict[str, Any]) -> WireEvent:
    data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return "chunk", {"bytes": base64.b64encode(data).decode("ascii")}


def usage_headers(usage: dict[str, Any]) -> dict[str, str]:
    """The same from the usage of Converse."""
    return token_headers(*counts(usage))
