"""Compatibility settings: how a service deviates from OpenAI's own Chat Completions API.

The names are those of the reference, so that a `compat` block of an `openclaw.json` means the same
here. The last group is modelwire's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import attrs
from attrs import Factory, frozen

__all__ = ["Compat", "ThinkingFormat"]

ThinkingFormat = Literal[
    "openai", "zai", "qwen", "qwen-chat-template", "openrouter", "deepseek", "together", "minimax"
]
"""How a request says how much to think."""


@frozen
class Compat:
    """The features of a service, and its conventions. The defaults describe OpenAI itself.

    In a configuration the names are in camel case, such as `maxTokensField`.

    Attributes:
        supports_store: Whether it knows `store`; it is sent as `false` then.
        supports_developer_role: Whether instructions to a reasoning model have the role
            `developer` instead of `system`.
        supports_reasoning_effort: Whether it knows `reasoning_effort`.
        reasoning_effort_map: Its names of reasoning levels, where they differ.
        supported_reasoning_efforts: The efforts that it knows; others are moved to the nearest.
            Empty means all.
        supports_usage_in_streaming: Whether it knows `stream_options.include_usage`.
        supports_strict_mode: Whether a tool may say `strict`.
        supports_prompt_cache_key: Whether it knows `prompt_cache_key`.
        supports_long_cache_retention: Whether it knows `prompt_cache_retention`.
        supports_json_schema_response_format: Whether `response_format` may hold a JSON Schema;
            else the schema is put into words.
        max_tokens_field: The name of the limit on the answer's tokens.
        thinking_format: How a request says how much to think.
        requires_tool_result_name: Whether tool results carry the tool's name.
        requires_assistant_after_tool_result: Whether the assistant must speak between tool results
            and the user's next words.
        requires_thinking_as_text: Whether the model's own thinking goes back as text.
        requires_thinking_in_tags: Whether the model's own thinking that came in tags goes back in them.
        requires_reasoning_content_on_assistant_messages: Whether every assistant message that is
            sent back must have `reasoning_content`, be it empty.
        requires_string_content: Whether content must be a string wherever it can be.
        strict_message_keys: Whether messages may have no keys but `role`, `content`, and those of
            tools.
        unsupported_tool_schema_keywords: Keywords of JSON Schema that it refuses in tools.
        visible_reasoning_detail_types: The kinds of `reasoning_details` that may be shown.
        include_reasoning_tokens: Whether its `completion_tokens` leave out those of reasoning.
        open_router_routing: OpenRouter's `provider` object.
        vercel_gateway_routing: The Vercel gateway's routing object.
        requires_finish_reason: Whether an answer that ends with `[DONE]` and without a finish
            reason is cut. Where not, it is an answer after text or complete tool calls, with the
            diagnostic `no_stop_reason`.
        think_tags: Whether text that begins with `<think>`, `<thinking>`, `<reasoning>` or
            `<thought>` is thinking up to the closing tag.
        think_tag_open: Whether the answer begins inside of `<think>`, because the template has
            written that tag already.
        accepts_files: Whether it takes `file` parts.
        accepts_audio: Whether it takes `input_audio` parts.
        supports_named_tool_choice: Whether a call of one tool can be demanded. Where not, the other
            tools are left out.
        supports_required_tool_choice: Whether a call can be demanded at all. Where not, the model may
            choose.
        can_disable_thinking: Whether the model can be kept from thinking. Where not, its
            least effort is requested.
        sends_empty_tools: Whether a request without tools says so, with an empty list, when the
            conversation holds tool calls; Anthropic's models behind a gateway want it, OpenAI
            refuses it.
        requires_mistral_tool_ids: Whether the id of a call must be nine letters and digits.
    """

    supports_store: bool = True
    supports_developer_role: bool = True
    supports_reasoning_effort: bool = True
    reasoning_effort_map: Mapping[str, str] = Factory(dict)
    supported_reasoning_efforts: tuple[str, ...] = ()
    supports_usage_in_streaming: bool = True
    supports_strict_mode: bool = True
    supports_prompt_cache_key: bool = True
    supports_long_cache_retention: bool = True
    supports_json_schema_response_format: bool = True
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    thinking_format: ThinkingFormat = "openai"
    requires_tool_result_name: bool = False
    requires_assistant_after_tool_result: bool = False
    requires_thinking_as_text: bool = False
    requires_reasoning_content_on_assistant_messages: bool = False
    requires_string_content: bool = False
    strict_message_keys: bool = False
    unsupported_tool_schema_keywords: tuple[str, ...] = ()
    visible_reasoning_detail_types: tuple[str, ...] = ("reasoning.text", "reasoning.summary")
    include_reasoning_tokens: bool = False
    open_router_routing: Mapping[str, Any] = Factory(dict)
    vercel_gateway_routing: Mapping[str, Any] = Factory(dict)

    requires_finish_reason: bool = False
    think_tags: bool = False
    think_tag_open: bool = False
    requires_thinking_in_tags: bool = False
    accepts_files: bool = True
    accepts_audio: bool = True
    supports_named_tool_choice: bool = True
    supports_required_tool_choice: bool = True
    can_disable_thinking: bool = True
    sends_empty_tools: bool = False
    requires_mistral_tool_ids: bool = False

    def overridden(self, settings: Mapping[str, Any]) -> Compat:
        """This, with what a `compat` block of the configuration says.

        Keys that are not known, and values of the wrong type, are left alone: another program's
        configuration must not fail here.
        """
        known = _fields()
        changes: dict[str, Any] = {}
        for key, value in settings.items():
            name = known.get(key)
            if name is None:
                continue
            fitting = _fitting(getattr(_DEFAULTS, name), value)
            if fitting is not None:
                changes[name] = fitting
        return attrs.evolve(self, **changes) if changes else self


_DEFAULTS = Compat()
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "max_completion_tokens": ("max_completion_tokens", "max_tokens"),
    "openai": (
        "openai", "zai", "qwen", "qwen-chat-template", "openrouter", "deepseek", "together",
        "minimax",
    ),
}  # fmt: skip


@cache
def _fields() -> Mapping[str, str]:
    """Fields by the names that a configuration may use."""
    names = [field.name for field in attrs.fields(Compat)]
    camel = {re.sub(r"_([a-z])", lambda part: part[1].upper(), name): name for name in names}
    return {**{name: name for name in names}, **camel}


def _fitting(default: Any, value: Any) -> Any:
    """The value as the field holds it, or `None` where it does not fit."""
    if isinstance(default, bool):
        return value if isinstance(value, bool) else None
    if isinstance(default, str):
        return value if value in _CHOICES[default] else None
    if isinstance(default, tuple):
        listed = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return tuple(value) if listed else None
    return dict(value) if isinstance(value, Mapping) else None
