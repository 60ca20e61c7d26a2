"""Token usage, in counters that do not overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.authoring import count_tokens
from modelwire.messages import Usage
from modelwire_openai.compat import Compat

__all__ = ["find_usage", "read_usage"]


def find_usage(chunk: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the usage in a chunk: beside the choices, in one (Moonshot), or in Groq's own block."""
    usage = chunk.get("usage")
    if not usage:
        choices = chunk.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        usage = first.get("usage") if isinstance(first, Mapping) else None
    if not usage:
        groq = chunk.get("x_groq")
        usage = groq.get("usage") if isinstance(groq, Mapping) else None
    return usage if isinstance(usage, Mapping) and usage else None


def read_usage(usage: Mapping[str, Any], compat: Compat) -> Usage:
    """Read a usage.

    `prompt_tokens` holds what was read from the cache and written to it, and `completion_tokens`
    holds what was thought; so OpenAI defines them. xAI leaves the thoughts out, which shows in its
    total.

    Raises:
        ValueError: A number in it cannot be a count.
    """
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    prompt_details = _details(usage, "prompt_tokens_details")
    cached = (
        _count(prompt_details, "cached_tokens")
        or _count(usage, "prompt_cache_hit_tokens")
        or _count(usage, "cached_tokens")
    )
    written = _count(prompt_details, "cache_write_tokens") or _count(
        usage, "cache_creation_input_tokens"
    )
    completion_details = _details(usage, "completion_tokens_details")
    reasoning = count_tokens(completion_details, "reasoning_tokens")
    if reasoning is None:
        reasoning = count_tokens(usage, "reasoning_tokens")
    apart = compat.include_reasoning_tokens or (
        bool(reasoning) and _count(usage, "total_tokens") == prompt + completion + (reasoning or 0)
    )
    return Usage(
        input=max(0, prompt - cached - written),
        output=completion + (reasoning or 0 if apart else 0),
        cache_read=cached,
        cache_write=written,
        reasoning=reasoning,
    )


def _details(usage: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    details = usage.get(key)
    return details if isinstance(details, Mapping) else {}


def _count(counts: Mapping[str, Any], key: str) -> int:
    return count_tokens(counts, key) or 0
