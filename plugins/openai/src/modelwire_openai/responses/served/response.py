"""Answers of Responses, whole and streamed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec
from attrs import define

from modelwire.dialects import (
    KEEP_ALIVE,
    SSE_MEDIA_TYPE,
    EventWriter,
    Failure,
    FailureReport,
    Fields,
    ServedCall,
    ServedRequest,
    WireEvent,
    extension,
    frame_named,
)
from modelwire.events import (
    CitationEvent,
    Event,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    Citation,
    StopReason,
    Text,
    Thinking,
    ToolCall,
)
from modelwire.models import Model
from modelwire_openai.responses.served.items import annotation_of, item_of, usage_of
from modelwire_openai.responses.served.request import API, read_call
from modelwire_openai.served.errors import error_object, openai_error, openai_headers

__all__ = ["ResponsesDialect"]

_encode = msgspec.json.Encoder().encode
_PREFIXES: Final = {Text: "msg", Thinking: "rs", ToolCall: "fc"}


class ResponsesDialect:
    """Responses."""

    api: ClassVar[str] = API
    paths: ClassVar[Mapping[str, bool | None]] = {"/v1/responses": None}
    beginnings: ClassVar[tuple[str, ...]] = ("/v1/responses",)
    media_type: ClassVar[str] = SSE_MEDIA_TYPE
    provider: ClassVar[str | None] = None
    needs_text: ClassVar[bool] = True

    def read(
        self,
        body: Mapping[str, Any],
        headers: Mapping[str, str],  # noqa: ARG002 - the protocol's
        model: Model,
        upstream: str,
    ) -> ServedCall:
        """Read a request; see `Dialect`."""
        return read_call(Fields(body), model, upstream)

    def writer(self, request: ServedRequest) -> EventWriter:
        """Make what writes a streamed answer."""
        return _ResponsesWriter(request)

    def frame(self, event: WireEvent) -> bytes:
        """Write an event as bytes of a stream."""
        return frame_named(event)

    def whole(self, message: AssistantMessage, request: ServedRequest) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        output: list[dict[str, Any]] = []
        for before, block in zip([None, *message.content], message.content, strict=False):
            item = item_of(block, _new_id(_PREFIXES[type(block)]), request.call)
            if isinstance(before, Text) and isinstance(block, Text):
                output[-1]["content"] += item["content"]
            else:
                output.append(item)
        return _finished(message, request, output)

    def error(self, failure: Failure, request_id: str) -> FailureReport:  # noqa: ARG002 - the protocol's
        """Write a failure."""
        return openai_error(failure)

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        return openai_headers(request_id)


def _new_id(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(16)}"


def _response(request: ServedRequest, status: str) -> dict[str, Any]:
    return {
        "id": f"resp_{request.request_id.removeprefix('req_')}",
        "object": "response",
        "created_at": request.created,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "model": request.name,
        "output": [],
        "previous_response_id": None,
        "store": False,
        "truncation": "disabled",
        "usage": None,
        **request.call.echo,
    }


def _finished(
    message: AssistantMessage, request: ServedRequest, output: list[dict[str, Any]]
) -> dict[str, Any]:
    cut = message.stop_reason is StopReason.LENGTH
    return {
        **_response(request, "incomplete" if cut else "completed"),
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output,
        "usage": usage_of(message.usage),
        **extension(request, message),
    }


@define
class _OpenMessage:
    """An item of text, of which texts that follow at once are parts: clients show the last item.

    Attributes:
        item: The item as it is once it is done.
        index: Its number among the items.
        parts: How many parts have begun.
        active: How many of them have not ended.
        sealed: Whether another item has begun, so that no part is added.
    """

    item: dict[str, Any]
    index: int
    parts: int = 0
    active: int = 0
    sealed: bool = False


class _ResponsesWriter:
    """Writes the events of one answer."""

    def __init__(self, request: ServedRequest) -> None:
        self._request = request
        self._number = 0
        self._begun = False
        self._output: list[dict[str, Any]] = []
        self._places: dict[int, tuple[int, str]] = {}
        self._message: _OpenMessage | None = None
        self._texts: dict[int, tuple[_OpenMessage, int]] = {}
        self._citations: dict[int, list[Citation]] = {}
        self._plain: set[int] = set()

    def feed(self, event: Event) -> list[WireEvent]:
        """Write an event; `response.created` comes before the first."""
        start = self._begin()
        handler = self._HANDLERS.get(type(event))
        return start if handler is None else start + handler(self, event)

    def end(self, message: AssistantMessage) -> list[WireEvent]:
        """Write the whole answer once more, which ends the stream."""
        start = self._begin() + self._seal()
        answer = _finished(message, self._request, self._output)
        return start + self._event(f"response.{answer['status']}", response=answer)

    def fail(self, failure: Failure) -> list[WireEvent]:
        """Write the failure, which ends the stream."""
        start = self._begin() + self._seal()
        error = error_object(failure)
        message = failure.message
        if failure.retry_after is not None:
            # Codex reads the time to wait out of these words.
            message = f"{message} Please try again in {failure.retry_after:g}s."
        answer = {
            **_response(self._request, "failed"),
            "output": [item for item in self._output if item],
            "error": {"code": error["code"] or error["type"], "message": message},
        }
        return start + self._event("response.failed", response=answer)

    def keep_alive(self) -> list[WireEvent]:
        """Write a comment, which clients skip."""
        return [KEEP_ALIVE]

    def _begin(self) -> list[WireEvent]:
        if self._begun:
            return []
        self._begun = True
        answer = _response(self._request, "in_progress")
        created = self._event("response.created", response=answer)
        return created + self._event("response.in_progress", response=answer)

    def _event(self, kind: str, **members: Any) -> list[WireEvent]:
        data = {"type": kind, "sequence_number": self._number, **members}
        self._number += 1
        return [WireEvent(kind, _encode(data))]

    def _open(self, content_index: int, kind: str, item: Mapping[str, Any]) -> list[WireEvent]:
        """Begin an item; items are numbered as they begin."""
        sealed = self._seal()
        item_id = _new_id(kind)
        self._places[content_index] = len(self._output), item_id
        self._output.append({})
        return sealed + self._event(
            "response.output_item.added",
            output_index=len(self._output) - 1,
            item={"id": item_id, **item},
        )

    def _seal(self) -> list[WireEvent]:
        """End the open message, or have it end with the text that it is at."""
        message, self._message = self._message, None
        if message is None:
            return []
        message.sealed = True
        return [] if message.active else self._message_done(message)

    def _message_done(self, message: _OpenMessage) -> list[WireEvent]:
        index, item = message.index, message.item
        self._output[index] = item
        return self._event("response.output_item.done", output_index=index, item=item)

    def _piece(self, place: int, kind: str, /, **members: Any) -> list[WireEvent]:
        index, item_id = self._places[place]
        return self._event(kind, item_id=item_id, output_index=index, **members)

    def _close(self, content_index: int, block: AssistantContent) -> list[WireEvent]:
        index, item_id = self._places[content_index]
        item = self._output[index] = item_of(block, item_id, self._request.call)
        return self._event("response.output_item.done", output_index=index, item=item)

    def _on_text_start(self, event: TextStartEvent) -> list[WireEvent]:
        place, opened, message = event.content_index, [], self._message
        if message is None:
            item = {"type": "message", "status": "in_progress", "role": "assistant", "content": []}
            opened = self._open(place, "msg", item)
            index, item_id = self._places[place]
            done = {"id": item_id, **item, "status": "completed", "content": []}
            message = self._message = _OpenMessage(done, index)
        self._places[place] = message.index, message.item["id"]
        self._texts[place] = message, message.parts
        message.parts += 1
        message.active += 1
        part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
        return opened + self._text(place, "response.content_part.added", part=part)

    def _text(self, place: int, kind: str, /, **members: Any) -> list[WireEvent]:
        return self._piece(place, kind, content_index=self._texts[place][1], **members)

    def _on_text(self, event: TextDeltaEvent) -> list[WireEvent]:
        return self._text(
            event.content_index, "response.output_text.delta", delta=event.delta, logprobs=[]
        )

    def _on_citation(self, event: CitationEvent) -> list[WireEvent]:
        kept = self._citations.setdefault(event.content_index, [])
        kept.append(event.citation)
        return self._text(
            event.content_index,
            "response.output_text.annotation.added",
            annotation_index=len(kept) - 1,
            annotation=annotation_of(event.citation),
        )

    def _on_text_end(self, event: TextEndEvent) -> list[WireEvent]:
        place = event.content_index
        block = Text(event.content, None, tuple(self._citations.pop(place, ())))
        done = self._text(place, "response.output_text.done", text=event.content, logprobs=[])
        part = item_of(block, "", self._request.call)["content"][0]
        done += self._text(place, "response.content_part.done", part=part)
        message, _ = self._texts.pop(place)
        message.item["content"].append(part)
        message.active -= 1
        ends = message.sealed and not message.active
        return done + (self._message_done(message) if ends else [])

    def _on_thinking(self, event: ThinkingDeltaEvent) -> list[WireEvent]:
        return self._open_thinking(event.content_index) + self._piece(
            event.content_index,
            "response.reasoning_summary_text.delta",
            summary_index=0,
            delta=event.delta,
        )

    def _open_thinking(self, place: int) -> list[WireEvent]:
        if place in self._places:
            return []
        self._plain.add(place)
        part = {"type": "summary_text", "text": ""}
        opened = self._open(place, "rs", {"type": "reasoning", "summary": []})
        return opened + self._piece(
            place, "response.reasoning_summary_part.added", summary_index=0, part=part
        )

    def _on_thinking_end(self, event: ThinkingEndEvent) -> list[WireEvent]:
        place = event.content_index
        block = Thinking(event.content, event.signature, event.redacted)
        if place not in self._plain:  # nothing of it may be shown
            opened = self._open(place, "rs", {"type": "reasoning", "summary": []})
            return opened + self._close(place, block)
        part = {"type": "summary_text", "text": event.content}
        done = self._piece(
            place, "response.reasoning_summary_text.done", summary_index=0, text=event.content
        )
        done += self._piece(
            place, "response.reasoning_summary_part.done", summary_index=0, part=part
        )
        return done + self._close(place, block)

    def _on_call(self, event: ToolCallStartEvent) -> list[WireEvent]:
        call = self._request.call
        if event.name in call.shell_tools:
            # Its command is known at the end.
            sealed = self._seal()
            self._places[event.content_index] = len(self._output), _new_id("lsh")
            self._output.append({})
            return sealed
        item = {"status": "in_progress", "call_id": event.id, "name": event.name}
        if event.name in call.custom_tools:
            item |= {"type": "custom_tool_call", "input": ""}
            return self._open(event.content_index, "ctc", item)
        item |= {"type": "function_call", "arguments": ""}
        self._plain.add(event.content_index)
        return self._open(event.content_index, "fc", item)

    def _on_arguments(self, event: ToolCallDeltaEvent) -> list[WireEvent]:
        if event.content_index not in self._plain:
            return []  # the text within the JSON is known at the end
        return self._piece(
            event.content_index, "response.function_call_arguments.delta", delta=event.delta
        )

    def _on_call_end(self, event: ToolCallEndEvent) -> list[WireEvent]:
        place = event.content_index
        index, item_id = self._places[place]
        item = item_of(event.tool_call, item_id, self._request.call)
        if item["type"] == "function_call":
            done = self._piece(
                place, "response.function_call_arguments.done", arguments=item["arguments"]
            )
        elif item["type"] == "custom_tool_call":
            text = item["input"]
            done = self._piece(place, "response.custom_tool_call_input.delta", delta=text)
            done += self._piece(place, "response.custom_tool_call_input.done", input=text)
        else:
            begun = {**item, "status": "in_progress"}
            done = self._event("response.output_item.added", output_index=index, item=begun)
        return done + self._close(place, event.tool_call)

    _HANDLERS: ClassVar[Mapping[type, Callable[[Any, Any], list[WireEvent]]]] = {
        TextStartEvent: _on_text_start,
        TextDeltaEvent: _on_text,
        CitationEvent: _on_citation,
        TextEndEvent: _on_text_end,
        ThinkingDeltaEvent: _on_thinking,
        ThinkingEndEvent: _on_thinking_end,
        ToolCallStartEvent: _on_call,
        ToolCallDeltaEvent: _on_arguments,
        ToolCallEndEvent: _on_call_end,
    }
