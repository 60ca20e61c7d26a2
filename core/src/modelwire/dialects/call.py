"""Calls: what a request asks of a model, in whatever API it was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from attrs import Factory, define, evolve

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    Context,
    Message,
    StopReason,
    ToolCall,
    ToolResultMessage,
    UserContent,
    UserMessage,
)
from modelwire.models import Model

__all__ = ["Note", "ServedCall", "assistant_turn", "user_turns"]


_FIELD: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
"""Names as APIs of snake case have them; parameters of plugins are in camel case."""
_SETTINGS: Final = frozenset({
    "api_version", "base_model", "base_url", "content", "converse", "extra_body", "guardrail",
    "headers", "organization", "profile", "project", "region", "system_tools", "transport",
})  # fmt: skip
"""Parameters of plugins that are no fields of an API."""


def assistant_turn(
    content: list[AssistantContent], model: Model, upstream: str
) -> AssistantMessage:
    """An earlier answer, as one of the model that is called now.

    Clients do not say which model gave it. What the provider signed is sent back to it; it refuses what
    it did not sign, and the plugin sends the request again without it then.
    """
    called = any(isinstance(block, ToolCall) for block in content)
    return AssistantMessage(
        content,
        model.provider,
        model.id,
        api=upstream or model.api,
        stop_reason=StopReason.TOOL_USE if called else StopReason.STOP,
    )


def user_turns(parts: Iterable[UserContent | ToolResultMessage]) -> Iterator[Message]:
    """The messages of a user's turn that holds results of tools among its content, in order."""
    said: list[UserContent] = []
    for part in parts:
        if not isinstance(part, ToolResultMessage):
            said.append(part)
            continue
        if said:
            yield UserMessage(said)
            said = []
        yield part
    if said:
        yield UserMessage(said)


@define
class Note:
    """A part of a request that is not passed on as it was written.

    Attributes:
        path: Where it is in the body.
        reason: Why, and what is done instead.
    """

    path: str
    reason: str


@define
class ServedCall:
    """One request to a model.

    Attributes:
        context: The conversation and the tools.
        options: The options of the answer.
        stream: Whether the answer is streamed.
        include_usage: Whether a stream ends with the usage, where the API leaves that to the client.
        custom_tools: Tools whose input is one text and not an object.
        notes: What is not passed on as it was written.
        shell_tools: Tools that are a shell on the client's machine.
        echo: Fields of the request that the answer repeats.
        passed: The fields that were passed on as the client wrote them.
    """

    context: Context
    options: CompletionOptions
    stream: bool = False
    include_usage: bool = False
    custom_tools: frozenset[str] = frozenset()
    notes: list[Note] = Factory(list)
    shell_tools: frozenset[str] = frozenset()
    echo: Mapping[str, Any] = Factory(dict)
    passed: set[str] = Factory(set)

    def pass_on(self, fields: Mapping[str, Any]) -> None:
        """Pass on fields that only an upstream of the same API understands.

        They become parameters of the call, among which plugins also look for settings: the account, the
        region, the guardrail. Those are not for clients to choose, and no API has fields of their names.
        """
        kept = {}
        for name, value in fields.items():
            if _FIELD.fullmatch(name) and name not in _SETTINGS:
                kept[name] = value
            else:
                self.note(name, "Clients may not set it.")
        self.passed.update(kept)
        self.add_params(kept)

    def add_params(self, params: Mapping[str, Any]) -> None:
        """Add parameters to the call."""
        if params:
            merged = {**self.options.params, **params}
            self.options = evolve(self.options, params=merged)

    def note(self, path: str, reason: str) -> None:
        """Record a part that is not passed on as it was written."""
        self.notes.append(Note(path, reason))
