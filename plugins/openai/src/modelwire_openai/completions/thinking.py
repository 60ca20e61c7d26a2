"""Thinking parameters, in the terms of each service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelwire.hookspecs import CompletionOptions
from modelwire.models import Model, ReasoningLevel
from modelwire.repair import Changes
from modelwire_openai.compat import Compat, ThinkingFormat
from modelwire_openai.models import openai_model

__all__ = ["effort_of", "thinking", "thinks"]

_PATH = "options.reasoning"
_LEVELS = ("off", "minimal", "low", "medium", "high", "xhigh", "max")
_WORDS = {"off": "none"}
_DEFAULT_EFFORTS = ("minimal", "low", "medium", "high")


def thinks(model: Model, *, is_openai: bool) -> bool:
    """Whether a model is known to think before it answers."""
    if model.reasoning is not None:
        return model.reasoning
    known = openai_model(model.id) if is_openai else None
    return known is not None and known.reasoning


def thinking(
    model: Model, options: CompletionOptions, compat: Compat, changes: Changes, *, is_openai: bool
) -> dict[str, Any]:
    """Write how much to think; nothing where the caller does not say."""
    level = options.reasoning
    if level is None:
        return {}
    known = openai_model(model.id) if is_openai else None
    cannot = model.reasoning is False or (known is not None and not known.reasoning)
    if cannot and level != "off":
        changes.note("ignored", _PATH, f"{model.id} does not think before it answers.")
    if cannot:
        return {}
    if level == "off" and not compat.can_disable_thinking:
        return _least(model, compat, changes)
    effort = effort_of(level, model, compat, known.efforts if known else (), changes)
    return _FORMATS[compat.thinking_format](level, effort, compat, changes)


def _least(model: Model, compat: Compat, changes: Changes) -> dict[str, Any]:
    """The level that is sent in place of "off" for a model that always thinks."""
    least = min(compat.supported_reasoning_efforts, key=_rank, default=None)
    if least is None or not compat.supports_reasoning_effort:
        changes.note("ignored", _PATH, f"{model.id} always thinks.")
        return {}
    changes.rewritten(_PATH, f"{model.id} always thinks; {least!r} is requested.")
    return {"reasoning_effort": least}


def effort_of(
    level: ReasoningLevel, model: Model, compat: Compat, known: Sequence[str], changes: Changes
) -> str | None:
    """The service's name of a level, or `None` where it has none for it.

    The model's own map comes first, then that of `compat`; a level that the service does not know
    becomes the nearest that it does.
    """
    if level in model.thinking_level_map:
        return model.thinking_level_map[level]
    mapped = compat.reasoning_effort_map.get(level)
    if mapped is not None:
        return mapped
    efforts = compat.supported_reasoning_efforts or known
    word = _WORDS.get(level, level)
    if not efforts:
        if level == "off":
            return None
        efforts = _DEFAULT_EFFORTS
    if word in efforts:
        return word
    if level == "off":
        return None
    nearest = min(
        (effort for effort in efforts if _rank(effort) > 0),
        key=lambda effort: abs(_rank(effort) - _rank(level)),
        default=None,
    )
    if nearest is not None:
        changes.rewritten(_PATH, f"{model.id} does not know {level!r}; it is {nearest!r}.")
    return nearest


def _rank(effort: str) -> int:
    return _LEVELS.index(effort) if effort in _LEVELS else 0


_Format = Callable[[ReasoningLevel, str | None, Compat, Changes], dict[str, Any]]


def _by_effort(
    level: ReasoningLevel, effort: str | None, compat: Compat, changes: Changes
) -> dict[str, Any]:
    if not compat.supports_reasoning_effort:
        changes.note("ignored", _PATH, "The service has no setting for how much to think.")
        return {}
    if effort is None:
        changes.note("ignored", _PATH, f"The service has no word for {level!r}.")
        return {}
    return {"reasoning_effort": effort}


def _by_switch(
    level: ReasoningLevel, _effort: str | None, _compat: Compat, _changes: Changes
) -> dict[str, Any]:
    return {"enable_thinking": level != "off"}


def _by_template(
    level: ReasoningLevel, _effort: str | None, _compat: Compat, _changes: Changes
) -> dict[str, Any]:
    return {"chat_template_kwargs": {"enable_thinking": level != "off"}}


def _by_object(
    level: ReasoningLevel, effort: str | None, _compat: Compat, _changes: Changes
) -> dict[str, Any]:
    if level == "off":
        return {"reasoning": {"enabled": False}}
    return {"reasoning": {"effort": effort} if effort else {"enabled": True}}


def _by_type(
    level: ReasoningLevel, effort: str | None, compat: Compat, _changes: Changes
) -> dict[str, Any]:
    fields: dict[str, Any] = {"thinking": {"type": "disabled" if level == "off" else "enabled"}}
    knows_efforts = compat.supports_reasoning_effort and compat.supported_reasoning_efforts
    if effort and level != "off" and knows_efforts:
        fields["reasoning_effort"] = effort
    return fields


def _by_adaptive_type(
    level: ReasoningLevel, _effort: str | None, _compat: Compat, _changes: Changes
) -> dict[str, Any]:
    return {"thinking": {"type": "disabled" if level == "off" else "adaptive"}}


def _by_enabled(
    level: ReasoningLevel, effort: str | None, compat: Compat, _changes: Changes
) -> dict[str, Any]:
    fields: dict[str, Any] = {"reasoning": {"enabled": level != "off"}}
    if effort and level != "off" and compat.supports_reasoning_effort:
        fields["reasoning_effort"] = effort
    return fields


# As the services document them: docs.z.ai, api-docs.deepseek.com, Model Studio, openrouter.ai.
_FORMATS: Mapping[ThinkingFormat, _Format] = {
    "openai": _by_effort,
    "zai": _by_type,
    "qwen": _by_switch,
    "qwen-chat-template": _by_template,
    "openrouter": _by_object,
    "deepseek": _by_type,
    "together": _by_enabled,
    "minimax": _by_adaptive_type,
}
