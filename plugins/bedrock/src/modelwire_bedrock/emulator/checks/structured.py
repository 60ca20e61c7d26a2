"""Checks of structured output."""

from __future__ import annotations

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest

__all__ = ["output_config_accepted", "output_config_undisputed", "strict_accepted"]

_REFUSED = f"{FROM_MODEL}output_config.format: Extra inputs are not permitted"


def _asked(request: CheckedRequest) -> bool:
    return bool((request.body.get("outputConfig") or {}).get("textFormat"))


def output_config_accepted(request: CheckedRequest) -> str | None:
    """The model takes a schema for its answer."""
    return _REFUSED if request.hosted.structured == "no" and _asked(request) else None


def output_config_undisputed(request: CheckedRequest) -> str | None:
    """No report says that the model refuses a schema for its answer."""
    return _REFUSED if request.hosted.structured == "disputed" and _asked(request) else None


def strict_accepted(request: CheckedRequest) -> str | None:
    """No tool is strict where the model knows no strict tools."""
    if request.hosted.strict is not False:
        return None
    for at, tool in enumerate(request.tools):
        if tool.get("toolSpec", {}).get("strict") is not None:
            return f"{FROM_MODEL}tools.{at}.custom.strict: Extra inputs are not permitted"
    return None
