"""Checks of how a request asks a model to think: the type of thinking and the effort."""

from __future__ import annotations

from typing import Any

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest

__all__ = ["effort_accepted", "effort_value_accepted", "fields_known", "thinking_type_accepted"]


def thinking_type_accepted(request: CheckedRequest) -> str | None:
    """`thinking.type` is one that this release of Claude has."""
    accepted, thinking = request.hosted.thinking, request.additional.get("thinking")
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    if accepted is None or kind is None or kind in accepted:
        return None
    if not accepted:
        return f"{FROM_MODEL}thinking: Extra inputs are not permitted"
    if kind == "adaptive":
        return f"{FROM_MODEL}adaptive thinking is not supported on this model"
    refused = f'{FROM_MODEL}"thinking.type.{kind}" is not supported for this model.'
    if kind == "disabled" and "between_tools" in accepted:
        return f'{refused} Use "thinking.type.between_tools" to think only between tool calls.'
    return (
        f'{refused} Use "thinking.type.adaptive" and "output_config.effort" to control thinking '
        "behavior."
    )


def effort_accepted(request: CheckedRequest) -> str | None:
    """`output_config.effort` is one that this release of Claude has."""
    accepted, effort = request.hosted.efforts, _effort(request)
    if accepted is None or effort is None:
        return None
    if not accepted:
        return f"{FROM_MODEL}This model does not support the effort parameter."
    if effort not in accepted:
        return (
            f"{FROM_MODEL}This model does not support effort level '{effort}'. Supported levels: "
            f"{', '.join(accepted)}."
        )
    off = request.hosted.efforts_off
    thinking = request.additional.get("thinking")
    disabled = isinstance(thinking, dict) and thinking.get("type") == "disabled"
    if disabled and off is not None and effort not in off:
        return (
            f"{FROM_MODEL}effort level '{effort}' requires thinking. Supported levels with "
            f"disabled thinking: {', '.join(off)}."
        )
    return None


def _effort(request: CheckedRequest) -> str | None:
    output = request.additional.get("output_config")
    inside = output.get("effort") if isinstance(output, dict) else None
    config = request.body.get("outputConfig") or {}
    return inside or config.get("effort")


def effort_value_accepted(request: CheckedRequest) -> str | None:
    """The effort of another family is one that the model has."""
    path, accepted = request.hosted.effort_field, request.hosted.effort_values
    if path is None or accepted is None:
        return None
    value: Any = request.additional
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None or value in accepted:
        return None
    listed = ", ".join(f"'{name}'" for name in accepted)
    return f"{FROM_MODEL}{path}: Invalid value: '{value}'. Supported values are: {listed}."


def fields_known(request: CheckedRequest) -> str | None:
    """No field is given that the model does not have."""
    for name in request.hosted.unknown_fields:
        if name in request.additional:
            return f"{FROM_MODEL}Unknown parameter: '{name}'."
    return None
