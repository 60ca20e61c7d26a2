"""Checks of sampling parameters and stop sequences."""

from __future__ import annotations

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest, unsupported_field

__all__ = ["no_sampling", "not_both", "stop_not_blank"]

_WIRE = {"temperature": "temperature", "topP": "top_p"}


def no_sampling(request: CheckedRequest) -> str | None:
    """The model takes no temperature, top_p or top_k."""
    if request.hosted.sampling is not False:
        return None
    given = [_WIRE[name] for name in _WIRE if name in request.inference]
    given += [name for name in ("top_k", "top_p", "temperature") if name in request.additional]
    if not given:
        return None
    if request.is_claude:
        return f"{FROM_MODEL}`{given[0]}` is deprecated for this model."
    named = next((name for name, wire in _WIRE.items() if wire == given[0]), given[0])
    return unsupported_field(named)


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
