"""Strict tools: the reasons why a tool that requests it is not sent as strict."""

from __future__ import annotations

__all__ = ["not_strict"]


def not_strict(*, known: bool) -> str:
    """The reason, in one sentence.

    Args:
        known: Whether the service knows strict tools.
    """
    if not known:
        return "The service has no strict tools."
    return "A strict schema closes every object and requires every property."
