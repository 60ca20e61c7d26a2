"""Token counts of requests."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from modelwire.dialects import Dialect
from modelwire.errors import AccessDenied, NotFound
from modelwire.messages import (
    AssistantMessage,
    Context,
    File,
    GuardContent,
    Image,
    MediaUrl,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
)
from modelwire.models import Model
from modelwire_gateway.doors.body import off_loop
from modelwire_gateway.doors.visit import ClientRequest, ResolvedModel, require_allowed
from modelwire_gateway.gateway import Gateway
from modelwire_gateway.records import RequestRecord

__all__ = ["count_tokens", "estimate_tokens"]

_CHARACTERS: Final = 4
_IMAGE: Final = 1600
_FILE_BYTES: Final = 40
"""Of a file for each token: a page of a PDF has some 60 kB and 1,500 tokens."""


async def count_tokens(
    dialect: Dialect,
    gateway: Gateway,
    request: ClientRequest,
    resolved: ResolvedModel,
    record: RequestRecord,  # noqa: ARG001 - a handler's
) -> dict[str, Any]:
    """Count the tokens of a request, by the provider where it can.

    Args:
        dialect: Reads the request.
        gateway: What all doors share.
        request: The request.
        resolved: The model.
        record: The record of the request.

    Returns:
        The body of the answer. Where the provider does not count, `modelwire.estimated` says how the
        number was made.
    """
    require_allowed(gateway, request, resolved)
    model = resolved.called
    call = await off_loop(
        request.size, dialect.read, request.body, request.headers, model, resolved.upstream
    )
    owner = gateway.runtime.registry.owner(model.provider, model.api)
    reason = f"{owner.distribution} cannot count tokens."
    if owner.implements("count_tokens"):
        try:
            counted = await gateway.runtime.count_tokens(
                call.context, model=model.ref, options=call.options
            )
        except (AccessDenied, NotFound) as error:
            reason = error.message
        else:
            return {"input_tokens": counted}
    return await off_loop(request.size, _estimated, call.context, model, reason)


def _estimated(context: Context, model: Model, reason: str) -> dict[str, Any]:
    how = f"{_CHARACTERS} characters count as a token, and an image as {_IMAGE}"
    return {
        "input_tokens": estimate_tokens(context),
        "modelwire": {"estimated": f"{reason} {how}.", "model": str(model.ref)},
    }


def estimate_tokens(context: Context) -> int:
    """Estimate the tokens of a conversation from its length."""
    characters = len(context.system_prompt or "")
    characters += sum(
        len(tool.name) + len(tool.description) + len(msgspec.json.encode(tool.parameters))
        for tool in context.tools
    )
    tokens = 0
    for message in context.messages:
        for block in message.content:
            tokens += _media(block)
            characters += len(_text(block))
        if isinstance(message, AssistantMessage):
            characters += sum(
                len(msgspec.json.encode(call.arguments)) for call in message.tool_calls
            )
    return tokens + -(-characters // _CHARACTERS)


def _text(block: object) -> str:
    match block:
        case Text() | Thinking():
            return block.text
        case ToolCall():
            return block.name
        case SearchResult():
            return "".join(block.content)
        case GuardContent(content=Text(text=text)):
            return text
        case _:
            return ""


def _media(block: object) -> int:
    match block:
        case Image() | MediaUrl() | GuardContent(content=Image()):
            return _IMAGE
        case File():
            return len(block.data) // _FILE_BYTES
        case _:
            return 0
