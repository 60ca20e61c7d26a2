"""The rendering of one conversation: its model, and the names, ids and changes in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from modelwire.messages import AssistantMessage, Context, Message
from modelwire.models import Model
from modelwire.repair import Changes, ToolNames, UniqueIds, names_in
from modelwire_local.template import ChatTemplate

__all__ = ["IN_WORDS", "ChatMessage", "Rendering"]

IN_WORDS = "The model's chat template renders no tool calls; it is put into words."
"""Why a tool call or a result is not sent in its own form."""

ChatMessage = dict[str, Any]
"""A message in the shape of OpenAI's Chat Completions, as the engine's templates take it."""


@frozen
class Rendering:
    """The model that a conversation is written for, and how.

    Attributes:
        model: The model.
        template: What its chat template renders.
        names: The names of the tools in the request.
        earlier: The places of the messages that the model, or one before it, has answered.
        changes: The record of changes.
        ids: Gives the ids of tool calls.
    """

    model: Model
    template: ChatTemplate
    names: ToolNames
    earlier: frozenset[str] = frozenset()
    changes: Changes = field(factory=Changes)
    ids: UniqueIds = field(factory=UniqueIds)

    @classmethod
    def of(cls, model: Model, context: Context, template: ChatTemplate) -> Rendering:
        """The rendering of a context."""
        names = ToolNames.of(names_in(context))
        return cls(model, template, names, _answered(context.messages))


def _answered(messages: Sequence[Message]) -> frozenset[str]:
    last = max((i for i, m in enumerate(messages) if isinstance(m, AssistantMessage)), default=-1)
    return frozenset(f"messages[{index}]" for index in range(last + 1))
