"""Shapes of Converse and ConverseStream responses, as far as they are read.

They follow the service model `bedrock-runtime` of botocore. Members that are not named here, and
the padding `p` that the service adds to every event, are skipped by the decoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Raw, Struct, ValidationError, convert, field
from msgspec.json import Decoder

from modelwire.authoring import parse_json

__all__ = [
    "BlockDeltaEvent",
    "BlockStartEvent",
    "BlockStopEvent",
    "CitationsContent",
    "ContentBlock",
    "ConverseAnswer",
    "ImageBlock",
    "MessageStartEvent",
    "MessageStopEvent",
    "Metadata",
    "ReasoningBlock",
    "ToolUseBlock",
    "ToolUseStart",
    "decode_delta",
    "decoder_of",
]


class ReasoningDelta(Struct, rename="camel", gc=False):
    """A piece of thinking: one of the three."""

    text: str | None = None
    signature: str | None = None
    redacted_content: bytes | None = None


class ToolUseDelta(Struct, rename="camel", gc=False):
    """A piece of the JSON text of a tool call's arguments."""

    input: str = ""


class ImageSource(Struct, rename="camel", gc=False):
    """The bytes of an image, or where they lie."""

    data: bytes | None = field(default=None, name="bytes")
    s3_location: dict[str, Any] | None = None


class ImageDelta(Struct, rename="camel", gc=False):
    """A piece of an image."""

    source: ImageSource | None = None
    error: dict[str, Any] | None = None


class BlockDelta(Struct, rename="camel", gc=False):
    """A piece of a content block: one of these, or one that is not known here."""

    text: str | None = None
    tool_use: ToolUseDelta | None = None
    reasoning_content: ReasoningDelta | None = None
    citation: dict[str, Any] | None = None
    image: ImageDelta | None = None
    tool_result: list[dict[str, Any]] | None = None


class BlockDeltaEvent(Struct, rename="camel", gc=False):
    """`contentBlockDelta`."""

    content_block_index: int
    delta: BlockDelta


class ToolUseStart(Struct, rename="camel", gc=False):
    """The beginning of a tool call. Some models send its whole input here."""

    tool_use_id: str
    name: str
    type: str | None = None
    input: Raw = Raw()


class BlockStart(Struct, rename="camel", gc=False):
    """The start of a block: one of these kinds, or one that is not known here."""

    tool_use: ToolUseStart | None = None
    tool_result: dict[str, Any] | None = None
    image: dict[str, Any] | None = None


class BlockStartEvent(Struct, rename="camel", gc=False):
    """`contentBlockStart`."""

    content_block_index: int
    start: BlockStart


class BlockStopEvent(Struct, rename="camel", gc=False):
    """`contentBlockStop`."""

    content_block_index: int


class MessageStartEvent(Struct, rename="camel", gc=False):
    """`messageStart`."""

    role: str


class MessageStopEvent(Struct, rename="camel", gc=False):
    """`messageStop`."""

    stop_reason: str
    additional_model_response_fields: Any = None


class Metadata(Struct, rename="camel", gc=False):
    """`metadata`, and the members of a Converse answer that say the same.

    The usage stays as it was written: an answer is not lost because its usage is wrong.
    """

    usage: Raw = Raw()
    metrics: dict[str, Any] | None = None
    trace: dict[str, Any] | None = None
    performance_config: dict[str, Any] | None = None
    service_tier: dict[str, Any] | None = None


class ToolUseBlock(Struct, rename="camel", gc=False):
    """A whole tool call. Its input stays as it was written, so that no number loses a digit."""

    tool_use_id: str
    name: str
    input: Raw = Raw()
    type: str | None = None


class ReasoningText(Struct, rename="camel", gc=False):
    """Thinking that may be shown, and its signature."""

    text: str = ""
    signature: str | None = None


class ReasoningBlock(Struct, rename="camel", gc=False):
    """A whole block of thinking: one of the two."""

    reasoning_text: ReasoningText | None = None
    redacted_content: bytes | None = None


class GeneratedText(Struct, rename="camel", gc=False):
    """Text that citations support."""

    text: str = ""


class CitationsContent(Struct, rename="camel", gc=False):
    """Text, and the citations that support it."""

    content: list[GeneratedText] = []
    citations: list[dict[str, Any]] = []


class ImageBlock(Struct, rename="camel", gc=False):
    """A whole image."""

    format: str | None = None
    source: ImageSource | None = None
    error: dict[str, Any] | None = None


class ContentBlock(Struct, rename="camel", gc=False):
    """A whole content block: one of these, or one that is not known here."""

    text: str | None = None
    tool_use: ToolUseBlock | None = None
    reasoning_content: ReasoningBlock | None = None
    citations_content: CitationsContent | None = None
    image: ImageBlock | None = None
    tool_result: dict[str, Any] | None = None


class Message(Struct, rename="camel", gc=False):
    """The message of the model."""

    role: str = "assistant"
    content: list[ContentBlock] = []


class Output(Struct, rename="camel", gc=False):
    """The output of Converse."""

    message: Message | None = None


class ConverseAnswer(Metadata, rename="camel", gc=False, kw_only=True):
    """The whole answer of Converse."""

    output: Output | None = None
    stop_reason: str
    additional_model_response_fields: Any = None


T = TypeVar("T")

_ESCAPE = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u(....)|.)"
)
_HALF = re.compile(rb"[dD][89a-fA-F]")


def decoder_of(kind: type[T]) -> Callable[[bytes], T]:
    """A decoder of whole JSON texts; half a character, which it would refuse, becomes U+FFFD.

    The decoder raises ValueError where the text is not of this kind.
    """
    decode = Decoder(kind).decode

    def decoded(text: bytes) -> T:
        try:
            return decode(text)
        except ValueError:
            whole = _ESCAPE.sub(_whole, text)
            if whole == text:
                raise
            return decode(whole)

    return decoded


def _whole(escape: re.Match[bytes]) -> bytes:
    single = escape[3]
    return rb"\ufffd" if single is not None and _HALF.match(single) else escape[0]


_decode_delta = Decoder(BlockDeltaEvent).decode


def decode_delta(text: bytes) -> BlockDeltaEvent:
    """Read `contentBlockDelta`; half a character stays, as the next event may bring the other.

    Raises:
        ValueError: The text is not such an event.
    """
    try:
        return _decode_delta(text)
    except ValidationError:
        raise
    except ValueError:
        return convert(parse_json(text), BlockDeltaEvent)
