"""The options of a call through another plugin, as the model's family takes them on Bedrock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire_bedrock.converse.thinking import effort_word
from modelwire_bedrock.models.families import Family
from modelwire_bedrock.models.routes import MESSAGES, RESPONSES

if TYPE_CHECKING:
    from modelwire.models import Model, ReasoningLevel
    from modelwire.repair import Changes

__all__ = ["fitted_options", "thinking_words"]

_EFFORTS = ("reasoning.effort", "reasoning_effort")
"""How thinking is requested where the other APIs have a field for it, too."""
_NEVER_FORCED = (RESPONSES, "gpt-oss")
"""API and family; by a peer, gpt-oss takes no tool choice but `auto` there."""


def fitted_options(
    family: Family, api: str, options: CompletionOptions, changes: Changes
) -> CompletionOptions:
    """The options without what the model refuses by every API.

    Args:
        family: Knows what the model refuses.
        api: The API of the route.
        options: The options of the call.
        changes: The record of changes.
    """
    if options.temperature is not None and not family.temperature:
        changes.dropped("options.temperature", f"{family.key} does not take it.")
        options = evolve(options, temperature=None)
    if options.top_p is not None and not family.top_p:
        changes.dropped("options.top_p", f"{family.key} does not take it.")
        options = evolve(options, top_p=None)
    choice = options.tool_choice
    if choice is not None and choice.mode in ("any", "tool") and not _forced(family, api, choice):
        changes.rewritten(
            "options.tool_choice", f"{family.key} is not made to call a tool; the choice is auto."
        )
        options = evolve(options, tool_choice=ToolChoice("auto"))
    if api == MESSAGES and options.reasoning == "off" and family.off in ("least", "between_tools"):
        changes.rewritten(
            "options.reasoning", f"{family.key} always thinks; the lowest effort is requested."
        )
        options = evolve(options, reasoning="low")
    return options


def _forced(family: Family, api: str, choice: ToolChoice) -> bool:
    """Whether a call can be demanded; of what only other APIs serve, the service is left to judge."""
    if (api, family.key) == _NEVER_FORCED:
        return False
    return api != MESSAGES or choice.mode in family.forced


def thinking_words(
    model: Model, family: Family, api: str, level: ReasoningLevel | None, changes: Changes
) -> dict[str, str | None]:
    """The model's names of reasoning levels, with the family's for the requested level.

    Messages has levels of its own, and the plugin that speaks it knows the releases of Claude.
    """
    words = model.thinking_level_map
    if level is None or level in words or model.reasoning is False:
        return words
    if api == MESSAGES or family.thinking not in _EFFORTS:
        return words
    word = effort_word(level, model, family, changes)
    return words if word is None else {**words, level: word}
