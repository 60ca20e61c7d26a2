"""Assistant messages as input items.

The service links items by their ids: reasoning must be followed by the item that it led to, and an
item that came after reasoning is refused under its id without that reasoning. So what goes back
under its ids goes back complete, and everything else without ids.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelwire.messages import AssistantMessage, Text, Thinking, ToolCall
from modelwire.repair import (
    LONGEST,
    AssistantTurn,
    clean_arguments,
    clean_json,
    text_of,
)
from modelwire_openai.citations import write_annotation
from modelwire_openai.responses.rendering import Rendering, split_ids

__all__ = [
    "OUTPUT_ITEM",
    "read_reasoning",
    "read_text_signature",
    "render_assistant",
    "text_signature",
]


def text_signature(item_id: str | None, phase: str | None) -> str | None:
    """Write the signature of the text of a message item, or `None` where there is nothing to keep."""
    known = {"id": item_id, "phase": phase}
    kept = {name: value for name, value in known.items() if value}
    return json.dumps({"v": 1, **kept}, separators=(",", ":")) if kept else None


def read_text_signature(signature: str | None) -> tuple[str | None, str | None]:
    """The id and the phase of the message item that a text came in."""
    if not signature:
        return None, None
    if not signature.startswith("{"):
        return signature, None
    data = _object(signature)
    item_id, phase = data.get("id"), data.get("phase")
    return (
        item_id if isinstance(item_id, str) else None,
        phase if isinstance(phase, str) else None,
    )


def read_reasoning(signature: str | None) -> dict[str, Any] | None:
    """The reasoning item that a signature holds, or `None` where it holds none."""
    data = _object(signature or "")
    return data if data.get("type") == "reasoning" else None


def _object(text: str) -> dict[str, Any]:
    # Imported late, as building a request must not import a JSON decoder that is slow to load.
    from modelwire.authoring import parse_json_or_none

    data = parse_json_or_none(text)
    return data if isinstance(data, dict) else {}


OUTPUT_ITEM = "output_item"
"""The type of the diagnostic that keeps an item which is neither text, thinking nor a tool call."""

_SERVER_ITEMS = frozenset(
    {
        "code_interpreter_call",
        "file_search_call",
        "image_generation_call",
        "mcp_call",
        "mcp_list_tools",
        "web_search_call",
    }
)
"""Items of tools that the service itself runs. They are complete as they are; others want an output."""


def render_assistant(
    message: AssistantMessage, path: str, rendering: Rendering
) -> AssistantTurn[list[dict[str, Any]]]:
    """Write an assistant message as items; it may turn out to have none."""
    renderer = _Renderer(message, path, rendering)
    return renderer.render()


class _Renderer:
    def __init__(self, message: AssistantMessage, path: str, rendering: Rendering) -> None:
        self._message = message
        self._path = path
        self._to = rendering
        self._own = rendering.is_own(message)
        self._linked = self._own and rendering.reasoning and self._is_complete()
        self._asides = _asides(message) if self._linked else {}
        self._spoken: AssistantTurn[list[dict[str, Any]]] = AssistantTurn(path, [])

    def render(self) -> AssistantTurn[list[dict[str, Any]]]:
        self._add_asides(None)
        for index, block in enumerate(self._message.content):
            place = f"{self._path}.content[{index}]"
            if isinstance(block, Text):
                self._text(block, place)
            elif isinstance(block, Thinking):
                self._thinking(block, place)
            else:
                self._call(block, place)
        self._drop_dangling_reasoning()
        return self._spoken

    def _is_complete(self) -> bool:
        return all(
            self._replayable(block) is not None
            for block in self._message.content
            if isinstance(block, Thinking)
        )

    def _replayable(self, block: Thinking) -> dict[str, Any] | None:
        """The reasoning item of a block, if the service can take it back.

        Without its encrypted content or its text there is only an id, which a service that stored
        nothing does not know.
        """
        item = None if block.redacted else read_reasoning(block.signature)
        if item is None or item.get("id") in self._to.item_ids:
            return None
        whole = item.get("encrypted_content") or item.get("content") or self._to.stored
        return item if whole else None

    def _text(self, block: Text, path: str) -> None:
        item_id, phase = read_text_signature(block.signature)
        text = text_of(block, path, self._to.changes, blank="Blank text says nothing.", cited=True)
        if text is not None:
            item = _message(text, self._annotations(block, path))
            if self._linked and self._take_id(item_id):
                item = {"id": item_id, "status": "completed", **item}
            if self._own and phase:
                item["phase"] = phase
            self._spoken.content.append(item)
        self._add_asides(item_id)

    def _annotations(self, block: Text, path: str) -> list[dict[str, Any]]:
        written = [write_annotation(cited, own=self._own) for cited in block.citations]
        kept = [annotation for annotation in written if annotation is not None]
        if len(kept) < len(written):
            self._to.changes.dropped(
                f"{path}.citations", "The Responses API has no annotation for such a citation."
            )
        return kept

    def _thinking(self, block: Thinking, path: str) -> None:
        changes = self._to.changes
        item = self._replayable(block) if self._linked else None
        if item is not None:
            self._take_id(item.get("id"))
            self._spoken.content.append(clean_json(item))
            self._add_asides(item.get("id"))
            return
        # As text the model would repeat it to the user.
        if self._own and read_reasoning(block.signature) is not None:
            changes.dropped(path, "The service would refuse this reasoning.")
        else:
            changes.dropped(path, "Only the model that thought this takes it as reasoning.")

    def _call(self, call: ToolCall, path: str) -> None:
        rendering = self._to
        call_id, item_id = split_ids(call.id)
        wire_id = rendering.call_ids.new(call_id, keep=rendering.is_own_api(self._message))
        if wire_id != call_id:
            rendering.changes.rewritten(
                f"{path}.id", "A call's id has at most 64 plain characters, and is its own."
            )
        name = rendering.names.sent(call.name, path, rendering.changes)
        item = {"type": "function_call", "call_id": wire_id, "name": name}
        item["arguments"] = _as_text(clean_arguments(call, path, rendering.changes))
        if self._linked and self._take_id(item_id):
            item = {"id": item_id or "", **item}
        self._spoken.calls.append((wire_id, call, path))
        self._spoken.content.append(item)
        self._add_asides(item_id)

    def _take_id(self, item_id: str | None) -> bool:
        """Whether an item may be sent under this id; no other may then."""
        if not item_id or len(item_id) > LONGEST or item_id in self._to.item_ids:
            return False
        self._to.item_ids.add(item_id)
        return True

    def _add_asides(self, after: str | None) -> None:
        """Add the items of the service's own tools that came after the item `after`."""
        for item in self._asides.pop(after, ()):
            if self._take_id(item["id"]):
                self._spoken.content.append(item)
                self._add_asides(item["id"])

    def _drop_dangling_reasoning(self) -> None:
        items = self._spoken.content
        while items and items[-1].get("type") == "reasoning":
            self._to.changes.dropped(self._path, "Reasoning that led to nothing is refused.")
            items.pop()


def _message(text: str, annotations: list[dict[str, Any]]) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": annotations}
    return {"type": "message", "role": "assistant", "content": [part]}


def _asides(message: AssistantMessage) -> dict[str | None, list[dict[str, Any]]]:
    """The items of the service's own tools, by the id of the item that they came after."""
    found: dict[str | None, list[dict[str, Any]]] = {}
    for entry in message.diagnostics:
        item = entry.get("item")
        if entry.get("type") != OUTPUT_ITEM or not isinstance(item, Mapping):
            continue
        if item.get("type") in _SERVER_ITEMS and isinstance(item.get("id"), str):
            found.setdefault(entry.get("after"), []).append(dict(item))
    return found


def _as_text(arguments: dict[str, Any]) -> str:
    from modelwire.authoring import encode_json  # as in `_object`

    return encode_json(arguments).decode()
