"""Checks of sampling parameters and stop sequences."""

from __future__ import annotations

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest

__all__ = ["no_temperature", "not_both", "stop_not_blank"]


def no_temperature(request: CheckedRequest) -> str | None:
    """The model takes no temperature."""
    if "temperature" not in request.inference:
        return None
    return f"{FROM_MODEL}`temperature` is deprecated for this model."


def not_both(request: CheckedRequest) -> str | None:
    """Only one of temperature and `topP` is given."""
    if not {"temperature", "topP"} <= set(request.inference):
        return None
    return (
        f"{FROM_MODEL}`temperature` and `top_p` cannot both be specified for this model. Please "
        "use only one."
    )


def stop_not_blank(request: CheckedRequest) -> str | None:
    """Stop sequences hold more than white space."""
    stops = request.inference.get("stopSequences", ())
    if all(stop.strip() for stop in stops):
        return None
    return f"{FROM_MODEL}stop_sequences: each stop sequence must contain non-whitespace"
