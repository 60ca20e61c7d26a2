"""Whole Converse responses, translated into the deltas of a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelwire.authoring import Translator, check_json_depth, cut_stream
from modelwire.errors import MalformedResponse
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
from modelwire_bedrock.converse.citations import read_citation
from modelwire_bedrock.converse.extras import Extras, input_text, is_server_tool
from modelwire_bedrock.converse.outcome import StopInfo, metadata_deltas
from modelwire_bedrock.converse.shapes import (
    CitationsContent,
    ContentBlock,
    ConverseAnswer,
    ImageBlock,
    ReasoningBlock,
    ToolUseBlock,
    decoder_of,
)

__all__ = ["AnswerTranslator", "StreamedOrWhole", "deltas_of_answer"]

_decode = decoder_of(ConverseAnswer)


class AnswerTranslator:
    """Translates an answer of Converse, as `modelwire.authoring.Translator` says.

    The only event is the body of the answer.

    Args:
        tool_names: The tools' own names by the names that they have on the wire.
        limit_note: What to say where the answer ends at its limit on tokens.

    Attributes:
        ended: Whether the answer has come; later events are ignored.
    """

    def __init__(
        self, tool_names: Mapping[str, str] | None = None, limit_note: str | None = None
    ) -> None:
        self._limit_note = limit_note
        self.ended = False
        self._tool_names = tool_names

    def feed(self, events: Iterable[bytes], deltas: list[Delta]) -> None:
        """Translate the body; append what it says to `deltas`.

        Raises:
            ProviderError: As `deltas_of_answer` raises it. What came before has been appended.
        """
        for body in events:
            if self.ended:
                return
            self.ended = True
            for delta in deltas_of_answer(body, self._tool_names, self._limit_note):
                deltas.append(delta)  # noqa: PERF402 - what came before a failure is kept

    def end(self) -> None:
        """Check that the answer has come.

        Raises:
            StreamTruncated: It has not.
        """
        if not self.ended:
            raise cut_stream()


class StreamedOrWhole:
    """Translates frames of ConverseStream, or a whole answer of Converse that came instead.

    Args:
        frames: The translator of frames.
        whole: The translator of a whole answer, which comes as a tuple.
    """

    def __init__(self, frames: Translator[Any], whole: AnswerTranslator) -> None:
        self._current = frames
        self._whole = whole

    @property
    def ended(self) -> bool:
        """Whether the answer has come to its end; later events are ignored."""
        return self._current.ended

    def feed(self, events: Iterable[Any], deltas: list[Delta]) -> None:
        """Translate what arrived; append what it says to `deltas`.

        Raises:
            ProviderError: As the translators raise it. What came before has been appended.
        """
        if isinstance(events, tuple):
            self._current = self._whole
        self._current.feed(events, deltas)

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            ProviderError: As the translators raise it.
        """
        self._current.end()


def deltas_of_answer(
    body: bytes, tool_names: Mapping[str, str] | None = None, limit_note: str | None = None
) -> Iterator[Delta]:
    """Translate the body of a Converse answer.

    Args:
        body: The JSON document.
        tool_names: The tools' own names by the names that they have on the wire.
        limit_note: What to say where the answer ends at its limit on tokens.

    Raises:
        MalformedResponse: It is not an answer of Converse, the service says that the model's
            output is malformed, or gives a stop reason that is not known.
        ContentFiltered: The model refused, or a guardrail or a filter stopped the answer. The
            deltas of the whole answer come first.
    """
    try:
        check_json_depth(body)
        answer = _decode(body)
    except (ValueError, RecursionError) as error:
        raise MalformedResponse("The answer is not one of Converse.") from error
    message = answer.output.message if answer.output is not None else None
    if message is not None and message.role != "assistant":
        msg = f"The answer is a message of the role {message.role[:100]!r}, not of the assistant."
        raise MalformedResponse(msg, retryable=False)
    for index, block in enumerate(message.content if message is not None else ()):
        yield from _block(index, block, tool_names or {})
        yield BlockEnd(index)
    ending = StopInfo(answer.stop_reason, answer.additional_model_response_fields)
    yield from ending.deltas(answer.trace, limit_note)
    yield from metadata_deltas(answer)
    failure = ending.failure(answer.trace)
    if failure is not None:
        raise failure


def _block(index: int, block: ContentBlock, tool_names: Mapping[str, str]) -> Iterator[Delta]:
    if block.text is not None:
        yield TextDelta(index, block.text)
    elif block.tool_use is not None:
        yield from _tool_use(index, block.tool_use, tool_names)
    elif block.reasoning_content is not None:
        yield from _reasoning(index, block.reasoning_content)
    elif block.citations_content is not None:
        yield from _cited(index, block.citations_content)
    elif block.image is not None:
        yield from _image(index, block.image)
    elif block.tool_result is not None:
        asides = Extras()
        asides.begin_tool_result(index, block.tool_result)
        yield from asides.end(index)


def _tool_use(index: int, call: ToolUseBlock, tool_names: Mapping[str, str]) -> Iterator[Delta]:
    name = tool_names.get(call.name, call.name)
    if is_server_tool(call.type):
        asides = Extras()
        asides.begin_server_tool(index, call.tool_use_id, name, input_text(call.input))
        yield from asides.end(index)
        return
    yield ToolCallStart(index, call.tool_use_id, name)
    yield ArgumentsDelta(index, input_text(call.input))


def _reasoning(index: int, block: ReasoningBlock) -> Iterator[Delta]:
    if block.reasoning_text is not None:
        yield ThinkingDelta(index, block.reasoning_text.text)
        if block.reasoning_text.signature is not None:
            yield SignatureDelta(index, block.reasoning_text.signature)
    elif block.redacted_content is not None:
        yield RedactedThinkingDelta(index, block.redacted_content)


def _cited(index: int, block: CitationsContent) -> Iterator[Delta]:
    for generated in block.content:
        yield TextDelta(index, generated.text)
    for citation in block.citations:
        yield read_citation(index, citation)


def _image(index: int, image: ImageBlock) -> Iterator[Delta]:
    asides = Extras()
    asides.begin_image(index, image.format)
    asides.add_image(index, image.source, image.error)
    yield from asides.end(index)
