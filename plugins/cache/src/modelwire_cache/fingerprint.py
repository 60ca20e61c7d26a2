"""The fingerprint of a request: everything that bears on the answer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

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
    from modelwire.hookspecs import CompletionOptions, EmbeddingOptions
    from modelwire.messages import Context
    from modelwire.models import Model

__all__ = ["Kind", "RecordedRequest", "digest", "replaced"]

Kind = Literal["completion", "token count", "embedding"]
"""The kinds of requests to a model."""

_KEY_LENGTH = 16


@frozen
class RecordedRequest:
    """A request without what differs from one run to the next.

    Times, deadlines, labels, the session and the usage of earlier answers are left out: they do not
    change what a model says. So is the address, since a model is named by its reference.

    Attributes:
        kind: The kind of request.
        model: The model, as `provider/model-id`.
        content: The conversation and the options, as plain JSON data; of images and files only a
            digest, and of the texts in `params` too, since those may hold anything.
    """

    kind: Kind
    model: str
    content: dict[str, Any]

    @classmethod
    def of(
        cls,
        kind: Kind,
        model: Model,
        context: Context,
        options: CompletionOptions,
        names: Mapping[str, str],
    ) -> RecordedRequest:
        """Read the arguments of a hook that takes a conversation.

        Args:
            kind: The kind of request.
            model: The model.
            context: The conversation.
            options: The options.
            names: Texts that differ from one run to the next, each with the name that takes its
                place.
        """
        choice = options.tool_choice
        wanted = {
            "maxTokens": options.max_tokens,
            "temperature": options.temperature,
            "topP": options.top_p,
            "stop": list(options.stop) or None,
            "reasoning": options.reasoning,
            "toolChoice": [choice.mode, choice.name] if choice else None,
            "responseSchema": options.response_schema,
            "params": _parameters(replaced(options.params, names)) or None,
        }
        content: dict[str, Any] = {
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
        given = {key: value for key, value in content.items() if value}
        return cls(kind, str(model.ref), replaced(given, names))

    @classmethod
    def of_texts(
        cls,
        model: Model,
        texts: Sequence[str],
        options: EmbeddingOptions,
        names: Mapping[str, str],
    ) -> RecordedRequest:
        """Read the arguments of the hook that takes texts.

        Args:
            model: The model.
            texts: The texts to embed.
            options: The options.
            names: Texts that differ from one run to the next, each with the name that takes its
                place.
        """
        wanted = {
            "dimensions": options.dimensions,
            "inputType": options.input_type,
            "normalize": options.normalize,
            "params": _parameters(replaced(options.params, names)) or None,
        }
        given = {key: value for key, value in wanted.items() if value is not None}
        content = {"texts": list(texts), **({"options": given} if given else {})}
        return cls("embedding", str(model.ref), replaced(content, names))

    @property
    def key(self) -> str:
        """The name of the answers to it: equal requests have equal keys."""
        text = _json([self.kind, self.model, self.content])
        return digest(text.encode("utf-8", "surrogatepass"))[:_KEY_LENGTH]

    @property
    def question(self) -> str:
        """The last text before the answer; empty where there is none."""
        texts = [
            text
            for message in self.content.get("messages", [])
            for block in message["content"]
            if (text := block if isinstance(block, str) else block.get("text"))
        ]
        texts += self.content.get("texts", [])
        return str(texts[-1]) if texts else ""


def digest(data: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def replaced(data: Any, names: Mapping[str, str]) -> Any:
    """JSON data with texts replaced by names, the longest first; keys of objects stay."""
    if not names:
        return data
    if isinstance(data, str):
        for text in sorted(names, key=len, reverse=True):
            data = data.replace(text, names[text])
        return data
    if isinstance(data, list | tuple):
        return [replaced(item, names) for item in data]
    if isinstance(data, dict):
        return {key: replaced(item, names) for key, item in data.items()}
    return data


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
            signature = digest(block.signature.encode()) if block.signature else None
            return {"thinking": block.text, "signature": signature}
        case ToolCall():
            return {"id": block.id, "name": block.name, "arguments": block.arguments}
        case Image():
            return {"image": block.mime_type, "sha256": digest(block.data)}
        case File():
            file = {"file": block.mime_type, "name": block.name, "sha256": digest(block.data)}
            settings = {"citations": block.citations, "context": block.context}
            return file | {key: value for key, value in settings.items() if value is not None}
        case _:
            return _material(block)


def _material(block: MediaUrl | SearchResult | GuardContent) -> Any:
    if isinstance(block, GuardContent):
        return {"guarded": _block(block.content), "qualifiers": block.qualifiers}
    return {type(block).__name__: asdict(block)}


def _parameters(data: Any) -> Any:
    """Request parameters: their structure, numbers and truth values, and digests of their texts."""
    match data:
        case dict():
            return {str(key): _parameters(item) for key, item in data.items()}
        case list() | tuple():
            return [_parameters(item) for item in data]
        case bool() | int() | float() | None:
            return data
        case _:
            text = data if isinstance(data, str) else repr(data)
            return f"sha256:{digest(text.encode('utf-8', 'surrogatepass'))[:_KEY_LENGTH]}"


def _json(data: object) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, default=repr)
