"""Stream events of the Responses API, translated into deltas."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from modelwire.authoring import (
    BodyEvent,
    StreamEnd,
    TypedEvent,
    error_in_stream,
    read_object,
    read_objects,
    read_text,
    require_index,
)
from modelwire.errors import MalformedResponse, StreamTruncated
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    Diagnostic,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.models import Prices
from modelwire.repair import clean_json
from modelwire_openai.citations import read_annotation
from modelwire_openai.responses.assistant import OUTPUT_ITEM, text_signature
from modelwire_openai.responses.items import Item, Items
from modelwire_openai.responses.outcome import StopInfo, ending_of, report_of
from modelwire_openai.responses.parts import PartKey
from modelwire_openai.responses.rendering import join_ids
from modelwire_openai.responses.typed import TEXT_EVENT, TypedText

__all__ = ["Translator"]

_NOTHING: tuple[Delta, ...] = ()
_BETWEEN_PARTS = "\n\n"
_Event = Mapping[str, Any]
_Handler = Callable[[Any, _Event], Sequence[Delta]]


class _OpenText(NamedTuple):
    """The text that the last event added to.

    Attributes:
        place: What `_place` says of that event.
        item: The item that the text is of.
        part: The part of the item.
    """

    place: tuple[Any, ...]
    item: Item
    part: PartKey


class Translator:
    """Translates the events of one answer, as `modelwire.authoring.Translator` says.

    Events and items that are not known are skipped or kept as diagnostics, since the service adds
    new ones.

    Args:
        tool_names: The tools' own names by the names that they have on the wire.
        prices: Those of the model, for answers at another service tier than the usual one.
        limit: The limit on the answer's tokens where the service may pass over it in silence.
        redact: Takes secrets out of JSON data that reports a failure.
    """

    def __init__(
        self,
        tool_names: Mapping[str, str] | None = None,
        *,
        prices: Prices | None = None,
        limit: int | None = None,
        redact: Callable[[Any], Any] = lambda data: data,
    ) -> None:
        self._redact = redact
        self._tool_names = tool_names or {}
        self._prices = prices
        self._limit = limit
        self._items = Items()
        self._ending: StopInfo | None = None
        self._writing: _OpenText | None = None

    @property
    def ended(self) -> bool:
        """Whether the answer has come to its end, good or bad; later events are ignored."""
        return self._ending is not None

    def feed(self, events: Iterable[BodyEvent], deltas: list[Delta]) -> None:
        """Translate events; append what they say to `deltas`.

        Raises:
            ProviderError: An event reports a failure. What came before has been appended.
            MalformedResponse: An event lacks what its type needs. Likewise.
        """
        for event in events:
            if self._ending is not None:
                return
            # `isinstance` takes several times as long with such a class.
            if type(event) is TypedEvent:
                text = self._more_text(event.typed)
                if text is not None:
                    deltas.append(text)
                    continue
                data = event.parsed()
            elif type(event) is StreamEnd:
                continue
            elif event.whole:
                deltas += self._whole(event.data)
                continue
            else:
                data = event.data
            self._writing = None
            handler = self._HANDLERS.get(str(data.get("type")))
            if handler is not None:
                deltas += handler(self, data)

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            StreamTruncated: The answer has no end.
            ContentFiltered: A filter stopped it.
            ProviderError: It failed.
        """
        if self._ending is None:
            msg = "The stream ended before the response was complete."
            raise StreamTruncated(msg)
        if self._ending.failure is not None:
            raise self._ending.failure

    def _on_progress(self, event: _Event) -> Sequence[Delta]:
        response = read_object(event, "response")
        return _NOTHING if response is None else report_of(response)[:1]

    def _on_item_added(self, event: _Event) -> Sequence[Delta]:
        data = read_object(event, "item")
        if data is None:
            return _NOTHING
        item = self._items.begin(_kind(data), _str(data, "id"), event.get("output_index"))
        if item.kind != "function_call":
            return _NOTHING
        item.whole = _arguments(data, "arguments")
        return self._begin_call(item, data, required=False)

    def _on_item_done(self, event: _Event) -> Sequence[Delta]:
        data = read_object(event, "item")
        if data is None:
            return _NOTHING
        output = event.get("output_index")
        item = self._items.ending(data, output)
        if item is None:
            item = self._items.begin(_kind(data), _str(data, "id"), output)
        return self._complete(item, data)

    def _on_text(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "message")
        part = ("text", _number(event, "content_index"))
        deltas = _delta_of(item, part, _str(event, "delta"))
        found = self._items.find(event.get("item_id"), event.get("output_index"))
        if found is item and len(deltas) == 1 and type(deltas[0]) is TextDelta:
            self._writing = _OpenText(_place(event), item, part)
        return deltas

    def _more_text(self, event: TypedText) -> TextDelta | None:
        """The text of an event that differs from the one before it in nothing else, as most do."""
        text, writing, number = event.delta, self._writing, event.content_index
        if not text or writing is None:
            return None
        if (event.item_id, event.output_index, number, type(number)) != writing.place:
            return None
        writing.item.parts.add(writing.part, text)
        return TextDelta(writing.item.index, text)

    def _on_text_done(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "message")
        return _end_of(item, ("text", _number(event, "content_index")), _str(event, "text"))

    def _on_refusal_done(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "message")
        return _end_of(item, ("text", _number(event, "content_index")), _str(event, "refusal"))

    def _on_summary(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "reasoning")
        return _delta_of(item, ("summary", _number(event, "summary_index")), _str(event, "delta"))

    def _on_summary_done(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "reasoning")
        return _end_of(item, ("summary", _number(event, "summary_index")), _str(event, "text"))

    def _on_reasoning(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "reasoning")
        return _delta_of(item, ("content", _number(event, "content_index")), _str(event, "delta"))

    def _on_reasoning_done(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "reasoning")
        return _end_of(item, ("content", _number(event, "content_index")), _str(event, "text"))

    def _on_arguments(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "function_call")
        fragment = _arguments(event, "delta")
        if item.arguments_ended:
            return _late(item, ("arguments", 0), fragment)
        return _pass_on(item, item.arguments.add(fragment))

    def _on_arguments_done(self, event: _Event) -> Sequence[Delta]:
        item = self._items.of(event, "function_call")
        item.whole = _chosen(_arguments(event, "arguments"), item.whole)
        item.arguments_ended = True
        return _NOTHING

    def _on_end(self, event: _Event) -> Sequence[Delta]:
        response = read_object(event, "response")
        status = str(event["type"]).removeprefix("response.")
        return self._finish(status, response or {})

    def _on_error(self, event: _Event) -> Sequence[Delta]:
        error = {key: value for key, value in event.items() if key != "type"}
        raise error_in_stream(self._redact(error))

    def _whole(self, response: Mapping[str, Any]) -> Sequence[Delta]:
        """Translate an answer that came at once, where a stream was requested."""
        if not isinstance(response.get("output"), list) and "status" not in response:
            # Gateways report failures in forms of their own, with the status 200 too.
            if "message" in response or "detail" in response:
                raise error_in_stream(self._redact(response))
            raise MalformedResponse(
                "The answer is not one of the Responses API.",
                retryable=False,
                hint="Check the base URL and the API of the provider.",
            )
        status = response.get("status")
        return self._finish(status if isinstance(status, str) else "completed", response)

    def _finish(self, status: str, response: Mapping[str, Any]) -> Sequence[Delta]:
        if "failed" in (status, response.get("status")):
            response = self._redact(response)
        ending = ending_of(status, response, limit=self._limit)
        deltas: list[Delta] = []
        output = response.get("output")
        listed = [data for data in _list(output) if isinstance(data, Mapping)]
        for position, known in enumerate(self._items.listed(listed)):
            data = listed[position]
            item = known or self._items.begin(_kind(data), _str(data, "id"), position)
            deltas += self._complete(item, data)
        if ending.raw == "completed":
            for item in self._items.all:
                if item.arguments_ended and item.begun and not item.closed:
                    deltas += _end_arguments(item, "")
        deltas += report_of(response, self._prices)
        deltas += ending.deltas()
        self._ending = ending
        return deltas

    def _complete(self, item: Item, data: Mapping[str, Any]) -> Sequence[Delta]:
        if item.closed:
            return _NOTHING
        deltas: Sequence[Delta]
        match item.kind:
            case "message":
                deltas = _complete_message(item, data)
            case "reasoning":
                deltas = _complete_reasoning(item, data)
            case "function_call":
                deltas = self._complete_call(item, data)
            case _:
                after = self._items.before(item)
                kept = {"item": clean_json(data), "after": after}
                deltas = (Diagnostic(OUTPUT_ITEM, kept),)
        item.closed = True
        return deltas

    def _complete_call(self, item: Item, data: Mapping[str, Any]) -> Sequence[Delta]:
        deltas = self._begin_call(item, data, required=True)
        # A call that was cut has no end, so that it is not run.
        if data.get("status") != "incomplete":
            deltas += _end_arguments(item, _arguments(data, "arguments"))
        return deltas

    def _begin_call(self, item: Item, data: Mapping[str, Any], *, required: bool) -> list[Delta]:
        if item.begun:
            return []
        call_id, name = _str(data, "call_id") or _str(data, "id"), _str(data, "name")
        if not (call_id and name):
            if required:
                msg = "The answer holds a function call without an id or a name."
                raise MalformedResponse(msg)
            return []
        item.begun, item.call_id = True, call_id
        own_name = self._tool_names.get(name, name)
        begun = ToolCallStart(item.index, join_ids(call_id, _str(data, "id")), own_name)
        return [begun, *_pass_on(item, "")]

    _HANDLERS: ClassVar[Mapping[str, _Handler]] = {
        "response.created": _on_progress,
        "response.output_item.added": _on_item_added,
        "response.output_item.done": _on_item_done,
        TEXT_EVENT: _on_text,
        "response.output_text.done": _on_text_done,
        "response.refusal.delta": _on_text,
        "response.refusal.done": _on_refusal_done,
        "response.reasoning_summary_text.delta": _on_summary,
        "response.reasoning_summary_text.done": _on_summary_done,
        "response.reasoning_text.delta": _on_reasoning,
        "response.reasoning_text.done": _on_reasoning_done,
        "response.function_call_arguments.delta": _on_arguments,
        "response.function_call_arguments.done": _on_arguments_done,
        "response.completed": _on_end,
        "response.incomplete": _on_end,
        "response.failed": _on_end,
        "response.cancelled": _on_end,
        "error": _on_error,
    }


def _complete_message(item: Item, data: Mapping[str, Any]) -> Sequence[Delta]:
    parts = read_objects(data, "content")
    texts = [_str(part, "refusal") or _str(part, "text") or "" for part in parts]
    deltas = _missing(item, "text", texts)
    begins = 0
    for part, text in zip(parts, texts, strict=True):
        if refusal := _str(part, "refusal"):
            deltas.append(Diagnostic("refusal", {"text": refusal}))
        for annotation in _list(part.get("annotations")):
            deltas.append(read_annotation(item.index, annotation, begins))
        begins += len(text)
        if logprobs := clean_json(part.get("logprobs")):
            deltas.append(Diagnostic("logprobs", {"itemId": item.id, "logprobs": logprobs}))
    signature = text_signature(_str(data, "id") or item.id, _str(data, "phase"))
    # A signature without text would begin a block of thinking.
    if signature and item.parts:
        deltas.append(SignatureDelta(item.index, signature))
    deltas.append(BlockEnd(item.index))
    return deltas


def _complete_reasoning(item: Item, data: Mapping[str, Any]) -> Sequence[Delta]:
    deltas: list[Delta] = []
    for kind in ("summary", "content"):
        texts = [_str(part, "text") or "" for part in read_objects(data, kind)]
        deltas += _missing(item, kind, texts)
    whole = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return (*deltas, SignatureDelta(item.index, whole), BlockEnd(item.index))


def _missing(item: Item, kind: str, texts: Sequence[str]) -> list[Delta]:
    """The missing rest of the parts of an item that is now complete."""
    missing = item.parts.complete(kind, texts)
    if not missing and any(texts):
        details = {"itemId": item.id, "part": kind, "characters": sum(map(len, texts))}
        return [Diagnostic("differing_text", details)]
    return [delta for key, rest in missing for delta in _more(item, key, rest)]


def _delta_of(item: Item, part: PartKey, text: str | None) -> Sequence[Delta]:
    """More of a part whose end has not come; what comes after it is left out."""
    ended = part in item.parts.ended
    return _late(item, part, text or "") if ended else _more(item, part, text)


def _more(item: Item, part: PartKey, text: str | None) -> Sequence[Delta]:
    """More of a part of a text or of thinking."""
    if not text:
        return _NOTHING
    if item.closed:
        msg = "More of an item arrived after its end."
        raise MalformedResponse(msg)
    item.parts.add(part, text)
    if item.kind == "message":
        return (TextDelta(item.index, text),)
    if item.last_part not in (None, part):
        text = _BETWEEN_PARTS + text
    item.last_part = part
    return (ThinkingDelta(item.index, text),)


def _late(item: Item, part: PartKey, text: str) -> Sequence[Delta]:
    """The record of a delta that arrived after the end of its part, and is left out."""
    if not text:
        return _NOTHING
    kind, number = part
    details = {"itemId": item.id, "part": kind, "index": number, "characters": len(text)}
    return (Diagnostic("late_delta", details),)


def _end_of(item: Item, part: PartKey, whole: str | None) -> Sequence[Delta]:
    """The missing rest of a part that has ended; nothing is added to it afterwards."""
    part, rest = item.parts.end(part, whole or "")
    return _more(item, part, rest)


def _pass_on(item: Item, fragment: str) -> Sequence[Delta]:
    """Pass arguments on, once the name of the tool is known."""
    item.held += fragment
    if not (item.begun and item.held):
        return _NOTHING
    fragment, item.held = item.held, ""
    return (ArgumentsDelta(item.index, fragment),)


def _end_arguments(item: Item, whole: str) -> Sequence[Delta]:
    """The missing rest of the arguments, and the end of their call.

    The version at the end of an item counts, since some services send other data in between (known
    of Copilot: ciphertext).
    """
    rest = _pass_on(item, item.arguments.end(_chosen(whole, item.whole)))
    return (*rest, BlockEnd(item.index))


def _chosen(later: str, earlier: str) -> str:
    """The later of two texts of arguments, unless it says nothing."""
    return earlier if later.strip() in ("", "{}") and earlier else later


def _arguments(data: Mapping[str, Any], key: str) -> str:
    """Arguments as JSON text; some services send the object itself."""
    value = data.get(key)
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if value else ""
    return read_text(data, key) or ""


def _place(event: _Event) -> tuple[Any, ...]:
    """Where a text is that an event adds to; `True` is no number, though it equals 1."""
    number = event.get("content_index")
    return event.get("item_id"), event.get("output_index"), number, type(number)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _kind(data: Mapping[str, Any]) -> str:
    return _str(data, "type") or ""


def _str(data: Mapping[str, Any], key: str) -> str | None:
    return read_text(data, key) or None


def _number(event: _Event, key: str) -> int:
    return 0 if event.get(key) is None else require_index(event, key)
