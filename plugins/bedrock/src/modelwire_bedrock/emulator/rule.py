"""A rule of the emulated service, and how it is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

from attrs import field, frozen

from modelwire_bedrock.emulator.checks.request import CheckedRequest

__all__ = ["CONVERSE", "EVERY", "Evidence", "Rule"]

EVERY: tuple[str, ...] = ()
CONVERSE = ("Converse", "ConverseStream")


class Evidence(StrEnum):
    """How a rule is known."""

    RECORDED = "recorded"
    REPORTED = "reported"
    HEARSAY = "hearsay"


@frozen
class Rule:
    """One rule.

    Attributes:
        name: What is demanded.
        check: Says what is wrong with a request, or `None`.
        evidence: How it is known.
        source: Where from.
        families: The families that it applies to; empty is every one.
        but: Families that it does not apply to.
        operations: The operations that it applies to.
        code: The error's code.
        detail: The code in OpenAI's shape, where it is not the usual one.
        accepted: Recordings of what looks like a breach and was accepted.
    """

    name: str
    check: Callable[[CheckedRequest], str | None] = field(repr=False)
    evidence: Evidence
    source: str
    families: Sequence[str] = EVERY
    but: Sequence[str] = ()
    operations: Sequence[str] = CONVERSE
    code: str = "ValidationException"
    detail: str = ""
    accepted: Sequence[str] = ()

    def holds_for(self, operation: str, families: frozenset[str]) -> bool:
        """Whether it applies to an operation and a model of these families."""
        if operation not in self.operations or families & set(self.but):
            return False
        return not self.families or bool(families & set(self.families))
