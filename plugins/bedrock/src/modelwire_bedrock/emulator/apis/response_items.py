"""Output items of Responses, each written as the events of ConverseStream come."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from typing import Any

__all__ = ["ItemWriter", "new_id"]

Event = dict[str, Any]


def new_id(kind: str) -> str:
    """An id, such as `resp_…`."""
    return f"{kind}_{uuid.uuid4().hex}"


class ItemWriter:
    """One output item: a message, a call or reasoning.

    Args:
        index: Its place in the output.
        item: The item as it begins.
        part: The content part that its text goes into, or `None`.
        name: What its events are called, such as `output_text`.
    """

    def __init__(self, index: int, item: dict[str, Any], part: Event | None, name: str) -> None:
        self.item = item
        self._index = index
        self._part = part
        self._name = name
        self._text = ""
        self._begun = False

    @classmethod
    def message(cls, index: int) -> ItemWriter:
        """A message of the model."""
        item = {"type": "message", "id": new_id("msg"), "role": "assistant", "content": []}
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        return cls(index, {**item, "status": "in_progress"}, part, "output_text")

    @classmethod
    def call(cls, index: int, call_id: str, name: str) -> ItemWriter:
        """A call of a function."""
        item = {"type": "function_call", "id": new_id("fc"), "call_id": call_id, "name": name}
        item |= {"arguments": "", "status": "in_progress"}
        return cls(index, item, None, "function_call_arguments")

    @classmethod
    def reasoning(cls, index: int, *, readable: bool, summarised: bool) -> ItemWriter:
        """Reasoning: its text is `readable` as content, `summarised`, or kept by the model."""
        item: dict[str, Any] = {"type": "reasoning", "id": new_id("rs"), "summary": []}
        if readable:
            part = {"type": "reasoning_text", "text": ""}
            return cls(index, {**item, "content": []}, part, "reasoning_text")
        part = {"type": "summary_text", "text": ""}
        return cls(index, item, part if summarised else None, "reasoning_summary_text")

    def begin(self) -> list[Event]:
        """The events at its beginning."""
        return [{"type": "response.output_item.added", "output_index": self._index, "item": dict(self.item)}]  # fmt: skip

    def add(self, text: str) -> list[Event]:
        """The events for a piece of its text."""
        self._text += text
        if self._part is None and self.item["type"] == "reasoning":
            return []
        opened = [] if self._begun or self._part is None else [self._part_event("added")]
        self._begun = True
        return [*opened, self._event("delta", delta=text)]

    def seal(self, secret: str) -> None:
        """Keep what only the service can read."""
        self.item["encrypted_content"] = secret

    def secret(self) -> str:
        """The encrypted content of reasoning without a signature: the same for the same text."""
        digest = hashlib.sha256(self._text.encode()).digest()
        return base64.b64encode(b"emulated" + digest).decode("ascii")

    def end(self, *, sealed: bool) -> list[Event]:
        """The events at its end.

        Args:
            sealed: Whether reasoning says what only the service can read.
        """
        events = self._ended_text()
        if not sealed:
            self.item.pop("encrypted_content", None)
        if "status" in self.item:
            self.item["status"] = "completed"
        done = {"type": "response.output_item.done", "output_index": self._index}
        return [*events, {**done, "item": dict(self.item)}]

    def _ended_text(self) -> list[Event]:
        if self.item["type"] == "function_call":
            self.item["arguments"] = self._text
            return [self._event("done", arguments=self._text, name=self.item["name"])]
        if self._part is None or not self._begun:
            return []
        part = {**self._part, "text": self._text}
        field = "summary" if part["type"] == "summary_text" else "content"
        self.item[field] = [part]
        return [self._event("done", text=self._text), self._part_event("done", part)]

    def _event(self, kind: str, **members: Any) -> Event:
        place = {"item_id": self.item["id"], "output_index": self._index}
        if self._part is not None:
            place[self._place] = 0
        if self._name == "output_text":
            members["logprobs"] = []
        return {"type": f"response.{self._name}.{kind}", **place, **members}

    @property
    def _place(self) -> str:
        summary = self._part is not None and self._part["type"] == "summary_text"
        return "summary_index" if summary else "content_index"

    def _part_event(self, kind: str, part: Mapping[str, Any] | None = None) -> Event:
        name = "reasoning_summary_part" if self._place == "summary_index" else "content_part"
        place = {"item_id": self.item["id"], "output_index": self._index, self._place: 0}
        return {"type": f"response.{name}.{kind}", **place, "part": dict(part or self._part or {})}
