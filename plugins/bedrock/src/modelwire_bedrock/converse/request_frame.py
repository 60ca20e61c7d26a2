"""The frame of requests: everything but their messages, kept between calls with the same settings."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import field, frozen

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import AssistantMessage, Context, Message, Text, UserMessage
from modelwire.models import Model
from modelwire.repair import Changes, ToolNames, text_of
from modelwire_bedrock.converse.caching import CachePlan, cache_variables, plan_caching, with_point
from modelwire_bedrock.converse.history import messages_of, turns_of
from modelwire_bedrock.converse.rendering import Rendering
from modelwire_bedrock.converse.user import BLANK
from modelwire_bedrock.models.families import Family

if TYPE_CHECKING:
    from modelwire_bedrock.converse.request import ConverseRequest

__all__ = ["RequestFrame", "frame_key", "keep_frame", "known_frame"]

_MOST_FRAMES = 64
_MESSAGES_CACHED = "messages"


@frozen
class RequestFrame:
    """What the requests of one model with the same settings have in common.

    Only the messages are written for each conversation. That is for conversations of texts alone, in
    which nothing has to be changed.

    Attributes:
        model: The model.
        family: Its family.
        request: The request without messages. Its payload is shared and never changed in place.
        caching: The places of the cache points.
    """

    model: Model
    family: Family
    request: ConverseRequest = field(repr=False)
    caching: CachePlan

    def fill(self, context: Context) -> ConverseRequest | None:
        """The request of another conversation; `None` where it has to be built."""
        if not _is_plain(context.messages):
            return None
        changes = Changes()
        if len(context.messages) == 1:
            messages = _first_turn(context.messages[0].content, changes)
        else:
            messages = self._turns(context.messages, changes)
        last = messages[-1]
        if last["role"] != "user":
            return None
        if _MESSAGES_CACHED in self.caching.places:
            last["content"] = with_point(last["content"], self.caching, changes)
        return None if changes.noted else self.request.with_messages(messages)

    def _turns(self, messages: Sequence[Message], changes: Changes) -> list[dict[str, Any]]:
        rendering = Rendering(
            model=self.model,
            family=self.family,
            tool_blocks=False,
            names=ToolNames(),
            changes=changes,
            newest=f"messages[{len(messages) - 1}]",
        )
        return messages_of(turns_of(messages, rendering), self.family, changes)


def frame_key(
    model: Model,
    context: Context,
    options: CompletionOptions,
    settings: Mapping[str, Any],
    environ: Mapping[str, str],
    *decided: str | Literal["auto"] | int | None,
) -> Hashable | None:
    """The key of a frame: all that a request is made from, but for its messages.

    What can be changed in place is no part of it, so with tools, a schema, parameters, labels or a
    guardrail there is none.

    Args:
        model: The model. It is known by its identity, which `known_frame` compares.
        context: The conversation.
        options: The options of the call.
        settings: The plugin's own block of the configuration.
        environ: The environment.
        decided: What else is decided from the configuration.
    """
    own = (options.params, options.metadata, options.tool_choice, settings.get("guardrail"))
    if context.tools or any(own) or options.response_schema is not None:
        return None
    return (
        id(model),
        context.system_prompt,
        options.max_tokens,
        # 1 and 1.0 are equal, and written differently.
        (options.temperature, type(options.temperature)),
        (options.top_p, type(options.top_p)),
        options.stop,
        options.reasoning,
        options.cache_retention,
        cache_variables(environ),
        decided,
    )


def known_frame(key: Hashable | None, model: Model) -> RequestFrame | None:
    """The frame that was kept for a key, if it is this model's."""
    found = _frames.get(key)
    return found if found is not None and found.model is model else None


def keep_frame(
    key: Hashable,
    model: Model,
    context: Context,
    options: CompletionOptions,
    family: Family,
    environ: Mapping[str, str],
    request: ConverseRequest,
) -> None:
    """Keep the frame of a request that was built, if filled with its conversation it is the same."""
    caching = plan_caching(family, options, environ, Changes())
    frame = RequestFrame(model, family, request.with_messages([]), caching)
    if frame.fill(context) != request:
        return
    if len(_frames) >= _MOST_FRAMES:
        _frames.clear()
    _frames[key] = frame


_frames: dict[Hashable, RequestFrame] = {}


def _first_turn(content: Sequence[Any], changes: Changes) -> list[dict[str, Any]]:
    """The messages of a conversation that begins: there is no history to be repaired."""
    written = [{"text": text_of(text, _ANYWHERE, changes, blank=BLANK)} for text in content]
    if not written:
        changes.dropped(_ANYWHERE, BLANK)
    return [{"role": "user", "content": written}]


_ANYWHERE = "messages"
"""The path of changes that are not reported, since the request is built after them."""


def _is_plain(messages: Sequence[Message]) -> bool:
    """Whether messages are texts of the user and of the assistant alone, and the user begins."""
    if not messages or type(messages[0]) is not UserMessage:
        return False
    for message in messages:
        if type(message) is not UserMessage and type(message) is not AssistantMessage:
            return False
        for block in message.content:
            if type(block) is not Text:
                return False
    return True
