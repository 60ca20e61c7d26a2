"""Answers of the emulated model, and their form on the wire.

Every answer becomes a list of wire events, `(name, payload)`. ConverseStream sends them as frames;
Converse folds them into one body. So both operations always say the same.
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import Factory, field, frozen

from modelwire_bedrock.emulator.documents import parse_json

__all__ = [
    "Answer",
    "Block",
    "Citation",
    "Pacing",
    "RedactedThinking",
    "Text",
    "Thinking",
    "TokenUsage",
    "ToolUse",
    "WireEvent",
    "converse_body",
    "wire_events",
]

WireEvent = tuple[str, dict[str, Any]]

_WORDS = re.compile(r"\s*\S+\s*")


@frozen
class Text:
    """Text. `pieces` are the deltas to send it in; by default one for each word or two."""

    text: str
    pieces: tuple[str, ...] | None = None


@frozen
class Thinking:
    """Thinking with its signature; without one (`None`) none is sent."""

    text: str
    signature: str | None = None


@frozen
class RedactedThinking:
    """Redacted thinking: opaque bytes."""

    data: bytes


@frozen
class ToolUse:
    """A tool call; its id is made up where none is given.

    Attributes:
        name: The tool's name.
        input: The arguments. A string is sent unchanged, so that it may be broken JSON.
        id: The `toolUseId`.
        pieces: In how many deltas the arguments are sent.
    """

    name: str
    input: dict[str, Any] | str = Factory(dict)
    id: str = Factory(lambda: f"tooluse_{uuid.uuid4().hex[:22]}")
    pieces: int = 2


@frozen
class Citation:
    """A citation of the text before it, as Converse writes it: `title`, `location` and so on."""

    citation: dict[str, Any]


Block = Text | Thinking | RedactedThinking | ToolUse | Citation


@frozen
class TokenUsage:
    """Token counts. Bedrock's `inputTokens` leave out what the cache read or wrote."""

    input: int = 0
    output: int = 0
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_1h: int | None = None

    def wire(self) -> dict[str, Any]:
        """The `usage` member; the total counts cached tokens too, as recorded ones do."""
        read, write = self.cache_read or 0, self.cache_write or 0
        usage: dict[str, Any] = {"inputTokens": self.input, "outputTokens": self.output}
        usage["totalTokens"] = self.input + self.output + read + write
        if self.cache_read is not None or self.cache_write is not None:
            usage["cacheReadInputTokens"] = usage["cacheReadInputTokenCount"] = read
            usage["cacheWriteInputTokens"] = usage["cacheWriteInputTokenCount"] = write
        if self.cache_write_1h is not None:
            short = write - self.cache_write_1h
            kept = [{"inputTokens": self.cache_write_1h, "ttl": "1h"}]
            kept += [{"inputTokens": short, "ttl": "5m"}] if short else []
            usage["cacheDetails"] = kept
        return usage


@frozen
class Pacing:
    """How fast an answer comes, in seconds: before the headers, and between two events."""

    first: float = 0.0
    between: float = 0.0


def _blocks(content: str | Block | Iterable[Block]) -> tuple[Block, ...]:
    if isinstance(content, str):
        return (Text(content),)
    if isinstance(content, Text | Thinking | RedactedThinking | ToolUse | Citation):
        return (content,)
    return tuple(content)


@frozen
class Answer:
    """One answer of the model.

    Attributes:
        content: A string, a block or blocks.
        stop_reason: Bedrock's term; by default `tool_use` where there is a tool call, else
            `end_turn`.
        usage: The tokens; by default an estimate from the request and the answer.
        pacing: How fast it comes; `None` leaves it to the scenario.
        latency_ms: `metrics.latencyMs`.
        extra: Further members of the `metadata` event, such as `trace` or `serviceTier`.
        additional: `additionalModelResponseFields`, or `None`.
        events: The wire events themselves, in place of all the above.
    """

    content: tuple[Block, ...] = field(default=(), converter=_blocks)
    stop_reason: str | None = None
    usage: TokenUsage | None = None
    pacing: Pacing | None = None
    latency_ms: int = 120
    extra: dict[str, Any] = Factory(dict)
    additional: dict[str, Any] | None = None
    events: tuple[WireEvent, ...] | None = None


def wire_events(answer: Answer, usage: TokenUsage) -> list[WireEvent]:
    """The events of an answer; `usage` is used where the answer names none."""
    if answer.events is not None:
        return list(answer.events)
    events: list[WireEvent] = [("messageStart", {"role": "assistant"})]
    index = -1
    open_text = False
    for block in answer.content:
        if isinstance(block, Citation) and open_text:
            # A citation belongs to the text block that is open.
            events.insert(-1, _delta(index, {"citation": block.citation}))
            continue
        index += 1
        open_text = isinstance(block, Text | Citation)
        events += _block_events(index, block)
        events.append(("contentBlockStop", {"contentBlockIndex": index}))
    stop: dict[str, Any] = {"stopReason": answer.stop_reason or _stop_reason(answer.content)}
    if answer.additional is not None:
        stop["additionalModelResponseFields"] = answer.additional
    events.append(("messageStop", stop))
    metrics = {"latencyMs": answer.latency_ms}
    counted = (answer.usage or usage).wire()
    events.append(("metadata", {"usage": counted, "metrics": metrics, **answer.extra}))
    return events


def _stop_reason(content: Sequence[Block]) -> str:
    return "tool_use" if any(isinstance(block, ToolUse) for block in content) else "end_turn"


def _block_events(index: int, block: Block) -> list[WireEvent]:
    if isinstance(block, Text):
        return [_delta(index, {"text": piece}) for piece in block.pieces or _split(block.text)]
    if isinstance(block, Thinking):
        deltas: list[dict[str, Any]] = [{"text": piece} for piece in _split(block.text)]
        deltas += [] if block.signature is None else [{"signature": block.signature}]
        return [_delta(index, {"reasoningContent": delta}) for delta in deltas]
    if isinstance(block, RedactedThinking):
        data = base64.b64encode(block.data).decode("ascii")
        return [_delta(index, {"reasoningContent": {"redactedContent": data}})]
    if isinstance(block, Citation):
        return [_delta(index, {"citation": block.citation})]
    start = {"toolUse": {"toolUseId": block.id, "name": block.name}}
    events: list[WireEvent] = [("contentBlockStart", {"contentBlockIndex": index, "start": start})]
    arguments = block.input if isinstance(block.input, str) else json.dumps(block.input)
    size = max(1, -(-len(arguments) // max(1, block.pieces)))
    pieces = [arguments[at : at + size] for at in range(0, len(arguments), size)]
    return events + [_delta(index, {"toolUse": {"input": piece}}) for piece in pieces]


def _delta(index: int, delta: dict[str, Any]) -> WireEvent:
    return ("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _split(text: str) -> list[str]:
    words = _WORDS.findall(text) or [text]
    return ["".join(words[at : at + 2]) for at in range(0, len(words), 2)]


def converse_body(events: Iterable[WireEvent]) -> dict[str, Any]:
    """Fold the events of a stream into the body of a Converse answer."""
    blocks: dict[int, list[dict[str, Any]]] = {}
    body: dict[str, Any] = {}
    for name, payload in events:
        if name == "contentBlockStart":
            blocks.setdefault(payload["contentBlockIndex"], []).append(payload["start"])
        elif name == "contentBlockDelta":
            blocks.setdefault(payload["contentBlockIndex"], []).append(payload["delta"])
        elif name in ("messageStop", "metadata"):
            body.update(payload)
    content = [_folded(parts) for _, parts in sorted(blocks.items())]
    message = {"role": "assistant", "content": content}
    return {"output": {"message": message}, **body}


def _folded(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    kinds = [next(iter(part)) for part in parts]
    if "toolUse" in kinds:
        call = dict(parts[0]["toolUse"])
        text = "".join(part["toolUse"].get("input", "") for part in parts[1:])
        try:
            call["input"] = parse_json(text or "{}")
        except ValueError:
            call["input"] = text
        return {"toolUse": call}
    text = "".join(part["text"] for part in parts if "text" in part)
    if "citation" in kinds:
        citations = [part["citation"] for part in parts if "citation" in part]
        return {"citationsContent": {"content": [{"text": text}], "citations": citations}}
    if "reasoningContent" not in kinds:
        return {"text": text}
    return {"reasoningContent": _folded_reasoning([part["reasoningContent"] for part in parts])}


def _folded_reasoning(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    if any("redactedContent" in part for part in parts):
        chunks = (base64.b64decode(part.get("redactedContent", "")) for part in parts)
        return {"redactedContent": base64.b64encode(b"".join(chunks)).decode("ascii")}
    thought = {"text": "".join(part.get("text", "") for part in parts)}
    signature = "".join(part.get("signature", "") for part in parts)
    return {"reasoningText": {**thought, **({"signature": signature} if signature else {})}}
