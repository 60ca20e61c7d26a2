"""Hints that need the call as well as the message: model, profile, region and tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelwire.errors import AccessDenied, ContextOverflow, NotFound, ProviderError
from modelwire_bedrock.error_rules import Symptom
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.families import base_model_id

__all__ = ["hint_for", "successor_of"]

# Withdrawn models, and what AWS's own projects put in their place. evidence, 2026-11: Claude 3 Sonnet,
# 3.7 and Sonnet 4, and 3.5 Haiku in strands-agents/samples#299 (2026-08); 3 Haiku in
# awslabs/startups#307 (2026-09); 3.5 Sonnet by analogy with 3.7. Of a model that is missing here none
# is known, as sources differ (Nova Premier) or name a model that is withdrawn as well (Command).
_SUCCESSORS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"claude-(?:3-haiku|3-5-haiku)", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        (r"claude-(?:3-sonnet|3-[57]-sonnet|sonnet-4-2)", "anthropic.claude-sonnet-4-6"),
    )
)
_REGION_OF_RESOURCE = re.compile(r"on resource: arn:aws[a-z-]*:bedrock:([a-z0-9-]*):")
_TOOL_INDEX = re.compile(
    r"(?P<place>\b(?:toolConfig[./])?tools(?:[./]|\[)(?P<index>\d+)\]?)(?P<member>\.member)?"
)
_MUCH_MEDIA = 1_000_000


def hint_for(
    error: ProviderError,
    *,
    model: str,
    called: str,
    region: str,
    payload: Mapping[str, Any],
    tool_names: Mapping[str, str],
) -> str | None:
    """The hint for an error of a call, or `None` where there is nothing to add to the message.

    Args:
        error: The error.
        model: The requested id.
        called: The id that was called.
        region: The region of the call.
        payload: The request.
        tool_names: The tools' own names by those that they have in the request.
    """
    fault = error.__cause__
    symptom = fault.symptom if isinstance(fault, ServiceFault) else None
    if symptom is Symptom.LEGACY_MODEL:
        successor = successor_of(model)
        newer = f"use {successor}, or another of" if successor else "choose another of"
        return f"{model} is withdrawn; {newer} `modelwire models list`."
    if isinstance(error, NotFound) and called != model:
        return (
            f"{model} was called through {called}, which may not exist in {region}; name a profile of "
            "your own: `modelwire models list` shows those of the region."
        )
    if isinstance(error, AccessDenied):
        return _other_region(error, called, region)
    if isinstance(error, ContextOverflow) and _media_bytes(payload) > _MUCH_MEDIA:
        return "Images and files may take most of the request; send fewer or smaller ones."
    return _refused_tools(error.message, payload, tool_names)


def _refused_tools(
    message: str, payload: Mapping[str, Any], tool_names: Mapping[str, str]
) -> str | None:
    """Name the tools that a message means by their places in the request."""
    tools = payload.get("toolConfig", {}).get("tools", [])
    named: dict[str, str] = {}
    for match in _TOOL_INDEX.finditer(message):
        # AWS's own checks count the members of a list from one, those of the models from zero.
        index = int(match["index"]) - (1 if match["member"] else 0)
        if 0 <= index < len(tools) and (name := tools[index].get("toolSpec", {}).get("name")):
            named[match["place"]] = tool_names.get(name, name)
    if not named:
        return None
    places = ", ".join(f"{place} is the tool {name!r}" for place, name in named.items())
    return f"{places}; check its name, description and schema."


def successor_of(model_id: str) -> str | None:
    """The model that takes the place of a withdrawn one, where it is known."""
    wanted = base_model_id(model_id).lower()
    return next((name for pattern, name in _SUCCESSORS if pattern.search(wanted)), None)


def _other_region(error: ProviderError, called: str, region: str) -> str | None:
    """A hint for a profile that routes a call to a region that the policy does not allow."""
    found = _REGION_OF_RESOURCE.search(error.message)
    if found is None or found[1] == region:
        return None
    if not found[1]:
        return (
            f"{called} runs in any region: allow the model without a region "
            "(arn:aws:bedrock:::foundation-model/...) in IAM, and the region `unspecified` in service "
            "control policies."
        )
    return (
        f"{called} also runs in {found[1]}, where this identity may not call the model: allow it there "
        "in IAM and in the service control policies, or use a profile that stays in allowed regions."
    )


def _media_bytes(value: Any) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_media_bytes, value.values()))
    if isinstance(value, list):
        return sum(map(_media_bytes, value))
    return 0
