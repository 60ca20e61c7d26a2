"""User messages and tool results as text, which is all that the engine's templates take."""

from __future__ import annotations

from collections.abc import Sequence

from modelwire.errors import InvalidRequest
from modelwire.messages import File, Image, Text, ToolResultMessage, UserContent
from modelwire.repair import NO_RESULT, clean_text, plain_block, text_of
from modelwire_local.chat.rendering import IN_WORDS, ChatMessage, Rendering

__all__ = ["BLANK", "missing_result", "render_user", "result_of"]

BLANK = "Blank text says nothing."
NO_OUTPUT = "(no output)"
_OMITTED = "({kind} omitted: this model takes only text)"


def render_user(content: Sequence[UserContent], path: str, rendering: Rendering) -> str:
    """Write the text of a message; it is empty where nothing is left of it.

    Raises:
        InvalidRequest: There is something other than text in what the model has yet to answer. In
            earlier turns, which another model may have seen, a placeholder takes its place.
    """
    texts: list[str] = []
    for index, block in enumerate(content):
        place = f"{path}.content[{index}]"
        plain = plain_block(block, place, rendering.changes)
        if plain is None:
            continue
        if isinstance(plain, Text):
            text = text_of(plain, place, rendering.changes, blank=BLANK)
        else:
            text = _placeholder(plain, path, place, rendering)
        if text is not None:
            texts.append(text)
    return "\n".join(texts)


def result_of(
    message: ToolResultMessage, wire_id: str, path: str, rendering: Rendering
) -> ChatMessage:
    """Write a tool's result.

    Raises:
        InvalidRequest: It holds something other than text, and the model has yet to answer it.
    """
    text = render_user(message.content, path, rendering).strip()
    if not text:
        rendering.changes.added(path, f"The result is empty; it says {NO_OUTPUT!r}.")
        text = NO_OUTPUT
    if message.is_error:
        text = f"Error: {text}"
    if not rendering.template.tool_calls:
        rendering.changes.rewritten(path, IN_WORDS)
    return _result(message.tool_name, wire_id, text, rendering)


def missing_result(name: str, wire_id: str, rendering: Rendering) -> ChatMessage:
    """Write the result of a call that never got one."""
    return _result(name, wire_id, NO_RESULT, rendering)


def _result(name: str, wire_id: str, text: str, rendering: Rendering) -> ChatMessage:
    if rendering.template.tool_calls:
        return {"role": "tool", "tool_call_id": wire_id, "content": text}
    return {"role": "user", "content": f"[The tool {clean_text(name)} returned: {text}]"}


def _placeholder(block: Image | File, path: str, place: str, rendering: Rendering) -> str:
    kind = type(block).__name__.lower()
    if path not in rendering.earlier:
        msg = f"{path} holds content of the kind {kind}; this model takes only text."
        raise InvalidRequest(msg, hint="Choose a model that accepts it, or leave it out.")
    rendering.changes.rewritten(place, "The model takes only text; a placeholder is sent.")
    return _OMITTED.format(kind=kind)
