"""Results of MCP tools as content that a model gets."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from modelwire.messages import File, Image, Text, UserContent
from modelwire_mcp.errors import McpToolError

__all__ = ["content_of"]

_UNNAMED = "application/octet-stream"


def content_of(result: CallToolResult) -> list[UserContent]:
    """The content of a result, in its order; structured content as JSON where there is no text.

    Raises:
        McpToolError: The result says that the tool failed.
    """
    blocks = [block for part in result.content for block in _blocks(part)]
    texts = [block.text for block in blocks if isinstance(block, Text)]
    if not texts and result.structured_content is not None:
        blocks.append(Text(json.dumps(result.structured_content, ensure_ascii=False)))
        texts = [blocks[-1].text] if isinstance(blocks[-1], Text) else []
    if result.is_error:
        raise McpToolError("\n".join(texts) or "The tool failed, and did not say why.")
    return blocks or [Text("")]


def _blocks(part: Any) -> Iterator[UserContent]:
    match part:
        case TextContent():
            yield Text(part.text)
        case ImageContent():
            yield Image(_bytes(part.data), part.mime_type)
        case AudioContent():
            yield File(_bytes(part.data), part.mime_type)
        case EmbeddedResource(resource=TextResourceContents() as resource):
            yield Text(resource.text)
        case EmbeddedResource(resource=BlobResourceContents() as resource):
            mime_type = resource.mime_type or _UNNAMED
            if mime_type.startswith("image/"):
                yield Image(_bytes(resource.blob), mime_type)
            else:
                yield File(_bytes(resource.blob), mime_type)
        case ResourceLink():
            yield Text(f"{part.name}: {part.uri}")
        case _:  # of a newer protocol
            yield Text(f"({type(part).__name__}, which cannot be shown)")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        msg = "The server sent data that is not Base64."
        raise McpToolError(msg) from None
