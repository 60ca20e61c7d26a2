"""Thinking budgets and the maximum of output tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from modelwire.hookspecs import CompletionOptions
from modelwire.models import ReasoningLevel
from modelwire.repair import Changes
from modelwire_anthropic.models import Claude
from modelwire_anthropic.vendors import Vendor

__all__ = ["ThinkingPlan", "plan"]

LEAST_BUDGET = 1024
"""The minimum budget of thinking in tokens."""

USUAL_LIMIT = 32_000
"""Tokens of an answer where the caller does not say. The service demands a number; what is not used
is not paid for."""

_BUDGETS: Mapping[str, int] = {
    "minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 24_576, "max": 31_999,
}  # fmt: skip
_LEVELS = ("minimal", "low", "medium", "high", "xhigh", "max")


@frozen
class ThinkingPlan:
    """The limit on tokens and the thinking of a request.

    Attributes:
        max_tokens: The maximum number of tokens of the answer, thinking included.
        fields: What else is sent: `thinking` and `output_config`.
        thinks: Whether thinking is requested.
    """

    max_tokens: int
    fields: dict[str, Any] = field(factory=dict)
    thinks: bool = False


def plan(
    claude: Claude, options: CompletionOptions, changes: Changes, vendor: Vendor
) -> ThinkingPlan:
    """Decide on thinking and the limit of tokens.

    Args:
        claude: The model's generation.
        options: Says how much to think, and how long the answer may be.
        changes: The record of changes.
        vendor: The service to call.
    """
    limit = options.max_tokens or min(claude.max_tokens, USUAL_LIMIT)
    level = options.reasoning
    if level is None:
        return ThinkingPlan(limit)
    if claude.thinking is None:
        if level != "off":
            changes.dropped("options.reasoning", "The model does not think before it answers.")
        return ThinkingPlan(limit)
    if level == "off":
        if claude.off != "least":
            return ThinkingPlan(limit, _off(claude, vendor, changes))
        reason = "The model always thinks; it gets the lowest effort."
        changes.rewritten("options.reasoning", reason)
        level = "low"
    if claude.thinking == "budget":
        return _by_budget(level, limit, claude, options, changes)
    fields: dict[str, Any] = {"thinking": {"type": "adaptive", "display": "summarized"}}
    if effort := _effort(level, claude, changes):
        fields["output_config"] = {"effort": effort}
    return ThinkingPlan(limit, fields, thinks=True)


def _off(claude: Claude, vendor: Vendor, changes: Changes) -> dict[str, Any]:
    """Keep a model from thinking, in the way that the model or its service expects."""
    if claude.off in ("disabled", "between_tools"):
        return {"thinking": {"type": claude.off}}
    if claude.off is None:
        reason = "How to turn off thinking of this model is unknown."
        changes.note("ignored", "options.reasoning", reason)
        return {}
    if vendor.off == "disabled":
        return {"thinking": {"type": "disabled"}}
    if vendor.off == "never":
        changes.note("ignored", "options.reasoning", "The service's models always think.")
    elif vendor.off is None:
        reason = "How to turn off thinking with this service is unknown."
        changes.note("ignored", "options.reasoning", reason)
    return {}


def _by_budget(
    level: ReasoningLevel,
    limit: int,
    claude: Claude,
    options: CompletionOptions,
    changes: Changes,
) -> ThinkingPlan:
    """Fit budget and limit together: thinking counts among the tokens, and stays below the limit."""
    budget = _BUDGETS[level]
    if options.max_tokens is not None:
        # The caller means the answer; the thinking comes on top, as far as the model goes.
        limit = min(options.max_tokens + budget, max(claude.max_tokens, options.max_tokens))
    if limit <= budget:
        budget = limit - LEAST_BUDGET
    if budget < LEAST_BUDGET:
        reason = f"Thinking needs {LEAST_BUDGET} tokens beside the answer, and {limit} are all."
        changes.dropped("options.reasoning", reason)
        return ThinkingPlan(options.max_tokens or limit)
    if options.max_tokens is not None:
        reason = f"Thinking counts as well: {limit} with {budget} for thinking."
        changes.rewritten("options.max_tokens", reason)
    fields = {"thinking": {"type": "enabled", "budget_tokens": budget}}
    return ThinkingPlan(limit, fields, thinks=True)


def _effort(level: ReasoningLevel, claude: Claude, changes: Changes) -> str | None:
    """The word for a level, or the nearest one that the model knows."""
    if not claude.efforts:
        return None
    rank = _LEVELS.index(level)
    nearest = min(claude.efforts, key=lambda word: abs(_LEVELS.index(word) - rank))
    if nearest != level:
        reason = f"The model does not know {level!r}; it is {nearest!r}."
        changes.rewritten("options.reasoning", reason)
    return nearest
