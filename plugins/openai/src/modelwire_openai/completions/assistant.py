"""Assistant messages of Chat Completions.

Text is one string: an array of parts makes some models repeat the structure. Thinking goes back to
the model that thought it, in the field that it came in, or in its tags where the model needs them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from modelwire.authoring import encode_json, parse_json_or_none
from modelwire.messages import AssistantMessage, Text, Thinking, ToolCall
from modelwire.repair import AssistantTurn, clean_arguments, clean_text, is_blank, text_of
from modelwire_openai.completions.rendering import Rendering
from modelwire_openai.completions.think_tags import closing_tag
from modelwire_openai.completions.user import BLANK

__all__ = [
    "REASONING_CONTENT",
    "REASONING_FIELDS",
    "call_signature",
    "details_signature",
    "is_opaque",
    "read_call_signature",
    "read_details",
    "reasoning_field",
    "render_assistant",
]

REASONING_CONTENT = "reasoning_content"
REASONING_FIELDS = (REASONING_CONTENT, "reasoning", "reasoning_text")
"""The fields that services send thinking in; the first that holds something counts."""


def reasoning_field(signature: str | None) -> str | None:
    """The field that thinking came in, or `None` where its signature names none."""
    return signature if signature in REASONING_FIELDS else None


def is_opaque(detail: dict[str, Any]) -> bool:
    """Whether a detail holds what only the service understands."""
    return bool(detail.get("signature") or detail.get("data"))


def details_signature(details: Sequence[dict[str, Any]]) -> str:
    """Write the details of thinking as its signature."""
    return json.dumps(list(details), ensure_ascii=False, separators=(",", ":"))


def read_details(signature: str | None) -> list[dict[str, Any]] | None:
    """The details that a signature holds, or `None` where it holds none."""
    data = _json(signature)
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        return None
    return data or None


def call_signature(
    detail: dict[str, Any] | None, extra_content: dict[str, Any] | None
) -> str | None:
    """Write what came with a tool call as its signature."""
    kept = {"extra_content": extra_content} if extra_content else detail
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else None


def read_call_signature(signature: str | None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The details that belong into the message, and the keys that belong to the call itself."""
    data = _json(signature)
    if not isinstance(data, dict):
        return [], {}
    if isinstance(data.get("extra_content"), dict):
        return [], {"extra_content": data["extra_content"]}
    return ([data], {}) if str(data.get("type", "")).startswith("reasoning.") else ([], {})


def _json(signature: str | None) -> Any:
    if not signature or signature[0] not in "[{":
        return None
    return parse_json_or_none(signature)


_PARAGRAPH = "\n\n"

_Message = dict[str, Any]


def render_assistant(
    message: AssistantMessage, path: str, rendering: Rendering
) -> AssistantTurn[_Message | None]:
    """Write an assistant message; if it is empty, the content is `None`."""
    return _Renderer(message, path, rendering).render()


class _Renderer:
    def __init__(self, message: AssistantMessage, path: str, rendering: Rendering) -> None:
        self._message = message
        self._path = path
        self._to = rendering
        self._own = rendering.is_own(message)
        self._texts: list[str] = []
        self._thoughts: dict[str, list[str]] = {}
        self._details: list[Any] = []
        self._calls: list[dict[str, Any]] = []
        self._spoken: AssistantTurn[_Message | None] = AssistantTurn(path, None)

    def render(self) -> AssistantTurn[_Message | None]:
        for index, block in enumerate(self._message.content):
            place = f"{self._path}.content[{index}]"
            if isinstance(block, Text):
                self._text(block, place)
            elif isinstance(block, Thinking):
                self._thinking(block, place)
            else:
                self._call(block, place)
        self._spoken.content = self._written()
        return self._spoken

    def _written(self) -> dict[str, Any] | None:
        if not (self._texts or self._calls):
            return None
        text = "".join(self._texts).removesuffix(_PARAGRAPH)
        # OpenAI takes no content beside calls as `null`; DeepSeek and others want a string.
        empty = "" if self._to.compat.requires_string_content else None
        written: dict[str, Any] = {"role": "assistant", "content": text or empty}
        for name, texts in self._thoughts.items():
            written[name] = "".join(texts)
        if self._to.compat.requires_reasoning_content_on_assistant_messages:
            written.setdefault(REASONING_CONTENT, "")
        if self._details:
            written["reasoning_details"] = self._details
        if self._calls:
            written["tool_calls"] = self._calls
        return written

    def _text(self, block: Text, path: str) -> None:
        text = text_of(block, path, self._to.changes, blank=BLANK)
        if text is not None:
            self._texts.append(text)

    def _thinking(self, block: Thinking, path: str) -> None:
        rendering = self._to
        text = "" if block.redacted else clean_text(block.text)
        details = read_details(block.signature) if self._own and not block.redacted else None
        if details and not rendering.compat.strict_message_keys:
            self._details += details
            return
        if is_blank(text):
            rendering.changes.dropped(
                path, "Thinking without text can only go back to the model it is from."
            )
            return
        closing = closing_tag(block.signature) if self._own else None
        if closing and rendering.compat.requires_thinking_in_tags:
            self._texts.append(f"{block.signature}{text}{closing}{_PARAGRAPH}")
            return
        own_field = reasoning_field(block.signature) if self._own else None
        if rendering.compat.requires_reasoning_content_on_assistant_messages:
            own_field = own_field or REASONING_CONTENT
        if own_field and not (
            rendering.compat.requires_thinking_as_text or rendering.compat.strict_message_keys
        ):
            self._thoughts.setdefault(own_field, []).append(text)
        elif self._own and rendering.compat.requires_thinking_as_text:
            rendering.changes.rewritten(path, "The configuration sends thinking back as text.")
            self._texts.append(text + _PARAGRAPH)
        elif self._own:
            rendering.changes.dropped(
                path, "The model's own earlier thinking is not sent back to it."
            )
        else:
            # As text the model would repeat it to the user.
            rendering.changes.dropped(path, "Only the model that thought this takes it back.")

    def _call(self, call: ToolCall, path: str) -> None:
        rendering = self._to
        wire_id = rendering.ids.new(call.id, own=rendering.is_own_api(self._message))
        if wire_id != call.id:
            rendering.changes.rewritten(
                f"{path}.id", "A call's id is short and plain, and no other call has it."
            )
        name = rendering.names.sent(call.name, path, rendering.changes)
        function = {
            "name": name,
            "arguments": _as_text(clean_arguments(call, path, rendering.changes)),
        }
        written: dict[str, Any] = {"id": wire_id, "type": "function", "function": function}
        if self._own and not rendering.compat.strict_message_keys:
            details, more = read_call_signature(call.signature)
            self._details += details
            written |= more
        self._calls.append(written)
        self._spoken.calls.append((wire_id, call, path))


def _as_text(arguments: dict[str, Any]) -> str:
    return encode_json(arguments).decode()
