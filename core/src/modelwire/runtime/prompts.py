"""Prompts: the forms that callers may pass, converted to a context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from modelwire.authoring.embeddings import only_embeds
from modelwire.errors import InvalidMessage, InvalidRequest
from modelwire.messages import (
    AssistantMessage,
    Context,
    File,
    GuardContent,
    Image,
    MediaUrl,
    Message,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.dictionaries import read_messages
from modelwire.messages.validity import check_context, check_tools
from modelwire.models import InputKind, Model
from modelwire.repair import Change, Changes
from modelwire.repair.depth import limit_depth
from modelwire.tools import ToolLike
from modelwire.tools.forms import declarations, read_tools

__all__ = ["Prompt", "as_context", "check_abilities", "prepare_context"]

Prompt = str | Message | Mapping[str, Any] | Sequence[Message | Mapping[str, Any]] | Context
"""The forms of a prompt: text, a message, messages or a context.

A message may be a dictionary in the form of Chat Completions.
"""


def as_context(
    prompt: Prompt, *, system: str | None = None, tools: Iterable[ToolLike] | None = None
) -> Context:
    """Convert a prompt to a context; the caller's own is never changed.

    Raises:
        InvalidMessage: The prompt has an unsupported type, or a tool is not a tool.
    """
    if isinstance(prompt, str):
        context = Context([UserMessage(prompt)])
    else:
        context = prompt if isinstance(prompt, Context) else Context()
        messages, instructions = _messages(prompt)
        context = Context(messages, context.system_prompt, context.tools)
        if instructions is not None:
            above = f"{context.system_prompt}\n\n" if context.system_prompt else ""
            context = evolve(context, system_prompt=f"{above}{instructions}")
    if system is not None:
        context = evolve(context, system_prompt=system)
    if tools is not None:
        context = evolve(context, tools=declarations(read_tools(tools)))
    return context


_KINDS = frozenset({UserMessage, AssistantMessage, ToolResultMessage})


def _messages(prompt: Prompt) -> tuple[list[Message], str | None]:
    """The messages of a prompt, and the texts of its system messages."""
    given: Any = prompt.messages if isinstance(prompt, Context) else prompt
    if isinstance(given, UserMessage | AssistantMessage | ToolResultMessage | Mapping):
        given = [given]
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        kind = type(given).__name__
        msg = f"A prompt is a string, a message, messages or a Context, not {kind}."
        raise InvalidMessage(msg)
    messages = list(given)
    if _KINDS.issuperset(map(type, messages)) or all(
        isinstance(each, UserMessage | AssistantMessage | ToolResultMessage) for each in messages
    ):
        return messages, None
    return read_messages(messages)


def prepare_context(
    prompt: Prompt,
    *,
    system: str | None = None,
    tools: Iterable[ToolLike] | None = None,
) -> tuple[Context, Sequence[Change]]:
    """Make the context of a call, with a depth of nesting that every plugin can handle.

    Returns:
        The context, and the changes to its messages, which may come from an old session.

    Raises:
        InvalidMessage: The prompt or a tool is not well formed; a schema that is nested too deep is
            named by its place, such as `tools[0].parameters`.
    """
    if type(prompt) is str and tools is None:
        return Context([UserMessage(prompt)], system), ()  # nothing in it can be wrong
    context = as_context(prompt, system=system, tools=tools)
    check_context(context)
    if context.tools:
        check_tools(context.tools)
    changes = Changes()
    return limit_depth(context, changes), changes.noted


def check_abilities(model: Model, context: Context) -> None:
    """Refuse what the model is known to be unable to do, before anything is sent.

    Only what is new since the model's last turn counts. A conversation that another model began may
    hold pictures; there the plugin sends a placeholder, so that the conversation can continue.

    Raises:
        InvalidRequest: The model makes embeddings only; there are tools, and it calls none; or the
            new turn holds images or files that it does not take.
    """
    if not model.may_answer:
        raise only_embeds(model)
    if context.tools and model.tools is False:
        msg = f"{model.ref} cannot call tools."
        raise InvalidRequest(
            msg,
            provider=model.provider,
            model=model.id,
            retryable=False,
            hint="Choose a model that can, or leave the tools out.",
        )
    if model.input is None:
        return
    for index in range(len(context.messages) - 1, -1, -1):
        message = context.messages[index]
        if isinstance(message, AssistantMessage):
            return
        for block in message.content:
            kind = _ability(block)
            if kind is not None and kind not in model.input:
                article = "an" if kind[0] in "aeiou" else "a"
                msg = f"messages[{index}] holds {article} {kind}; {model.ref} takes {', '.join(model.input)}."
                raise InvalidRequest(
                    msg,
                    provider=model.provider,
                    model=model.id,
                    retryable=False,
                    hint="Choose a model that takes it, or leave it out.",
                )


def _ability(block: object) -> InputKind | None:
    """The kind of input that a model must accept for this block."""
    if isinstance(block, GuardContent):
        block = block.content
    if isinstance(block, Image):
        return "image"
    return block.kind if isinstance(block, File | MediaUrl) else None
