"""Calls: what a request asks of a model, in whatever API it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, define

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context

__all__ = ["Call", "Note"]


@define
class Note:
    """A part of a request that is not passed on as it was written.

    Attributes:
        path: Where it is in the body.
        reason: Why, and what is done in its place.
    """

    path: str
    reason: str


@define
class Call:
    """What a request asks of a model.

    Attributes:
        context: The conversation and the tools.
        options: How the answer is wanted.
        stream: Whether the answer is streamed.
        include_usage: Whether a stream of Chat Completions ends with the usage.
        custom_tools: Tools whose input is one text and not an object.
        notes: What is not passed on as it was written.
        passed: Fields that only an upstream with the same API understands.
    """

    context: Context
    options: CompletionOptions
    stream: bool = False
    include_usage: bool = False
    custom_tools: frozenset[str] = frozenset()
    notes: list[Note] = Factory(list)
    passed: Mapping[str, Any] = Factory(dict)

    def note(self, path: str, reason: str) -> None:
        """Record a part that is not passed on as it was written."""
        self.notes.append(Note(path, reason))
