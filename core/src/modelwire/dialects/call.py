"""Calls: requests to a model, in whatever API they were written."""

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
"""Plugin parameters that are not fields of an API."""


def assistant_turn(
    content: list[AssistantContent], model: Model, upstream: str
) -> AssistantMessage:
    """An earlier answer, attributed to the model that is now called.

    Clients do not name the model that gave it. Signed content is sent back to the provider; it
    refuses content that it did not sign, and the plugin then retries without it.
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
    """The messages of a user's turn that has tool results among its content, in order."""
    content: list[UserContent] = []
    for part in parts:
        if not isinstance(part, ToolResultMessage):
            content.append(part)
            continue
        if content:
            yield UserMessage(content)
            content = []
        yield part
    if content:
        yield UserMessage(content)


@define
class Note:
    """A part of a request that is not passed on as it was written.

    Attributes:
        path: Its place in the body.
        reason: The reason, and the treatment.
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
        include_usage: Whether a stream ends with the usage, where the API lets the client choose.
        custom_tools: Tools whose input is a text rather than an object.
        notes: The parts that are not passed on as they were written.
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

        They become parameters of the call, among which plugins also find settings: the account, the
        region, the guardrail. Clients must not set those, and no API has fields of their names.
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
