"""Checks of cache points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest

__all__ = [
    "at_most_four",
    "long_before_short",
    "no_hour",
    "no_points",
    "no_points_in_tools",
    "no_ttl",
]

MOST = 4


def _points(request: CheckedRequest) -> Iterator[tuple[str, dict[str, Any]]]:
    """All cache points in the order in which they are processed, with their places."""
    for at, tool in enumerate(request.tools):
        if "cachePoint" in tool:
            yield f"toolConfig/tools/{at}", tool["cachePoint"]
    for at, block in enumerate(request.body.get("system") or ()):
        if "cachePoint" in block:
            yield f"system/{at}", block["cachePoint"]
    for at, position, block in request.blocks():
        if "cachePoint" in block:
            yield f"messages/{at}/content/{position}", block["cachePoint"]


def no_points(request: CheckedRequest) -> str | None:
    """The model caches nothing."""
    if not any(_points(request)):
        return None
    return (
        "You invoked an unsupported model or your request did not allow prompt caching. See the "
        "documentation for more information."
    )


def no_points_in_tools(request: CheckedRequest) -> str | None:
    """Tool definitions are not cached."""
    for place, _ in _points(request):
        if place.startswith("toolConfig"):
            return _extraneous(place, "cachePoint")
    return None


def no_ttl(request: CheckedRequest) -> str | None:
    """Cache points say nothing of how long."""
    for place, point in _points(request):
        if "ttl" in point:
            return _extraneous(f"{place}/cachePoint", "ttl")
    return None


def no_hour(request: CheckedRequest) -> str | None:
    """Nothing is kept for an hour where the model keeps it for five minutes only."""
    if request.hosted.ttl is not False:
        return None
    for place, point in _points(request):
        if point.get("ttl") == "1h":
            dotted = place.replace("/", ".")
            return f"{FROM_MODEL}{dotted}.cache_control.ttl: Extra inputs are not permitted"
    return None


def _extraneous(place: str, key: str) -> str:
    return (
        f"{FROM_MODEL}Malformed input request: #/{place}: extraneous key [{key}] is not "
        "permitted, please reformat your input and try again."
    )


def at_most_four(request: CheckedRequest) -> str | None:
    """There are at most four cache points."""
    count = sum(1 for _ in _points(request))
    if count <= MOST:
        return None
    return (
        f"{FROM_MODEL}A maximum of {MOST} blocks with cache_control may be provided. Found {count}."
    )


def long_before_short(request: CheckedRequest) -> str | None:
    """Cache points of one hour come before those of five minutes."""
    short = False
    for place, point in _points(request):
        if point.get("ttl") != "1h":
            short = True
        elif short:
            return (
                f"{FROM_MODEL}{place.replace('/', '.')}.cache_control.ttl: a ttl='1h' cache_control "
                "block must not come after a ttl='5m' cache_control block. Note that blocks are "
                "processed in the following order: `tools`, `system`, `messages`."
            )
    return None
