"""Prompts for tools of a model whose chat template has no place for them, or not beside a schema.

A tool is chosen first, then called. To choose, each tool's name is weighed as the answer to a prompt
that lists the tools. To call it, the model writes the arguments, and nothing else: a grammar holds
them to the tool's schema.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

from modelwire.repair import OfferedTool
from modelwire_local.chat.rendering import ChatMessage
from modelwire_local.json_schema.grammar import grammar_schema

__all__ = ["ToolPrompts", "schema_format", "tool_prompts"]

_EXAMPLES = ("Hello!", "Tell me a story.")
"""Requests that need no tool, in the prompt."""

_OTHER_REQUESTS = ("Hello!", "Tell me something.")
"""Requests that say nothing of any tool. How likely a name is after them is how likely it is anyway,
for its frequency and its place in the list; only what a name gains by the real request counts."""

_CALL = "Call the tool for the request, as JSON."
_CALLS = (
    (
        "Buy 3 apples from Bob\n\nbuy(item, count, seller)",
        '{"item": "apples", "count": 3, "seller": "Bob"}',
    ),
    ("Look up the price of tea\n\nfind(text)", '{"text": "price of tea"}'),
)
"""The calls in the prompt for arguments: the request for each, and the call itself."""

_NO_LOOPS = {"dry_multiplier": 0.8, "dry_allowed_length": 3, "dry_penalty_last_n": 48}
"""For calls of the embedded model, which otherwise repeats itself in long texts without an end."""

_OF_WORDS = frozenset({"stop", "grammar", "json_schema", "response_format"})
"""Fields of a request that are for an answer in words, and would break a call's arguments."""


@frozen
class ToolPrompts:
    """The prompts that make a model choose and call a tool.

    Attributes:
        examples: The messages before a request to choose a tool for.
        conversation: The messages that a tool is chosen for.
        others: Requests that no tool is chosen for, instead of a conversation.
        calls: The requests for the arguments of a call, by the name of the tool in the prompts.
        no_tool: The name that means an answer in words, or `None` where a call is demanded.
        settings: Further fields of the requests that choose.
    """

    examples: tuple[ChatMessage, ...]
    conversation: tuple[ChatMessage, ...]
    calls: Mapping[str, dict[str, Any]] = field(repr=False)
    no_tool: str | None
    others: tuple[ChatMessage, ...] = tuple(
        {"role": "user", "content": text} for text in _OTHER_REQUESTS
    )
    settings: Mapping[str, Any] = field(factory=dict)


def tool_prompts(
    tools: Sequence[OfferedTool], payload: Mapping[str, Any], *, must_call: bool, embedded: bool
) -> ToolPrompts:
    """Write the prompts for one of several tools, or for an answer in words where that fits better.

    Args:
        tools: The tools.
        payload: The request for an answer in words, with its messages.
        must_call: Whether an answer in words is excluded.
        embedded: Whether the model is the embedded one, which chooses worse with a system prompt.
    """
    messages: Sequence[ChatMessage] = payload["messages"]
    turns = [message for message in messages if message["role"] != "system"]
    system = [m["content"] for m in messages if m["role"] == "system" and not embedded]
    names = [tool.wire_name for tool in tools]
    no_tool = "none"
    while no_tool in names:
        no_tool += "_"
    sampling = _NO_LOOPS if embedded else {}
    settings = {key: payload[key] for key in ("chat_template_kwargs",) if key in payload}
    return ToolPrompts(
        examples=tuple(_examples(tools, no_tool, system)),
        conversation=tuple(_from_the_user(turns)),
        calls={tool.wire_name: {**sampling, **_call(tool, payload, system)} for tool in tools},
        no_tool=None if must_call else no_tool,
        settings=settings,
    )


def schema_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The `response_format` that holds an answer to a schema."""
    return {"type": "json_schema", "json_schema": {"schema": grammar_schema(schema)}}


def _examples(
    tools: Sequence[OfferedTool], no_tool: str, system: Sequence[str]
) -> list[ChatMessage]:
    listing = [f"- {_signature(tool)}: {_summary(tool)}" for tool in tools]
    listing.append(f"- {no_tool}: No tool. For greetings, chat and everything else.")
    lines = ["You have these tools:", *listing, "Name the tool for the request."]
    pairs = [(_summary(tool), tool.wire_name) for tool in tools]
    pairs += [(text, no_tool) for text in _EXAMPLES]
    return [_message("system", "\n".join([*system, *lines])), *_turns(pairs)]


def _from_the_user(turns: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The turns without those of the assistant at the start: templates want them to alternate."""
    first = next((i for i, turn in enumerate(turns) if turn["role"] == "user"), 0)
    return [*turns[first:]]


def _call(tool: OfferedTool, payload: Mapping[str, Any], system: Sequence[str]) -> dict[str, Any]:
    described = [
        f"- {name}: {schema['description']}"
        for name, schema in _properties(tool).items()
        if isinstance(schema, Mapping) and isinstance(schema.get("description"), str)
    ]
    description = "\n".join([_signature(tool), *described])
    turns = _from_the_user([turn for turn in payload["messages"] if turn["role"] != "system"])
    if turns[-1]["role"] == "user":
        turns[-1] = {"role": "user", "content": f"{turns[-1]['content']}\n\n{description}"}
    else:
        turns.append({"role": "user", "content": description})
    messages = [_message("system", "\n".join([*system, _CALL])), *_turns(_CALLS), *turns]
    fields = {key: value for key, value in payload.items() if key not in _OF_WORDS}
    return {**fields, "messages": messages, "response_format": schema_format(tool.parameters)}


def _turns(pairs: Sequence[tuple[str, str]]) -> list[ChatMessage]:
    """Examples of what the user says and the assistant answers, as messages."""
    return [
        _message(role, text)
        for pair in pairs
        for role, text in zip(("user", "assistant"), pair, strict=True)
    ]


def _message(role: str, text: str) -> ChatMessage:
    return {"role": role, "content": text}


def _properties(tool: OfferedTool) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = tool.parameters.get("properties", {})
    return properties


def _signature(tool: OfferedTool) -> str:
    return f"{tool.wire_name}({', '.join(_properties(tool))})"


def _summary(tool: OfferedTool) -> str:
    """The first paragraph of a tool's description, or else its name as words."""
    paragraph = (tool.description or "").strip().split("\n\n")[0]
    return " ".join(paragraph.split()) or tool.wire_name.replace("_", " ")
