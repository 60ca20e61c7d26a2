"""Chunks of a Chat Completions stream, translated into deltas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from modelwire.authoring import (
    BodyEvent,
    StreamEnd,
    TypedEvent,
    cut_stream,
    error_in_stream,
    read_object,
    read_objects,
    read_text,
    report_usage,
    reports_failure,
    require_index,
)
from modelwire.errors import ContentFiltered, MalformedResponse, Overloaded, ServerError
from modelwire.events import (
    BlockEnd,
    CitationDelta,
    Delta,
    Diagnostic,
    ResponseInfo,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
)
from modelwire.messages import StopReason
from modelwire_openai.citations import read_annotation
from modelwire_openai.compat import Compat
from modelwire_openai.completions.assistant import REASONING_FIELDS, details_signature, is_opaque
from modelwire_openai.completions.extras import Extras
from modelwire_openai.completions.think_tags import ThinkTags
from modelwire_openai.completions.tool_calls import Calls
from modelwire_openai.completions.usage import find_usage, read_usage

__all__ = ["Translator"]

_THINKING, _TEXT = 0, 1

_PLAIN = frozenset({"role", "content", "refusal"})
"""The members of most deltas; one that has no other is text, or a refusal."""

_REASONS: Mapping[str, StopReason] = {
    "stop": StopReason.STOP,
    "end": StopReason.STOP,
    "eos": StopReason.STOP,
    "eos_token": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    "length": StopReason.LENGTH,
    "max_tokens": StopReason.LENGTH,
    "model_length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_USE,
    "function_call": StopReason.TOOL_USE,
    "tool_use": StopReason.TOOL_USE,
}
_FAILURES: Mapping[str, tuple[type[ContentFiltered | Overloaded | ServerError], str]] = {
    "content_filter": (ContentFiltered, "A content filter stopped the answer."),
    "sensitive": (ContentFiltered, "A content filter stopped the answer."),
    "insufficient_system_resource": (Overloaded, "The service ran out of capacity."),
    "error": (ServerError, "The service failed while it answered."),
    "network_error": (ServerError, "The service failed while it answered."),
    "abort": (ServerError, "The service gave the answer up."),
}


class Translator:
    """Translates the chunks of one answer, as `modelwire.authoring.Translator` says.

    A whole answer, as one document, is a chunk that says everything.

    Args:
        model: The model id that was called.
        compat: How the service deviates from OpenAI.
        tool_names: Names of tools on the wire that differ from the tools' own, and those.
        redact: Takes secrets out of JSON data that reports a failure.

    Attributes:
        ended: Whether the answer has come to its end; later events are ignored.
    """

    def __init__(
        self,
        model: str,
        compat: Compat,
        tool_names: Mapping[str, str] | None = None,
        *,
        redact: Callable[[Any], Any] = lambda data: data,
    ) -> None:
        self.ended = False
        self._model = model
        self._compat = compat
        self._redact = redact
        self._calls = Calls(tool_names or {})
        self._tags = ThinkTags(open=compat.think_tag_open) if _uses_tags(compat) else None
        self._asides = Extras()
        self._introduced = False
        self._info: ResponseInfo | None = None
        self._fed = False
        self._chosen = False
        self._finish: str | None = None
        self._stopped = False
        self._thinking_in: str | None = None
        self._details: list[dict[str, Any]] = []
        self._writing = False
        self._has_text = False
        self._blank = ""
        self._refused = False

    def feed(self, events: Iterable[BodyEvent], deltas: list[Delta]) -> None:
        """Translate chunks; append what they say to `deltas`.

        Raises:
            ProviderError: A chunk reports a failure, or the answer ended with one. What came before
                has been appended.
            MalformedResponse: It was another kind of answer. Likewise.
        """
        if self.ended:
            return
        for event in events:
            # `isinstance` takes several times as long with such a class.
            if type(event) is TypedEvent:
                # A tag can only occur where no text is open yet.
                if self._writing:
                    deltas.append(TextDelta(_TEXT, event.typed))
                else:
                    self._chunk(event.parsed(), deltas)
            elif type(event) is StreamEnd:
                self.ended = True
                self._end(deltas, marked=event.marked)
                return
            else:
                self._chunk(event.data, deltas)

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            StreamTruncated: There was no finish reason.
        """
        if not self._stopped:
            raise cut_stream()

    def _chunk(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        if not self._introduced:
            self._introduce(chunk, deltas)
        choices = chunk.get("choices")
        self._fed = True
        if isinstance(choices, list):
            self._chosen = True
        elif reports_failure("message", chunk):
            raise error_in_stream(self._redact(chunk))
        for choice in read_objects(chunk, "choices"):
            if choice.get("index") is None or require_index(choice, "index") == 0:
                self._choice(choice, deltas)
        usage = find_usage(chunk)
        if usage is not None:
            deltas.append(report_usage(usage, partial(read_usage, compat=self._compat)))
        self._asides.note(chunk, usage)

    def _end(self, deltas: list[Delta], *, marked: bool) -> None:
        """End the answer, as far as it has an end: without a finish reason there is no `Stop`."""
        if self._fed and not self._chosen:
            raise MalformedResponse(
                "The answer is not one of Chat Completions.",
                retryable=False,
                hint="Check the base URL and the API of the provider.",
            )
        self._settle(deltas)
        deltas += self._asides.end()
        reason = self._reason(marked=marked)
        if reason is None:
            return
        failure = _FAILURES.get(self._finish or "")
        if failure is not None:
            kind, message = failure
            raise kind(message)
        if self._finish is None:
            deltas.append(Diagnostic("no_stop_reason", {"taken": reason.value}))
        elif self._finish not in _REASONS:
            deltas.append(Diagnostic("unknown_finish_reason", {"reason": self._finish}))
        details = {str(detail.get("id")): detail for detail in self._details if detail.get("id")}
        self._calls.end(details, deltas, cut=reason is StopReason.LENGTH)
        deltas.append(Stop(reason, self._finish))
        self._stopped = True

    def _introduce(self, chunk: Mapping[str, Any], deltas: list[Delta]) -> None:
        answer_id, model = chunk.get("id"), chunk.get("model")
        self._introduced = bool(model)
        info = ResponseInfo(
            response_id=answer_id if isinstance(answer_id, str) and answer_id else None,
            response_model=model if isinstance(model, str) and model != self._model else None,
        )
        # A service that never names its model says the same with each chunk.
        if info != self._info:
            self._info = info
            deltas.append(info)

    def _choice(self, choice: Mapping[str, Any], deltas: list[Delta]) -> None:
        delta = read_object(choice, "delta")
        if delta is None:
            delta = read_object(choice, "message")
        if delta:
            self._content(delta, deltas)
        error = choice.get("error")
        if error:
            raise error_in_stream(self._redact(error))
        finish = read_text(choice, "finish_reason")
        if finish and self._finish is None:
            self._finish = finish
        self._asides.note_choice(choice)

    def _content(self, delta: Mapping[str, Any], deltas: list[Delta]) -> None:
        is_plain = delta.keys() <= _PLAIN
        if not is_plain:
            self._reasoning(delta, deltas)
        if isinstance(delta.get("content"), list):
            self._parts(read_objects(delta, "content"), deltas)
        elif content := read_text(delta, "content"):
            self._tagged(content, deltas)
        refusal = read_text(delta, "refusal")
        if refusal:
            if not self._refused:
                self._refused = True
                deltas.append(Diagnostic("refusal"))
            self._text(refusal, deltas)
        if is_plain:
            return
        if calls := read_objects(delta, "tool_calls"):
            self._settle(deltas)
            self._calls.feed(calls, deltas)
        if function := read_object(delta, "function_call"):
            self._settle(deltas)
            self._calls.feed_function(function, deltas)
        for annotation in _list(delta.get("annotations")):
            self._cite(annotation, deltas)
        self._asides.note_delta(delta)

    def _reasoning(self, delta: Mapping[str, Any], deltas: list[Delta]) -> None:
        details = delta.get("reasoning_details")
        found = [item for item in _list(details) if isinstance(item, dict)]
        for name in REASONING_FIELDS:
            text = delta.get(name)
            if isinstance(text, str) and text:
                self._think(text, name, deltas)
                break
        else:
            for item in found:
                text = item.get("text") or item.get("summary")
                shown = item.get("type") in self._compat.visible_reasoning_detail_types
                if shown and isinstance(text, str):
                    self._think(text, "reasoning", deltas)
        self._details += found

    def _parts(self, parts: Iterable[Mapping[str, Any]], deltas: list[Delta]) -> None:
        """Content as a list: Mistral's reasoning models think in parts."""
        for part in parts:
            if part.get("type") == "thinking":
                inner = part.get("thinking")
                texts = inner if isinstance(inner, list) else [{"text": inner}]
                for item in texts:
                    text = item.get("text") if isinstance(item, Mapping) else None
                    if isinstance(text, str) and text:
                        self._think(text, None, deltas)
            elif text := read_text(part, "text"):
                self._text(text, deltas)

    def _tagged(self, content: str, deltas: list[Delta]) -> None:
        if self._tags is None:
            self._text(content, deltas)
        else:
            self._sort(self._tags, self._tags.feed(content), deltas)

    def _sort(self, tags: ThinkTags, found: Iterable[tuple[str, str]], deltas: list[Delta]) -> None:
        for kind, text in found:
            if kind == "text":
                self._text(text, deltas)
            else:
                self._think(text, tags.opening, deltas)

    def _think(self, text: str, source: str | None, deltas: list[Delta]) -> None:
        """Take thinking; its signature is the field or the tag that it came in."""
        if self._writing:
            self._writing = False
            deltas.append(BlockEnd(_TEXT))
        self._thinking_in = source or ""
        deltas.append(ThinkingDelta(_THINKING, text))

    def _text(self, text: str, deltas: list[Delta]) -> None:
        if not self._writing:
            # Blank lines between thinking and calls are no text.
            text = self._blank + text
            if text.isspace() or not text:
                self._blank = text
                return
            self._blank = ""
            self._end_thinking(deltas)
            self._writing = self._has_text = True
        deltas.append(TextDelta(_TEXT, text))

    def _cite(self, annotation: object, deltas: list[Delta]) -> None:
        cited = read_annotation(_TEXT, annotation)
        if isinstance(cited, CitationDelta) and not self._writing:
            self._end_thinking(deltas)
            self._writing = True
        deltas.append(cited)

    def _end_thinking(self, deltas: list[Delta]) -> None:
        """End the thinking, signed with what the service needs back with it."""
        opaque = [item for item in self._details if is_opaque(item) and not _of_call(item)]
        if opaque:
            kept = [item for item in self._details if not _of_call(item)]
            self._details = [item for item in self._details if _of_call(item)]
            deltas.append(SignatureDelta(_THINKING, details_signature(kept)))
        elif self._thinking_in:
            deltas.append(SignatureDelta(_THINKING, self._thinking_in))
        if self._thinking_in is not None or opaque:
            deltas.append(BlockEnd(_THINKING))
        self._thinking_in = None

    def _settle(self, deltas: list[Delta]) -> None:
        """End thinking and text, before a tool call or at the end."""
        if self._tags is not None:
            self._sort(self._tags, self._tags.end(), deltas)
        self._end_thinking(deltas)
        if self._writing:
            self._writing = False
            deltas.append(BlockEnd(_TEXT))

    def _reason(self, *, marked: bool) -> StopReason | None:
        if self._finish is not None:
            return _REASONS.get(self._finish, StopReason.STOP)
        # `[DONE]` is the protocol's own end; OpenRouter sends it without any finish reason.
        if not marked or self._compat.requires_finish_reason:
            return None
        if self._calls.are_complete:
            return StopReason.TOOL_USE
        return StopReason.STOP if self._has_text and not self._calls else None


def _uses_tags(compat: Compat) -> bool:
    return compat.think_tags or compat.think_tag_open


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _of_call(detail: Mapping[str, Any]) -> bool:
    """Whether a detail may belong to a tool call, whose id it then has."""
    return detail.get("type") == "reasoning.encrypted" and bool(detail.get("id"))
