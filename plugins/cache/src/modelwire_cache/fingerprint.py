"""The fingerprint of a request: everything that bears on the answer."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    File,
    GuardContent,
    Image,
    MediaUrl,
    Message,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserContent,
)

if TYPE_CHECKING:
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model

__all__ = ["CacheRequest"]


@frozen
class CacheRequest:
    """A request without what differs from one run to the next.

    Times, deadlines, labels, the session and the usage of earlier answers are left out: they do not
    change what a model says. So is the address, since a model is named by its reference.

    Attributes:
        model: The model, as `provider/model-id`.
        asked: The conversation and the options, as plain JSON data; of images and files only a
            digest, and of `params` too, since those may hold anything.
    """

    model: str
    asked: dict[str, Any]

    @classmethod
    def of(cls, model: Model, context: Context, options: CompletionOptions) -> CacheRequest:
        """Read the arguments of the hook."""
        choice = options.tool_choice
        wanted = {
            "maxTokens": options.max_tokens,
            "temperature": options.temperature,
            "topP": options.top_p,
            "stop": list(options.stop) or None,
            "reasoning": options.reasoning,
            "toolChoice": [choice.mode, choice.name] if choice else None,
            "responseSchema": options.response_schema,
            "params": _digest(_json(options.params).encode()) if options.params else None,
        }
        asked: dict[str, Any] = {
            "system": context.system_prompt or None,
            "messages": [_message(message) for message in context.messages],
            "tools": [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                }
                for tool in context.tools
            ]
            or None,
            "options": {key: value for key, value in wanted.items() if value is not None} or None,
        }
        return cls(str(model.ref), {key: value for key, value in asked.items() if value})

    @property
    def key(self) -> str:
        """The name of the answer to it: equal requests have equal keys."""
        return _digest(_json([self.model, self.asked]).encode())[:32]


def _message(message: Message) -> dict[str, Any]:
    content = [_block(block) for block in message.content]
    match message:
        case AssistantMessage():
            return {"role": "assistant", "content": content}
        case ToolResultMessage():
            return {
                "role": "toolResult",
                "toolCallId": message.tool_call_id,
                "content": content,
                "isError": message.is_error,
            }
        case _:
            return {"role": "user", "content": content}


def _block(block: UserContent | AssistantContent) -> Any:
    match block:
        case Text():
            cited = [asdict(citation) for citation in block.citations]
            return {"text": block.text, "citations": cited} if cited else block.text
        case Thinking():
            return {"thinking": block.text, "signature": block.signature}
        case ToolCall():
            return {"id": block.id, "name": block.name, "arguments": block.arguments}
        case Image():
            return {"image": block.mime_type, "sha256": _digest(block.data)}
        case File():
            file = {"file": block.mime_type, "name": block.name, "sha256": _digest(block.data)}
            asked = {"citations": block.citations, "context": block.context}
            return file | {key: value for key, value in asked.items() if value is not None}
        case _:
            return _material(block)


def _material(block: MediaUrl | SearchResult | GuardContent) -> Any:
    if isinstance(block, GuardContent):
        return {"guarded": _block(block.content), "qualifiers": block.qualifiers}
    return {type(block).__name__: asdict(block)}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(data: object) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, default=repr)
