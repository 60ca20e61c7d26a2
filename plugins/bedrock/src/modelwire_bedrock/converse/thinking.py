"""Thinking parameters, in the terms of each family."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

from modelwire.hookspecs import CompletionOptions
from modelwire.models import Model, ReasoningLevel
from modelwire.repair import Changes
from modelwire_bedrock.converse.options import Params, object_param
from modelwire_bedrock.models.families import Family

__all__ = ["LEAST_BUDGET", "ThinkingPlan", "plan_thinking"]

LEAST_BUDGET = 1024
"""Tokens; Claude refuses to think with less."""

_BUDGETS: Mapping[str, int] = {
    "minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 16384, "max": 16384,
}  # fmt: skip
_EFFORTS: Mapping[str, str] = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}
_NOT_CAPS = frozenset({4096, 8192, 16384})
"""Output limits that discovery falls back on where it knows none; no limits of a model."""
_INTERLEAVED = "interleaved-thinking-2025-05-14"


@frozen
class ThinkingPlan:
    """What a request says about thinking.

    Attributes:
        fields: Fields of the model's own to send.
        max_tokens: The most tokens that the answer may have, thinking included.
        style: How thinking is asked for; `None` where it is not.
        effort: The effort that is asked for, where the style has one.
    """

    fields: dict[str, Any] = field(factory=dict)
    max_tokens: int | None = None
    style: Literal["budget", "adaptive", "other"] | None = None
    effort: str | None = None


def plan_thinking(
    model: Model,
    family: Family,
    options: CompletionOptions,
    params: Params,
    changes: Changes,
    *,
    gov_cloud: bool,
) -> ThinkingPlan:
    """Decide how much the model thinks, and how many tokens it may take for that.

    Args:
        model: The model; where it is known not to think, it is not asked to.
        family: Knows how thinking is asked for.
        options: Says how much to think.
        params: May hold `thinkingBudgets`, `interleavedThinking` and `thinkingDisplay`.
        changes: Where changes are recorded.
        gov_cloud: Whether the request goes to AWS GovCloud, which does not know `display`.
    """
    budgets = object_param(*params.take("thinkingBudgets"), changes)
    _, interleaved = params.take("interleavedThinking", "interleaved_thinking")
    _, display = params.take("thinkingDisplay", "thinking_display")
    level = _level(model, family, options.reasoning, changes)
    plain = ThinkingPlan(max_tokens=options.max_tokens)
    if level is None:
        return plain
    if family.thinking == "budget":
        plan = _budgeted(_budget(level, budgets, changes), model, options, changes)
        if plan is None:
            return plain
        if display and not gov_cloud:
            plan.fields["thinking"]["display"] = display
        if family.interleaved and interleaved is not False:
            plan.fields["anthropic_beta"] = [_INTERLEAVED]
        return plan
    effort = _effort(level, model, family, changes)
    if family.thinking == "adaptive":
        thinking = {"type": "adaptive"}
        if not gov_cloud:
            thinking["display"] = display or "summarized"
        fields = {"thinking": thinking, "output_config": {"effort": effort}}
        return ThinkingPlan(fields, _adaptive_cap(model, options), "adaptive", effort)
    return ThinkingPlan(_fields(family, effort), options.max_tokens, "other", effort)


def _level(
    model: Model, family: Family, asked: ReasoningLevel | None, changes: Changes
) -> ReasoningLevel | None:
    """How much to think; `None` where nothing is said about it."""
    if model.reasoning is False or family.thinking is None:
        if asked not in (None, "off"):
            why = (
                "does not think" if model.reasoning is False else "has no control over its thinking"
            )
            changes.dropped("options.reasoning", f"{model.id} {why}.")
        return None
    if asked == "off":
        if not family.always_thinks:
            return None
        changes.rewritten(
            "options.reasoning", f"{family.key} always thinks; it is told to think little."
        )
        return "low"
    if asked is None and family.default_level is not None:
        changes.added(
            "options.reasoning",
            f"{family.key} thinks unless told otherwise; it is {family.default_level}.",
        )
    return asked or family.default_level


def _budget(level: ReasoningLevel, budgets: Mapping[str, Any], changes: Changes) -> int:
    # Above high there is no budget of its own.
    name = "high" if level in ("xhigh", "max") else level
    given = budgets.get(name)
    if given is None:
        return _BUDGETS[level]
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    changes.dropped(f"options.params.thinkingBudgets.{name}", "It is not a number of tokens.")
    return _BUDGETS[level]


def _budgeted(
    budget: int, model: Model, options: CompletionOptions, changes: Changes
) -> ThinkingPlan | None:
    """Fit the budget and the cap together; `None` where too little is left to think with.

    Claude counts thinking among the tokens of its answer, and wants the budget below the cap.
    """
    limit = model.max_tokens
    cap = options.max_tokens
    if cap is not None:
        wanted = cap + budget
        cap = wanted if limit is None else min(wanted, limit)
    ceiling = cap if cap is not None else limit
    if ceiling is not None and ceiling <= budget:
        budget = max(0, ceiling - LEAST_BUDGET)
        changes.rewritten(
            "options.reasoning", f"The answer may have {ceiling} tokens; {budget} are for thinking."
        )
    if budget < LEAST_BUDGET:
        changes.dropped(
            "options.reasoning",
            f"Thinking needs {LEAST_BUDGET} tokens, and {budget} are left for it.",
        )
        return None
    if cap != options.max_tokens:
        changes.rewritten(
            "options.max_tokens", f"Thinking counts as well: {cap} with {budget} for thinking."
        )
    return ThinkingPlan({"thinking": {"type": "enabled", "budget_tokens": budget}}, cap, "budget")


def _effort(level: ReasoningLevel, model: Model, family: Family, changes: Changes) -> str:
    if level in model.thinking_level_map:
        return model.thinking_level_map[level] or "high"
    effort = _EFFORTS.get(level)
    if effort is not None:
        return effort
    if level in family.efforts:
        return level
    changes.rewritten("options.reasoning", f"{family.key} does not know {level}; it is high.")
    return "high"


def _adaptive_cap(model: Model, options: CompletionOptions) -> int | None:
    if options.max_tokens is not None or model.max_tokens in _NOT_CAPS:
        return options.max_tokens
    return model.max_tokens


def _fields(family: Family, effort: str) -> dict[str, Any]:
    if family.thinking == "reasoning_effort":
        return {"reasoning_effort": effort}
    if family.thinking == "reasoning_config":
        # Recorded: only low and high exist.
        return {"reasoning_config": "low" if effort == "low" else "high"}
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
