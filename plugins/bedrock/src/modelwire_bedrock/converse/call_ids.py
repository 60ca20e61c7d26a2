"""Ids of tool calls, in the shape that a family takes."""

from __future__ import annotations

import hashlib
import re

from attrs import define, field

from modelwire.repair import UniqueIds
from modelwire_bedrock.models.families import Family

__all__ = ["CallIds"]

_NINE = re.compile(r"[a-zA-Z0-9]{9}")


@define
class CallIds:
    """Gives each tool call of a history an id on the wire that its family takes.

    The same history gets the same ids in every request, also where another provider made them.

    Attributes:
        family: The family.
    """

    family: Family
    _unique: UniqueIds = field(factory=UniqueIds, init=False)
    _used: set[str] = field(factory=set, init=False)

    @property
    def rule(self) -> str:
        """The rule for an id, as one sentence."""
        if self.family.call_ids == "nine":
            return (
                f"{self.family.key} takes ids of tool calls of nine letters or digits, each once."
            )
        return "A tool call's id is letters, digits, _ and -, at most 64, and its own."

    def new(self, original: str) -> str:
        """The id on the wire of the next call that has this id of its own."""
        if self.family.call_ids != "nine":
            return self._unique.new(original)
        wire, attempt = original, 0
        while wire in self._used or _NINE.fullmatch(wire) is None:
            whole = f"{original}\0{attempt}".encode("utf-8", "surrogatepass")
            wire, attempt = hashlib.sha256(whole).hexdigest()[:9], attempt + 1
        self._used.add(wire)
        return wire
