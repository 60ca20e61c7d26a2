"""Stream events of ConverseStream, translated into deltas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from msgspec import DecodeError
from msgspec.json import Decoder

from modelwire.authoring import check_json_depth
from modelwire.errors import MalformedResponse, StreamTruncated
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    RedactedThinkingDelta,
    SignatureDelta,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire_bedrock.aws.eventstream import Frame, HeaderValue
from modelwire_bedrock.converse.citations import read_citation
from modelwire_bedrock.converse.extras import Extras, input_text, is_server_tool
from modelwire_bedrock.converse.outcome import StopInfo, metadata_deltas
from modelwire_bedrock.converse.shapes import (
    BlockDelta,
    BlockDeltaEvent,
    BlockStartEvent,
    BlockStopEvent,
    MessageStartEvent,
    MessageStopEvent,
    Metadata,
    ReasoningDelta,
    ToolUseDelta,
    decode_delta,
    decoder_of,
)
from modelwire_bedrock.errors import fault_in_stream

__all__ = ["Translator"]

_NOTHING: tuple[Delta, ...] = ()

_decode_message_start = decoder_of(MessageStartEvent)
_decode_block_start = decoder_of(BlockStartEvent)
_decode_block_delta = Decoder(BlockDeltaEvent).decode
_decode_block_stop = decoder_of(BlockStopEvent)
_decode_message_stop = decoder_of(MessageStopEvent)
_decode_metadata = decoder_of(Metadata)


class Translator:
    """Translates the frames of one answer, as `modelwire.authoring.Translator` says.

    Events and members of events that are not known are skipped, since the service adds new ones.

    Args:
        tool_names: The tools' own names by the names that they have on the wire; a name that is not
            among them is kept.
        secrets: Gives the credentials of the request, which are hidden in a failure that repeats them.
        limit_note: What to say where the answer ends at its limit on tokens.

    Attributes:
        ended: Whether the answer is complete, its usage included; later frames are ignored.
    """

    def __init__(
        self,
        tool_names: Mapping[str, str] | None = None,
        secrets: Callable[[], Sequence[str]] = tuple,
        limit_note: str | None = None,
    ) -> None:
        self._tool_names = tool_names or {}
        self._secrets = secrets
        self._limit_note = limit_note
        self._seeds: dict[int, str] = {}
        self._asides = Extras()
        self.ended = False
        self._ending: StopInfo | None = None
        self._measured = False
        self._trace: Mapping[str, Any] | None = None
        # `Frame.headers` says that equal headers are one object; were they not, each frame would
        # only be looked at more closely.
        self._delta_headers: Mapping[str, HeaderValue] | None = None

    def feed(self, frames: Iterable[Frame], deltas: list[Delta]) -> None:
        """Translate frames up to the end of the answer; append what they say to `deltas`.

        Raises:
            ProviderError: A frame reports an exception; its `__cause__` is the `ServiceFault`. What
                the frames before it say has been appended.
            MalformedResponse: A frame's payload is not what its type says. Likewise.
        """
        if self.ended:
            return
        add = deltas.append
        for frame in frames:
            try:
                if frame.headers is not self._delta_headers:
                    deltas += self._take(frame)
                    if self._measured and self._ending is not None:
                        self.ended = True
                        break
                    continue
                # Nearly every frame is a piece of text.
                try:
                    event = _decode_block_delta(frame.payload)
                except DecodeError:
                    event = decode_delta(frame.payload)
                text = event.delta.text
                if text is not None:
                    add(TextDelta(event.content_block_index, text))
                else:
                    check_json_depth(frame.payload)
                    deltas += self._on_delta(event)
            except (ValueError, RecursionError) as error:
                kind = frame.headers.get(":event-type")
                raise MalformedResponse(
                    f"A {kind!s} event cannot be read: {_reason(error)}."
                ) from error

    def end(self) -> None:
        """Check that the answer is complete.

        The stop reasons that mean a failure are raised here and not when they arrive, since usage
        and the guardrail's trace come after them.

        Raises:
            StreamTruncated: The answer has no stop reason.
            ContentFiltered: The model refused, or a guardrail or a filter stopped the answer.
            MalformedResponse: The service says that the model's output is malformed, or gives a
                stop reason that is not known.
        """
        if self._ending is None:
            msg = "Bedrock ended the stream before messageStop; the answer is not complete."
            raise StreamTruncated(msg)
        failure = self._ending.failure(self._trace)
        if failure is not None:
            raise failure

    def _take(self, frame: Frame) -> Sequence[Delta]:
        headers = frame.headers
        if headers.get(":message-type", "event") != "event":
            fault = fault_in_stream(headers, frame.payload, self._secrets())
            raise fault.error() from fault
        kind = headers.get(":event-type")
        if kind == "contentBlockDelta":
            self._delta_headers = headers
        handler = self._HANDLERS.get(kind)
        if handler is None:
            return _NOTHING
        check_json_depth(frame.payload)
        return handler(self, frame.payload)

    def _on_message_start(self, payload: bytes) -> Sequence[Delta]:
        role = _decode_message_start(payload).role
        if role != "assistant":
            msg = f"The answer is a message of the role {role[:100]!r}, not of the assistant."
            raise MalformedResponse(msg, retryable=False)
        return _NOTHING

    def _on_block_start(self, payload: bytes) -> Sequence[Delta]:
        event = _decode_block_start(payload)
        index, start = event.content_block_index, event.start
        call = start.tool_use
        if call is not None:
            name = self._tool_names.get(call.name, call.name)
            given = input_text(call.input) if call.input else ""
            if is_server_tool(call.type):
                self._asides.begin_server_tool(index, call.tool_use_id, name, given)
                return _NOTHING
            if given:
                self._seeds[index] = given
            return (ToolCallStart(index, call.tool_use_id, name),)
        if start.image is not None:
            self._asides.begin_image(index, start.image.get("format"))
        elif start.tool_result is not None:
            self._asides.begin_tool_result(index, start.tool_result)
        return _NOTHING

    def _on_block_delta(self, payload: bytes) -> Sequence[Delta]:
        return self._on_delta(decode_delta(payload))

    def _on_delta(self, event: BlockDeltaEvent) -> Sequence[Delta]:
        index, delta = event.content_block_index, event.delta
        if delta.text is not None:
            return (TextDelta(index, delta.text),)
        if delta.tool_use is not None:
            return self._on_input(index, delta.tool_use)
        if delta.reasoning_content is not None:
            return _thinking(index, delta.reasoning_content)
        return self._on_aside(index, delta)

    def _on_input(self, index: int, piece: ToolUseDelta) -> Sequence[Delta]:
        fragment = piece.input
        if not fragment or self._asides.add_input(index, fragment):
            return _NOTHING
        # A block that began with an object and then gets fragments has its input in these.
        if self._seeds:
            self._seeds.pop(index, None)
        return (ArgumentsDelta(index, fragment),)

    def _on_aside(self, index: int, delta: BlockDelta) -> Sequence[Delta]:
        if delta.citation is not None:
            return (read_citation(index, delta.citation),)
        if delta.image is not None:
            self._asides.add_image(index, delta.image.source, delta.image.error)
        elif delta.tool_result is not None:
            self._asides.add_tool_result(index, delta.tool_result)
        return _NOTHING

    def _on_block_stop(self, payload: bytes) -> Sequence[Delta]:
        index = _decode_block_stop(payload).content_block_index
        seed = self._seeds.pop(index, None)
        if seed is not None:
            return (ArgumentsDelta(index, seed), BlockEnd(index))
        return (*self._asides.end(index), BlockEnd(index))

    def _on_message_stop(self, payload: bytes) -> Sequence[Delta]:
        event = _decode_message_stop(payload)
        self._ending = ending = StopInfo(event.stop_reason, event.additional_model_response_fields)
        deltas = [*self._asides.end_all()]
        if self._measured or not ending.needs_trace:
            deltas += ending.deltas(self._trace, self._limit_note)
        return deltas

    def _on_metadata(self, payload: bytes) -> Sequence[Delta]:
        metadata = _decode_metadata(payload)
        self._trace = metadata.trace
        self._measured = True
        deltas = metadata_deltas(metadata)
        if self._ending is not None and self._ending.needs_trace:
            return [*self._ending.deltas(self._trace), *deltas]
        return deltas

    _HANDLERS: ClassVar[Mapping[Any, Callable[[Any, bytes], Sequence[Delta]]]] = {
        "messageStart": _on_message_start,
        "contentBlockStart": _on_block_start,
        "contentBlockDelta": _on_block_delta,
        "contentBlockStop": _on_block_stop,
        "messageStop": _on_message_stop,
        "metadata": _on_metadata,
    }


def _thinking(index: int, piece: ReasoningDelta) -> Sequence[Delta]:
    if piece.text is not None and piece.signature is None:
        return (ThinkingDelta(index, piece.text),)
    deltas: list[Delta] = []
    if piece.text is not None:
        deltas.append(ThinkingDelta(index, piece.text))
    if piece.signature is not None:
        deltas.append(SignatureDelta(index, piece.signature))
    if piece.redacted_content is not None:
        deltas.append(RedactedThinkingDelta(index, piece.redacted_content))
    return deltas


def _reason(error: Exception) -> str:
    """Say what is wrong with a payload without quoting from it."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
