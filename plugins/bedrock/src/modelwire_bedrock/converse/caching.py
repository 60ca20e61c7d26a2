"""Cache points.

At most four are allowed in a request, and one for an hour may not follow one for five minutes. Here
there are at most three, all of one kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from modelwire.hookspecs import CacheRetention, CompletionOptions
from modelwire.repair import Changes
from modelwire_bedrock.converse.media import FILE_KINDS
from modelwire_bedrock.models.families import UNKNOWN, CachePlace, Family

__all__ = ["CachePlan", "cache_variables", "plan_caching", "system_blocks", "with_point"]

_BOUNDARY = re.compile(r"\n?<!-- OPENCLAW_CACHE_BOUNDARY -->\n?")
"""The marker between the part of a system prompt that stays and the part that changes."""
_RETENTIONS = ("OPENCLAW_CACHE_RETENTION", "PI_CACHE_RETENTION")
_FORCE = "AWS_BEDROCK_FORCE_CACHE"


@frozen
class CachePlan:
    """The places of the cache points.

    Attributes:
        places: The places.
        point: The block that is put there.
    """

    places: frozenset[CachePlace]
    point: dict[str, Any]


def plan_caching(
    family: Family, options: CompletionOptions, environ: Mapping[str, str], changes: Changes
) -> CachePlan:
    """Decide on cache points.

    What the caller says counts first, then `OPENCLAW_CACHE_RETENTION` or `PI_CACHE_RETENTION`, then
    five minutes. `AWS_BEDROCK_FORCE_CACHE=1` allows them for a model of no known family.
    """
    retention = options.cache_retention or _retention(environ)
    places = family.cache
    if family is UNKNOWN and environ.get(_FORCE) == "1":
        places = frozenset({"system", "messages"})
    if retention == "none" or not places:
        if options.cache_retention in ("short", "long"):
            changes.dropped("options.cache_retention", f"{family.key} takes no cache points.")
        return CachePlan(frozenset(), {})
    details = {"type": "default"}
    if retention == "long" and family.cache_hour:
        details["ttl"] = "1h"
    elif retention == "long":
        changes.rewritten(
            "options.cache_retention", f"{family.key} keeps a prompt for five minutes only."
        )
    return CachePlan(places, {"cachePoint": details})


def cache_variables(environ: Mapping[str, str]) -> tuple[str | None, ...]:
    """The values of the variables that `plan_caching` reads."""
    return tuple(map(environ.get, (*_RETENTIONS, _FORCE)))


def _retention(environ: Mapping[str, str]) -> CacheRetention:
    return "long" if any(environ.get(name) == "long" for name in _RETENTIONS) else "short"


def system_blocks(text: str, plan: CachePlan) -> list[dict[str, Any]]:
    """Write a system prompt; a cache point follows the part of it that stays the same."""
    stable, *rest = _BOUNDARY.split(text)
    changing = "\n".join(rest)
    if "system" not in plan.places:
        whole = "\n".join(part for part in (stable, changing) if part)
        return [{"text": whole}] if whole.strip() else []
    blocks = [{"text": stable}, dict(plan.point)] if stable.strip() else []
    return [*blocks, {"text": changing}] if changing.strip() else blocks


def with_point(
    content: list[dict[str, Any]], plan: CachePlan, changes: Changes
) -> list[dict[str, Any]]:
    """Put a cache point at the end of what a message says, before the files that end it.

    Claude refuses one right after a document (rec: cache_messages_with_document_as_last_content
    shows where it is accepted).
    """
    at = len(content)
    while at and any(kind in content[at - 1] for kind in FILE_KINDS):
        at -= 1
    if not at:
        changes.dropped("options.cache_retention", "No cache point may stand after a file.")
        return content
    return [*content[:at], dict(plan.point), *content[at:]]
