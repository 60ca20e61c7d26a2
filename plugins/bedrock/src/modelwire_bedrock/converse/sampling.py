"""Sampling parameters: `inferenceConfig`, and fields of the model's own."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.repair import Changes, clean_text, is_blank
from modelwire_bedrock.converse.options import Params
from modelwire_bedrock.converse.thinking import ThinkingPlan
from modelwire_bedrock.models.families import UNKNOWN, Family

__all__ = ["sampling"]

_LEAST_TOP_P_WHILE_THINKING = 0.95
_MOST_STOPS = 2500


def sampling(
    options: CompletionOptions,
    family: Family,
    thinking: ThinkingPlan,
    params: Params,
    changes: Changes,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write `inferenceConfig`, and what belongs in the model's own fields.

    The length is only limited where the caller requests it: the service reserves what a request may
    use of the quota, and an unwanted limit cuts answers.

    Raises:
        InvalidRequest: `max_tokens` is below one, or `topK` is not a number.
    """
    config: dict[str, Any] = {}
    if options.max_tokens is not None and options.max_tokens < 1:
        msg = f"An answer needs at least one token; max_tokens is {options.max_tokens}."
        raise InvalidRequest(msg)
    if thinking.max_tokens is not None:
        config["maxTokens"] = thinking.max_tokens
    if (temperature := _temperature(options, family, thinking, changes)) is not None:
        config["temperature"] = temperature
    if (top_p := _top_p(options, family, thinking, changes, temperature)) is not None:
        config["topP"] = top_p
    if stops := _stops(options, family, changes):
        config["stopSequences"] = stops
    fields = _top_k(family, thinking, params, changes)
    if family.thinking == "nova" and thinking.effort == "high":
        _free_nova(config, fields, changes)
    return config, fields


def _temperature(
    options: CompletionOptions, family: Family, thinking: ThinkingPlan, changes: Changes
) -> float | None:
    value = options.temperature
    path = "options.temperature"
    if value is None:
        return None
    if not family.temperature:
        changes.dropped(path, f"{family.key} refuses it.")
        return None
    if thinking.style == "adaptive" or (thinking.style == "budget" and value != 1):
        changes.dropped(path, "Claude takes none while it thinks.")
        return None
    return _clamped(path, value, changes)


def _top_p(
    options: CompletionOptions,
    family: Family,
    thinking: ThinkingPlan,
    changes: Changes,
    temperature: float | None,
) -> float | None:
    value = options.top_p
    path = "options.top_p"
    if value is None:
        return None
    if not family.top_p:
        changes.dropped(path, f"{family.key} refuses it.")
        return None
    if temperature is not None and not family.temperature_with_top_p:
        changes.dropped(path, f"{family.key} refuses it together with a temperature.")
        return None
    if thinking.style in ("budget", "adaptive") and value < _LEAST_TOP_P_WHILE_THINKING:
        changes.dropped(
            path, f"Claude takes none below {_LEAST_TOP_P_WHILE_THINKING} while it thinks."
        )
        return None
    return _clamped(path, value, changes)


def _clamped(path: str, value: float, changes: Changes) -> float:
    within = min(max(value, 0.0), 1.0)
    if within != value:
        changes.rewritten(path, f"The service takes 0 to 1; {value:g} becomes {within:g}.")
        return within
    return value


def _stops(options: CompletionOptions, family: Family, changes: Changes) -> list[str]:
    stops: list[str] = []
    for index, stop in enumerate(options.stop):
        text = clean_text(stop)
        if not text or (is_blank(text) and not family.blank_stops):
            changes.dropped(f"options.stop[{index}]", f"{family.key} takes no blank stop sequence.")
        elif len(stops) == _MOST_STOPS:
            changes.dropped(f"options.stop[{index}]", f"The service takes {_MOST_STOPS} at most.")
        else:
            stops.append(text)
    return stops


def _top_k(
    family: Family, thinking: ThinkingPlan, params: Params, changes: Changes
) -> dict[str, Any]:
    path, value = params.take("topK", "top_k")
    if value is None:
        return {}
    if isinstance(value, bool) or not isinstance(value, int):
        msg = f"{path} must be a whole number; it is {value!r}."
        raise InvalidRequest(msg)
    if family.top_k is None:
        hint = (
            "; where it does take one, use additionalModelRequestFields"
            if family is UNKNOWN
            else ""
        )
        changes.dropped(path, f"{family.key} takes none{hint}.")
    elif thinking.style in ("budget", "adaptive"):
        changes.dropped(path, "Claude takes none while it thinks.")
    elif family.top_k == "top_k":
        return {"top_k": value}
    else:
        return {"inferenceConfig": {"topK": value}}
    return {}


def _free_nova(config: dict[str, Any], fields: dict[str, Any], changes: Changes) -> None:
    """Remove settings that Nova 2 refuses at high effort, according to Amazon's documentation."""
    for key in ("maxTokens", "temperature", "topP"):
        if config.pop(key, None) is not None:
            changes.dropped(f"inferenceConfig.{key}", "Nova takes none with high reasoning effort.")
    if fields.pop("inferenceConfig", None) is not None:
        changes.dropped("options.params.topK", "Nova takes none with high reasoning effort.")
