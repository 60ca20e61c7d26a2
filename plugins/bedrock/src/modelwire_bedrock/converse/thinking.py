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

__all__ = ["LEAST_BUDGET", "ThinkingPlan", "effort_word", "plan_thinking"]

LEAST_BUDGET = 1024
"""Tokens; Claude refuses to think with less."""

_BUDGETS: Mapping[str, int] = {
    "minimal": 1024, "low": 2048, "medium": 8192, "high": 16384, "xhigh": 16384, "max": 16384,
}  # fmt: skip
_LEVELS = ("minimal", "low", "medium", "high", "xhigh", "max")
_HIGH = _LEVELS.index("high")
_INTERLEAVED = "interleaved-thinking-2025-05-14"
# evidence: coder/coder#25356, 2026-05: Bedrock wants it for the effort of Opus 4.5.
_EFFORT = "effort-2025-11-24"
_SAVING = {"minimal": "low", "low": "low", "medium": "medium"}
"""The effort for a level where a budget steers the thinking; above them it is the default, high."""


@frozen
class ThinkingPlan:
    """The thinking settings of a request.

    Attributes:
        fields: Fields of the model's own to send.
        max_tokens: The maximum number of tokens of the answer, thinking included.
        style: How thinking is requested; `None` where it is not.
        effort: The requested effort, where the style has one.
        thinks: Whether the model thinks in this answer, as far as it is known.
    """

    fields: dict[str, Any] = field(factory=dict)
    max_tokens: int | None = None
    style: Literal["budget", "adaptive", "other"] | None = None
    effort: str | None = None
    thinks: bool = False

    def limited_to(self, max_tokens: int | None) -> ThinkingPlan:
        """The same with another limit of the answer."""
        return ThinkingPlan(self.fields, max_tokens, self.style, self.effort, self.thinks)


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
        model: The model; where it is known not to think, thinking is not requested.
        family: Knows how thinking is requested.
        options: Says how much to think.
        params: May hold `thinkingBudgets`, `interleavedThinking` and `thinkingDisplay`.
        changes: The record of changes.
        gov_cloud: Whether the request goes to AWS GovCloud, which does not know `display`.
    """
    budgets = object_param(*params.take("thinkingBudgets"), changes)
    _, interleaved = params.take("interleavedThinking", "interleaved_thinking")
    _, display = params.take("thinkingDisplay", "thinking_display")
    if not _is_controlled(model, family, options.reasoning, changes):
        return ThinkingPlan(max_tokens=options.max_tokens)
    if options.reasoning == "off":
        return _thinking_off(
            model, family, options, changes, display=_display(display, gov_cloud=gov_cloud)
        )
    if family.thinking == "budget":
        plan = _budgeted(options.reasoning, budgets, model, options, changes)
        if plan.thinks and display and not gov_cloud:
            plan.fields["thinking"]["display"] = display
        if plan.thinks and family.interleaved and interleaved is not False:
            plan.fields["anthropic_beta"] = [_INTERLEAVED]
        if plan.thinks and family.effort_beside_budget and options.reasoning in _SAVING:
            plan.fields["output_config"] = {"effort": _SAVING[options.reasoning]}
            plan.fields["anthropic_beta"] = [*plan.fields.get("anthropic_beta", ()), _EFFORT]
        return plan
    adaptive = family.thinking == "adaptive"
    level = options.reasoning or (family.default_level if adaptive else None)
    if level is None and not (adaptive and family.by_default):
        return ThinkingPlan(max_tokens=options.max_tokens, thinks=family.by_default)
    if options.reasoning is None:
        at = f"; {level} effort is requested" if level else ""
        changes.added(
            "options.reasoning", f"{family.key} thinks unless thinking is turned off{at}."
        )
    effort = None if level is None else _effort(level, model, family, changes)
    return _thinking_on(family, effort, options, display=_display(display, gov_cloud=gov_cloud))


def _is_controlled(
    model: Model, family: Family, level: ReasoningLevel | None, changes: Changes
) -> bool:
    """Whether something can be said about thinking; a wish that cannot be met is recorded."""
    never = model.reasoning is False or (family.thinks is False and family.thinking is None)
    if not never and family.thinking is not None:
        return True
    if never:
        if level not in (None, "off"):
            changes.dropped("options.reasoning", f"{model.id} does not think.")
    elif level is not None and not (level == "off" and family.off == "omit" and not family.thinks):
        changes.dropped(
            "options.reasoning",
            f"How to control the thinking of {family.key} is unknown; if there is a field for it, "
            "use additionalModelRequestFields.",
        )
    return False


def _thinking_off(
    model: Model,
    family: Family,
    options: CompletionOptions,
    changes: Changes,
    *,
    display: dict[str, Any],
) -> ThinkingPlan:
    """Keep the model from thinking, or request the least thinking where that is impossible."""
    cap = options.max_tokens
    if family.off in ("disabled", "between_tools"):
        fields: Any = {"thinking": {"type": family.off}}
        if family.off == "between_tools":
            changes.rewritten(
                "options.reasoning", f"{family.key} can only be kept to think between tool calls."
            )
        return ThinkingPlan(fields, cap)
    if family.off == "none":
        return ThinkingPlan(_fields(family, "none"), cap)
    if family.off == "omit" or family.thinking == "budget":
        return ThinkingPlan(max_tokens=cap)
    return _thinking_on(family, _least(model, family, changes), options, display=display)


def effort_word(
    level: ReasoningLevel, model: Model, family: Family, changes: Changes
) -> str | None:
    """The effort of a level, where thinking is requested by a field of efforts.

    Args:
        level: How much to think, or `off`.
        model: The model, whose own level names take precedence.
        family: Knows the efforts.
        changes: The record of changes.

    Returns:
        The effort, `none` where that keeps the model from thinking, or `None` where nothing is sent.
    """
    if level != "off":
        return _effort(level, model, family, changes)
    if family.off in ("none", "omit"):
        return "none" if family.off == "none" else None
    return _least(model, family, changes)


def _least(model: Model, family: Family, changes: Changes) -> str:
    """The least effort, for a model that cannot be kept from thinking as far as is known."""
    why = (
        f"{family.key} always thinks; the lowest effort is requested."
        if family.off == "least"
        else f"How to turn off the thinking of {family.key} is unknown; the lowest effort is requested."
    )
    changes.rewritten("options.reasoning", why)
    return _effort("minimal", model, family, changes)


def _thinking_on(
    family: Family, effort: str | None, options: CompletionOptions, *, display: dict[str, Any]
) -> ThinkingPlan:
    if family.thinking == "adaptive":
        fields: dict[str, Any] = {"thinking": {"type": "adaptive", **display}}
        if effort is not None:
            fields["output_config"] = {"effort": effort}
        return ThinkingPlan(fields, options.max_tokens, "adaptive", effort, thinks=True)
    sent = effort or "high"
    return ThinkingPlan(_fields(family, sent), options.max_tokens, "other", sent, thinks=True)


def _display(given: Any, *, gov_cloud: bool) -> dict[str, Any]:
    return {} if gov_cloud else {"display": given or "summarized"}


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
    level: ReasoningLevel | None,
    budgets: Mapping[str, Any],
    model: Model,
    options: CompletionOptions,
    changes: Changes,
) -> ThinkingPlan:
    """Fit the budget and the cap together; without thinking where too little is left for it.

    Claude counts thinking among the tokens of its answer, and wants the budget below the cap.
    """
    if level is None:
        return ThinkingPlan(max_tokens=options.max_tokens)
    budget = _budget(level, budgets, changes)
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
        return ThinkingPlan(max_tokens=options.max_tokens)
    if cap != options.max_tokens:
        changes.rewritten(
            "options.max_tokens", f"Thinking counts as well: {cap} with {budget} for thinking."
        )
    fields = {"thinking": {"type": "enabled", "budget_tokens": budget}}
    return ThinkingPlan(fields, cap, "budget", thinks=True)


def _effort(level: ReasoningLevel, model: Model, family: Family, changes: Changes) -> str:
    """The effort for a level: the next that the family knows, but none above high for less."""
    if level in model.thinking_level_map:
        return model.thinking_level_map[level] or "high"
    if level in family.efforts:
        return level
    wanted = _LEVELS.index(level)
    known = sorted(family.efforts, key=_LEVELS.index)
    above = [effort for effort in known if _LEVELS.index(effort) > wanted]
    below = [effort for effort in known if _LEVELS.index(effort) < wanted]
    effort = above[0] if (wanted < _HIGH and above) or not below else below[-1]
    if level != "minimal" or effort != "low":
        changes.rewritten(
            "options.reasoning", f"{family.key} does not know {level}; it is {effort}."
        )
    return effort


def _fields(family: Family, effort: str) -> dict[str, Any]:
    if family.thinking == "reasoning.effort":
        return {"reasoning": {"effort": effort}}
    if family.thinking == "nova":
        return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
    return {str(family.thinking): effort}
