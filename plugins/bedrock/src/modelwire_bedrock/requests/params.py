"""The request parameters of the configuration and of the caller that only Bedrock understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from modelwire.repair import Changes

__all__ = ["Params", "object_param"]

_READ_ELSEWHERE = frozenset({
    # Where to send the request, and as whom. Secrets are not taken from parameters.
    "region", "profile",
    # What the agent around the model reads.
    "transport", "fastMode",
})  # fmt: skip


@define
class Params:
    """Takes parameters by name, and knows which of them nobody took."""

    _values: Mapping[str, Any]
    _changes: Changes
    _taken: set[str] = field(factory=set, init=False)

    def take(self, *names: str) -> tuple[str, Any]:
        """The first of these spellings that has a value: its path for messages, and the value.

        The value is `None` where no spelling has one.
        """
        self._taken.update(names)
        for name in names:
            value = self._values.get(name)
            if value is not None:
                return f"options.params.{name}", value
        return f"options.params.{names[0]}", None

    def note_unknown(self) -> None:
        """Record every parameter that nobody took."""
        for name in self._values:
            if name not in self._taken and name not in _READ_ELSEWHERE:
                self._changes.note(
                    "ignored",
                    f"options.params.{name}",
                    "Not a parameter of this API; put model parameters in additionalModelRequestFields.",
                )


def object_param(path: str, value: Any, changes: Changes) -> dict[str, Any]:
    """A parameter that must be an object; anything else is dropped and recorded."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return dict(value)
    changes.dropped(path, "It is not an object.")
    return {}
