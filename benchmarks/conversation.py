"""A long conversation with an agent: turns, tools and images."""

from __future__ import annotations

import struct
import zlib

from modelwire.messages import (
    AssistantMessage,
    Context,
    Image,
    Message,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)

__all__ = ["conversation"]

_WORDS = "The quick brown fox jumps over the lazy dog and reads the file once more. " * 12
_PARAMETERS = {
    "type": "object",
    "properties": {
        name: {"type": "string", "description": f"The {name} that it is about, as text."}
        for name in ("path", "pattern", "content", "reason")
    },
    "required": ["path"],
}


def conversation(turns: int, *, tools: int = 50, images: int = 20) -> Context:
    """Make one in which every second turn calls a tool, of about 1 KB a turn.

    Args:
        turns: Questions with their answers.
        tools: How many tools there are.
        images: How many of the questions come with an image of 30 KB.
    """
    picture = Image(_png(30_000), "image/png")
    messages: list[Message] = []
    for turn in range(turns):
        shown = [picture] if turn < images else []
        messages.append(UserMessage([Text(f"{turn}: {_WORDS}"), *shown]))
        if turn % 2 == 0:
            said = [Text("I will do that."), *_call(turn)]
            messages.append(AssistantMessage(said, "acme", "m"))
            messages.append(ToolResultMessage(f"call_{turn}", "tool_0", [Text(_WORDS[:300])]))
        messages.append(AssistantMessage([Text(_WORDS[:400])], "acme", "m"))
    messages.append(UserMessage([Text("Go on.")]))
    described = [Tool(f"tool_{n}", _WORDS[:200], _PARAMETERS) for n in range(tools)]
    return Context(messages, "You are a careful assistant.", described)


def _call(turn: int) -> list[ToolCall]:
    return [ToolCall(f"call_{turn}", "tool_0", {"path": f"src/{turn}.py", "content": _WORDS[:200]})]


def _png(size: int) -> bytes:
    """A grey image, which does not compress."""

    def part(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    side = int(size**0.5)
    rows = b"".join(b"\0" + bytes(side) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    data = zlib.compress(rows, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", data) + part(b"IEND", b"")
