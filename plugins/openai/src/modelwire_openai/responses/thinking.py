"""Reasoning parameters, and what depends on them."""

from __future__ import annotations

import re
from typing import Any, Literal

from attrs import Factory, field, frozen

from modelwire.hookspecs import CompletionOptions
from modelwire.models import Model, ReasoningLevel
from modelwire.repair import Changes
from modelwire_openai.responses.dialect import Dialect

__all__ = ["EFFORTS", "ENCRYPTED", "Reasoner", "ReasoningPlan", "plan_reasoning", "reasoner_of"]

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""Every effort, from the least."""

_BASIC = ("low", "medium", "high")
_WIDE = ("none", "low", "medium", "high", "xhigh")


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text)


@frozen
class Reasoner:
    """Models whose ids fit one pattern.

    Attributes:
        pattern: What the whole id looks like, without vendor prefixes.
        efforts: The efforts that they accept, from the least; nothing where they do not reason.
        default: The effort where the request names none.
        evidence: How well that is known.
    """

    pattern: re.Pattern[str] = field(converter=_compiled)
    efforts: tuple[str, ...]
    default: str
    evidence: Literal["recorded", "documented", "hearsay"]


# The first that fits counts.
_TABLE: tuple[Reasoner, ...] = (
    Reasoner(r"gpt-5(\.\d+)?-chat.*", (), "none", "hearsay"),
    Reasoner(r"gpt-5-pro.*", ("high",), "high", "documented"),
    Reasoner(r"gpt-5\.\d+-pro.*", ("medium", "high", "xhigh"), "medium", "hearsay"),
    Reasoner(r"gpt-5-codex.*", _BASIC, "medium", "documented"),
    Reasoner(r"gpt-5\.1-codex-max.*", (*_BASIC, "xhigh"), "medium", "documented"),
    Reasoner(r"gpt-5\.1-codex.*", _BASIC, "medium", "hearsay"),
    Reasoner(r"gpt-5\.\d+-codex.*", (*_BASIC, "xhigh"), "medium", "hearsay"),
    Reasoner(r"gpt-5\.1.*", ("none", *_BASIC), "none", "documented"),
    Reasoner(r"gpt-5\.[234]([^\d].*)?", _WIDE, "none", "recorded"),
    Reasoner(r"gpt-5\.\d+.*", _WIDE, "medium", "recorded"),
    Reasoner(r"gpt-5.*", ("minimal", *_BASIC), "medium", "documented"),
    Reasoner(r"(o\d|codex-mini|gpt-oss).*", _BASIC, "medium", "documented"),
    Reasoner(r"(gpt-4|gpt-3|chatgpt).*", (), "none", "documented"),
)

_PREFIXES = re.compile(r"^(?:.*/)?(?:(?:[a-z]{2}\.)?openai\.)?(?:ft:)?")


def reasoner_of(model_id: str) -> Reasoner | None:
    """The row of a model, or `None` where nothing is known about it."""
    name = _PREFIXES.sub("", model_id.lower())
    return next((row for row in _TABLE if row.pattern.fullmatch(name)), None)


ENCRYPTED = "reasoning.encrypted_content"
"""The `include` value that makes reasoning returnable to a service that stores nothing."""

_PATH = "options.reasoning"


@frozen
class ReasoningPlan:
    """The reasoning settings of a request.

    Attributes:
        fields: The object `reasoning`; empty where the model is left to itself.
        reasons: Whether the model may answer with reasoning items.
        samples: Whether `temperature` and `top_p` are accepted.
    """

    fields: dict[str, Any] = Factory(dict)
    reasons: bool = False
    samples: bool = True


def plan_reasoning(
    model: Model, options: CompletionOptions, dialect: Dialect, changes: Changes
) -> ReasoningPlan:
    """Decide how much to reason."""
    row = reasoner_of(model.id)
    able = model.reasoning if model.reasoning is not None else row and bool(row.efforts)
    level = options.reasoning
    if able is False:
        if level not in (None, "off"):
            changes.dropped(_PATH, f"{model.id} does not reason.")
        return ReasoningPlan()
    known = row.efforts if row is not None else ()
    effort = None if level is None else _effort(level, known, model, dialect, changes)
    fields: dict[str, Any] = {}
    if effort is not None:
        fields["effort"] = effort
        if effort != "none":
            fields["summary"] = "auto"
    default = row.default if row is not None and row.efforts else None
    in_effect = effort or default
    reasons = in_effect != "none" if in_effect else bool(able)
    # Only OpenAI's own models are known to refuse sampling.
    refuses = reasons and (row is not None or dialect.native)
    return ReasoningPlan(fields, reasons or bool(able), samples=not refuses)


def _effort(
    level: ReasoningLevel,
    known: tuple[str, ...],
    model: Model,
    dialect: Dialect,
    changes: Changes,
) -> str | None:
    """The service's name of a level, or `None` where it has none."""
    if not dialect.compat.supports_reasoning_effort:
        changes.dropped(_PATH, "The service takes no reasoning effort.")
        return None
    if level in model.thinking_level_map:
        word = model.thinking_level_map[level]
        if word is None:
            changes.dropped(_PATH, f"{model.id} has no such level.")
        return word
    if level in dialect.compat.reasoning_effort_map:
        return dialect.compat.reasoning_effort_map[level]
    wanted = "none" if level == "off" else level
    efforts = dialect.compat.supported_reasoning_efforts or known
    chosen = _nearest(wanted, efforts) if efforts else wanted
    if chosen != wanted:
        changes.rewritten(_PATH, f"{model.id} does not know the effort {wanted}; it is {chosen}.")
    return chosen


def _nearest(wanted: str, efforts: tuple[str, ...]) -> str:
    """The nearest effort that there is; `none` is not used for a request with reasoning."""
    if wanted in efforts:
        return wanted
    ranked = [effort for effort in efforts if effort in EFFORTS] or list(efforts)
    if wanted != "none":
        ranked = [effort for effort in ranked if effort != "none"] or ranked
    at = EFFORTS.index(wanted)
    return min(
        ranked, key=lambda effort: abs(EFFORTS.index(effort) - at) if effort in EFFORTS else 0
    )
