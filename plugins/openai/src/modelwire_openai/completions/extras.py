"""Extra content of an answer, kept as diagnostics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.events import Delta, Diagnostic
from modelwire.repair import clean_json

__all__ = ["Extras"]

_OF_CHUNK = ("citations", "search_results", "service_tier")
_OF_DELTA = ("images", "audio")


class Extras:
    """Collects such things while they arrive; each becomes one diagnostic at the end."""

    def __init__(self) -> None:
        self._facts: dict[str, Any] = {}
        self._lists: dict[str, list[Any]] = {}

    def note(self, chunk: Mapping[str, Any], usage: Mapping[str, Any] | None) -> None:
        """Process a chunk; its facts about the whole answer replace earlier ones."""
        for key in _OF_CHUNK:
            if chunk.get(key) and chunk[key] != "default":
                self._facts[key] = chunk[key]
        if usage is not None and isinstance(usage.get("cost"), int | float):
            self._facts["reported_cost"] = usage["cost"]

    def note_choice(self, choice: Mapping[str, Any]) -> None:
        """Look at a choice, for the probabilities of its tokens."""
        logprobs = choice.get("logprobs")
        content = logprobs.get("content") if isinstance(logprobs, Mapping) else None
        if isinstance(content, list) and content:
            self._lists.setdefault("logprobs", []).extend(content)

    def note_delta(self, delta: Mapping[str, Any]) -> None:
        """Look at a delta, for images or sounds that the model made."""
        for key in _OF_DELTA:
            value = delta.get(key) if key in delta else None
            if value:
                self._lists.setdefault(key, []).extend(
                    value if isinstance(value, list) else [value]
                )

    def end(self) -> list[Delta]:
        """The collected extras."""
        found = {**self._facts, **self._lists}
        self._facts, self._lists = {}, {}
        return [Diagnostic(key, {"value": clean_json(value)}) for key, value in found.items()]
