"""The answer tool: structured output of models that take no schema, as the call of a tool that has it.

The one tool of the request has the schema of the answer, and the model is made to call it. Its
arguments are the text of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import define, evolve, field

from modelwire.authoring import Translator
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    Diagnostic,
    Stop,
    TextDelta,
    ToolCallStart,
)
from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import Context, StopReason, Tool
from modelwire.repair import Changes
from modelwire_bedrock.converse.schemas import unusable
from modelwire_bedrock.models.families import Family

__all__ = ["AnswerByTool", "answer_names", "with_answer_tool"]

_ANSWER = "answer"
_DESCRIPTION = "Give the answer. Call it once, with the whole answer."


def answer_names(context: Context, options: CompletionOptions) -> list[str]:
    """The name of the answer's tool, where the request may have it."""
    return [] if options.response_schema is None or context.tools else [_ANSWER]


def with_answer_tool(
    context: Context, options: CompletionOptions, family: Family, changes: Changes, *, thinks: bool
) -> tuple[Context, CompletionOptions, bool]:
    """Have the answer come as the call of a tool, where that is the way to have it follow a schema.

    Not beside tools of the caller, of which the model would then call none, and not where a call
    cannot be demanded: there the schema is in the system prompt.

    Args:
        context: Holds the tools.
        options: Has the schema.
        family: Knows what the model takes.
        changes: Where it is recorded.
        thinks: Whether the model thinks in this answer.

    Returns:
        The context with the tool, the options that demand its call, and whether it is so; else both
        as they are.
    """
    schema = options.response_schema
    forced = family.forced_with_thinking if thinks else family.forced
    if schema is None or family.structured_output is not False or not forced:
        return context, options, False
    if context.tools or unusable(schema) is not None:
        return context, options, False
    reason = f"{family.key} takes no schema; the answer is the call of a tool that has it."
    changes.rewritten("options.response_schema", reason)
    tool = Tool(_ANSWER, _DESCRIPTION, dict(schema))
    choice = ToolChoice("tool", _ANSWER) if "tool" in forced else ToolChoice("any")
    return evolve(context, tools=[tool]), evolve(options, tool_choice=choice), True


@define
class AnswerByTool:
    """A translator that gives the arguments of the answer's tool as text.

    Text that the model writes before the call is no part of the answer, and is left out. Where there
    is no call, it is the answer.

    Args:
        translator: Reads the events of the service.
    """

    translator: Translator[Any]
    _calls: list[int] = field(factory=list, init=False)
    _is_empty: bool = field(default=True, init=False)
    _held: list[Delta] = field(factory=list, init=False)

    @property
    def ended(self) -> bool:
        """Whether the answer is complete."""
        return self.translator.ended

    def feed(self, events: Iterable[Any], deltas: list[Delta]) -> None:
        """Translate events, as the protocol `Translator` says.

        Raises:
            ProviderError: As the other translator raises it.
        """
        given: list[Delta] = []
        try:
            self.translator.feed(events, given)
        except BaseException:
            for delta in given:
                deltas += self._pass(delta)
            deltas += self._rest()
            raise
        for delta in given:
            deltas += self._pass(delta)

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            ProviderError: As the other translator raises it.
        """
        self.translator.end()

    def _pass(self, delta: Delta) -> list[Delta]:
        if isinstance(delta, Stop):
            return [*self._rest(), self._stop(delta)]
        if isinstance(delta, ToolCallStart):
            self._calls.append(delta.index)
            return []
        if isinstance(delta, ArgumentsDelta | BlockEnd) and delta.index in self._calls:
            return self._answer(delta) if delta.index == self._calls[0] else []
        if isinstance(delta, TextDelta) or self._ends_text(delta):
            self._held.append(delta)
            return []
        return [delta]

    def _answer(self, delta: ArgumentsDelta | BlockEnd) -> list[Delta]:
        """The arguments of the first call, as text."""
        if isinstance(delta, ArgumentsDelta):
            self._is_empty = False
            return [TextDelta(delta.index, delta.fragment)]
        return [TextDelta(delta.index, "{}"), delta] if self._is_empty else [delta]

    def _ends_text(self, delta: Delta) -> bool:
        return isinstance(delta, BlockEnd) and any(
            isinstance(held, TextDelta) and held.index == delta.index for held in self._held
        )

    def _rest(self) -> list[Delta]:
        """The text as the answer, or the diagnostic that there was some beside it."""
        if not self._calls:
            return self._held
        text = "".join(held.text for held in self._held if isinstance(held, TextDelta))
        return [Diagnostic("text_beside_answer", {"text": text})] if text.strip() else []

    def _stop(self, stop: Stop) -> Stop:
        called = bool(self._calls) and stop.reason is StopReason.TOOL_USE
        return evolve(stop, reason=StopReason.STOP) if called else stop
