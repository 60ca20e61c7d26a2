"""The assembler: a provider's deltas in, events and one message out.

Every provider's stream goes through here, so that blocks are numbered, ended and joined, tool
arguments are parsed, and a stream without an end is refused in one place. The work per delta does
not grow with the length of the answer: fragments are kept in lists and joined once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NoReturn

from attrs import asdict

from modelwire.errors import (
    MalformedResponse,
    MalformedToolCall,
    ModelwireError,
    ProviderError,
    StreamTruncated,
)
from modelwire.events.blocks import OpenBlock
from modelwire.events.deltas import (
    ArgumentsDelta,
    BlockEnd,
    CitationDelta,
    Delta,
    Diagnostic,
    RedactedThinkingDelta,
    ResponseInfo,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.events.events import (
    CitationEvent,
    DoneEvent,
    Event,
    StartEvent,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ThinkingStartEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.events.structured import UNSTRUCTURED_OUTPUT, schema_mistake
from modelwire.events.validation import (
    UNREADABLE_USAGE,
    cost_mistake,
    usage_mistake,
    validated,
)
from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    Citation,
    Cost,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    Usage,
)
from modelwire.messages.arguments import parse_arguments
from modelwire.messages.usage import priced
from modelwire.structuring import TOO_DEEP, finite_numbers, is_deep
from modelwire.text import has_surrogates, replace_surrogates

__all__ = ["Assembler"]

_NOTHING: tuple[Event, ...] = ()
_set = object.__setattr__
"""Sets an attribute of a message as it is; the statement looks for converters, which takes longer."""


class Assembler:
    """Builds one message from deltas.

    Give every delta to `feed` and pass on the events that it returns; call `finish` when the
    provider's stream has ended, or `fail` with the error that ended it.

    Args:
        provider: The provider's id, for the message and for errors.
        model: The model's id.
        api: The wire API, if it is known.
        price: Computes the cost of a usage, if the model's prices are known.
        keep_text: Whether the message holds text and thinking. Without them it is built in constant
            memory, however long the answer is.
        plugin: The package that yields the deltas, for errors.
    """

    def __init__(
        self,
        provider: str,
        model: str,
        *,
        api: str | None = None,
        price: Callable[[Usage], Cost | None] | None = None,
        keep_text: bool = True,
        plugin: str = "The plugin",
    ) -> None:
        self._plugin = plugin
        self._message = AssistantMessage([], provider, model, api=api)
        self._price = price
        self._keep_text = keep_text
        self._request_id: str | None = None
        self._stop: Stop | None = None
        self._blocks: list[OpenBlock] = []
        self._open: dict[int, OpenBlock] = {}
        self._started = False

    def feed_all(self, deltas: Sequence[Delta], events: list[Event]) -> None:
        """Take several deltas; append the events that they cause to `events`, in order.

        Raises:
            PluginError: Something is not a delta, or a field has a wrong type. The events of those
                before it have been appended.
            MalformedResponse: A delta is not valid at this point; likewise.
        """
        add = events.append
        index: object = None
        block: OpenBlock | None = None
        for delta in deltas:
            if type(delta) is TextDelta:
                # Nearly every delta continues the text that is open under the same index.
                text = delta.text
                if delta.index is not index:
                    index = delta.index
                    block = self._open_text(index)
                if (
                    block is not None
                    and type(text) is str
                    and text
                    and (text.isascii() or not has_surrogates(text))
                ):
                    block.parts.append(text)
                    add(TextDeltaEvent(block.position, text))
                    continue
            events += self.feed(delta)
            index = block = None

    def _open_text(self, index: object) -> OpenBlock | None:
        """The text block that is open under an index, if its next piece needs no preparation."""
        block = self._open.get(index) if type(index) is int else None
        return block if block is not None and block.kind is Text and not block.half else None

    def feed(self, delta: Delta) -> Sequence[Event]:
        """Take one delta; return the events that it causes, in order.

        Raises:
            PluginError: It is not a delta, or a field of it has a wrong type.
            MalformedResponse: The delta is not valid at this point.
        """
        handler = self._STREAMED.get(type(delta))
        if handler is None:
            delta = validated(delta, self._plugin)
            handler = self._HANDLERS[type(delta)]
        return handler(self, delta)

    def finish(self, response_schema: Mapping[str, Any] | None = None) -> Sequence[Event]:
        """End the stream; return the last events, of which the very last is `DoneEvent`.

        An answer without any text, thinking or tool call has the diagnostic `empty_answer`.

        Args:
            response_schema: The requested JSON Schema; text that does not have its shape is
                reported in the diagnostics.

        Raises:
            StreamTruncated: No stop reason has arrived.
            MalformedToolCall: A tool call was cut, or its arguments are not a JSON object or nested
                too deep. No tool call of the message has been reported as complete then.
        """
        if self._stop is None:
            msg = "The stream ended without a stop reason; the answer is not complete."
            raise StreamTruncated(msg)
        calls = [
            (block, self._parse_call(block)) for block in self._blocks if block.kind is ToolCall
        ]
        events = [*self._start()]
        for block in self._blocks:
            events += self._end(block)
        events += [ToolCallEndEvent(block.position, call) for block, call in calls]
        _set(self._message, "content", self._content({block.position: c for block, c in calls}))
        if response_schema is not None and not calls:
            self._check_structure(response_schema)
        self._settle(_final_reason(self._stop.reason, bool(calls)))
        if not any(block.kind is ToolCall or block.holds_any for block in self._blocks):
            self._message.diagnostics.append({"type": "empty_answer"})
        events.append(DoneEvent(self._message.stop_reason, self._message))
        return events

    def fail(self, error: ModelwireError, reason: StopReason = StopReason.ERROR) -> None:
        """Attach the partial message and its origin to `error`.

        Tool calls are left out of the partial message, since they must not be run; their raw text
        is kept as a diagnostic.
        """
        self._message.content = self._content({})
        self._settle(reason)
        self._message.error_message = _text_of(error)
        self._message.error_code = error.code
        raw = [
            {"id": block.id, "name": block.name, "arguments": block.text}
            for block in self._blocks
            if block.kind is ToolCall
        ]
        if raw:
            self._message.diagnostics.append({"type": "incomplete_tool_calls", "calls": raw})
        error.partial = self._message
        if isinstance(error, ProviderError):
            error.provider = error.provider or self._message.provider
            error.model = error.model or self._message.model
            error.request_id = error.request_id or self._request_id

    def _check_structure(self, schema: Mapping[str, Any]) -> None:
        """Report text that is not of the requested shape; services ignore schemas silently."""
        if not self._keep_text:
            return
        mistake = schema_mistake(self._message.text, schema)
        if mistake is not None:
            self._message.diagnostics.append({"type": UNSTRUCTURED_OUTPUT, "reason": mistake})

    def _settle(self, reason: StopReason) -> None:
        _set(self._message, "stop_reason", reason)
        if self._stop is not None:
            _set(self._message, "raw_stop_reason", self._stop.raw)
        usage = self._message.usage
        if self._price is not None and usage.cost is None:
            try:
                cost = self._price(usage)
                mistake = None if cost is None else cost_mistake(cost)
            except Exception as error:  # noqa: BLE001 - prices come from plugins
                mistake = f"{type(error).__name__} was raised"
            if mistake is not None:
                self._note_latest({"type": "unusable_prices", "reason": f"{mistake}."})
            elif cost is not None:
                _set(self._message, "usage", priced(usage, cost))

    def _content(self, calls: dict[int, ToolCall]) -> list[AssistantContent]:
        content: list[AssistantContent] = []
        for block in self._blocks:
            if block.kind is not ToolCall:
                if self._keep_text:
                    content.append(block.content())
            elif block.position in calls:
                content.append(calls[block.position])
        return content

    def _start(self) -> Sequence[Event]:
        if self._started:
            return _NOTHING
        self._started = True
        return (StartEvent(self._message.provider, self._message.model),)

    def _begin(
        self, index: int, kind: type[Text | Thinking | ToolCall]
    ) -> tuple[OpenBlock, list[Event]]:
        events = [*self._start()]
        previous = self._open.get(index)
        if previous is not None:
            events += self._end(previous)
        block = OpenBlock(kind, len(self._blocks))
        if not self._keep_text and kind is not ToolCall:
            block.parts = deque(maxlen=0)
        self._blocks.append(block)
        self._open[index] = block
        return block, events

    def _end(self, block: OpenBlock) -> Sequence[Event]:
        """End a text or thinking block; only its own `BlockEnd` ends a tool call."""
        if block.ended or block.kind is ToolCall:
            return _NOTHING
        last = block.last()
        block.ended = True
        content = block.content()
        ended: Event
        if isinstance(content, Thinking):
            ended = ThinkingEndEvent(
                block.position, content.text, content.signature, content.redacted
            )
        else:
            ended = TextEndEvent(block.position, content.text)
        if not last:
            return (ended,)
        delta = ThinkingDeltaEvent if block.kind is Thinking else TextDeltaEvent
        return (delta(block.position, last), ended)

    def _on_text(self, delta: TextDelta) -> Sequence[Event]:
        index, text = delta.index, delta.text
        if type(text) is not str or type(index) is not int:
            return self._on_text(validated(delta, self._plugin))
        if not text:
            return _NOTHING
        block = self._open.get(index)
        events: list[Event] = []
        if block is None or block.kind is not Text:
            block, events = self._begin(index, Text)
            events.append(TextStartEvent(block.position))
        if text := block.take(text):
            events.append(TextDeltaEvent(block.position, text))
        return events

    def _on_thinking(self, delta: ThinkingDelta) -> Sequence[Event]:
        index, text = delta.index, delta.text
        if type(text) is not str or type(index) is not int:
            return self._on_thinking(validated(delta, self._plugin))
        if not text:
            return _NOTHING
        block = self._open.get(index)
        events: list[Event] = []
        if block is None or block.kind is not Thinking or block.redacted:
            block, events = self._begin(index, Thinking)
            events.append(ThinkingStartEvent(block.position))
        if text := block.take(text):
            events.append(ThinkingDeltaEvent(block.position, text))
        return events

    def _on_citation(self, delta: CitationDelta) -> Sequence[Event]:
        block = self._open.get(delta.index)
        events: list[Event] = []
        if block is None or block.kind is not Text:
            block, events = self._begin(delta.index, Text)
            events.append(TextStartEvent(block.position))
        citation = Citation(**_whole(asdict(delta.citation)))
        if self._keep_text:
            block.citations.append(citation)
        events.append(CitationEvent(block.position, citation))
        return events

    def _on_signature(self, delta: SignatureDelta) -> Sequence[Event]:
        if not delta.signature:
            return _NOTHING
        block = self._open.get(delta.index)
        events: list[Event] = []
        if block is None or block.redacted:
            block, events = self._begin(delta.index, Thinking)
            events.append(ThinkingStartEvent(block.position))
        block.signature.append(delta.signature)
        return events

    def _on_redacted(self, delta: RedactedThinkingDelta) -> Sequence[Event]:
        block = self._open.get(delta.index)
        events: list[Event] = []
        if block is None or not block.redacted:
            block, events = self._begin(delta.index, Thinking)
            events.append(ThinkingStartEvent(block.position))
        block.redacted.append(delta.data)
        return events

    def _on_tool_call(self, delta: ToolCallStart) -> Sequence[Event]:
        if not delta.id or not delta.name:
            self._refuse("A tool call has no id or no name.")
        block, events = self._begin(delta.index, ToolCall)
        block.id, block.name = delta.id, delta.name
        events.append(ToolCallStartEvent(block.position, delta.id, delta.name))
        return events

    def _on_arguments(self, delta: ArgumentsDelta) -> Sequence[Event]:
        index, fragment = delta.index, delta.fragment
        if type(fragment) is not str or type(index) is not int:
            return self._on_arguments(validated(delta, self._plugin))
        if not fragment:
            return _NOTHING
        block = self._open.get(index)
        if block is None or block.kind is not ToolCall:
            self._refuse("Tool arguments arrived for a block that is not an open tool call.")
        fragment = block.take(fragment)
        return (ToolCallDeltaEvent(block.position, fragment),) if fragment else _NOTHING

    def _on_block_end(self, delta: BlockEnd) -> Sequence[Event]:
        block = self._open.pop(delta.index, None)
        if block is None:
            return _NOTHING
        events = self._end(block)
        if block.kind is ToolCall and (last := block.last()):
            events = (ToolCallDeltaEvent(block.position, last),)
        block.ended = True
        return events

    def _on_usage(self, delta: UsageReport) -> Sequence[Event]:
        mistake = usage_mistake(delta.usage)
        if mistake is None:
            _set(self._message, "usage", delta.usage)
        else:
            self._note_latest({"type": UNREADABLE_USAGE, "reason": f"{mistake}."})
        return _NOTHING

    def _on_stop(self, delta: Stop) -> Sequence[Event]:
        self._stop = delta
        return _NOTHING

    def _on_info(self, delta: ResponseInfo) -> Sequence[Event]:
        if delta.response_id:
            _set(self._message, "response_id", delta.response_id)
        if delta.response_model:
            self._message.response_model = delta.response_model
        if delta.api and delta.api != self._message.api:
            self._message.api = delta.api
        self._request_id = delta.request_id or self._request_id
        return _NOTHING

    def _on_diagnostic(self, delta: Diagnostic) -> Sequence[Event]:
        if is_deep(delta.data):
            data: dict[str, Any] = {"omitted": f"It is {TOO_DEEP}."}
        else:
            data = finite_numbers(delta.data)
        diagnostic = {"type": delta.type, **data}
        if delta.type == UNREADABLE_USAGE:  # some services send a usage with every event
            self._note_latest(diagnostic)
        else:
            self._message.diagnostics.append(diagnostic)
        return _NOTHING

    def _note_latest(self, diagnostic: dict[str, Any]) -> None:
        """Record a diagnostic, replacing an earlier one of its type."""
        kept = [d for d in self._message.diagnostics if d["type"] != diagnostic["type"]]
        self._message.diagnostics = [*kept, diagnostic]

    def _parse_call(self, block: OpenBlock) -> ToolCall:
        call = f"The call of tool {block.name!r}"
        if not block.ended:
            self._cut_call(f"{call} was cut: its arguments never ended.")
        try:
            arguments = parse_arguments(block.text)
        except ValueError as error:
            self._cut_call(f"{call} has arguments that {error}.")
        return ToolCall(block.id, block.name, _whole(arguments), "".join(block.signature) or None)

    def _cut_call(self, message: str) -> NoReturn:
        at_limit = self._stop is not None and self._stop.reason is StopReason.LENGTH
        hint = "The answer reached its token limit; raise max_tokens." if at_limit else None
        raise MalformedToolCall(message, retryable=not at_limit, hint=hint)

    def _refuse(self, message: str) -> NoReturn:
        raise MalformedResponse(message, retryable=False)

    # These come by the thousand, so that their handlers check the types themselves.
    _STREAMED: ClassVar[Mapping[type, Callable[[Any, Any], Sequence[Event]]]] = {
        TextDelta: _on_text,
        ThinkingDelta: _on_thinking,
        ArgumentsDelta: _on_arguments,
    }
    _HANDLERS: ClassVar[Mapping[type, Callable[[Any, Any], Sequence[Event]]]] = {
        CitationDelta: _on_citation,
        SignatureDelta: _on_signature,
        RedactedThinkingDelta: _on_redacted,
        ToolCallStart: _on_tool_call,
        BlockEnd: _on_block_end,
        UsageReport: _on_usage,
        Stop: _on_stop,
        ResponseInfo: _on_info,
        Diagnostic: _on_diagnostic,
    }


def _whole(value: Any) -> Any:
    """The same JSON data with U+FFFD for lone surrogates, which arguments may escape."""
    if isinstance(value, str):
        return replace_surrogates(value)
    if isinstance(value, dict):
        return {replace_surrogates(key): _whole(item) for key, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


def _final_reason(reason: StopReason, has_calls: bool) -> StopReason:
    """Correct the stop reason of services that confuse `stop` and tool use."""
    if has_calls and reason is StopReason.STOP:
        return StopReason.TOOL_USE
    if not has_calls and reason is StopReason.TOOL_USE:
        return StopReason.STOP
    return reason


def _text_of(error: ModelwireError) -> str:
    """The text of an error, even of one whose `__str__` fails."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - it is third-party code
        return f"{type(error).__name__} without a message"
