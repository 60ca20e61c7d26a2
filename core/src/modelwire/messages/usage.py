"""Usage, costs and stop reasons."""

from __future__ import annotations

from enum import StrEnum

from attrs import define

from modelwire.text import short_repr

__all__ = ["Cost", "StopReason", "Usage", "priced"]


class StopReason(StrEnum):
    """The reason why an answer ended."""

    STOP = "stop"
    """The model was done, or reached a stop sequence."""
    LENGTH = "length"
    """A token limit was reached."""
    TOOL_USE = "toolUse"
    """The model waits for the results of its tool calls."""
    ERROR = "error"
    """It failed; only in the partial message of an error and in recorded sessions."""
    ABORTED = "aborted"
    """The caller stopped it; only in partial messages and in recorded sessions."""


@define
class Cost:
    """The cost of an answer in USD."""

    input: float = 0.0
    output: float = 0.0
    cache_read: float = 0.0
    cache_write: float = 0.0

    __repr__ = short_repr

    @property
    def total(self) -> float:
        """The sum, in USD."""
        return self.input + self.output + self.cache_read + self.cache_write

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
        )


@define
class Usage:
    """Tokens that an answer used, in four counters that do not overlap.

    Usages can be added; the cost of a sum is known where all its parts are.

    Attributes:
        input: Tokens of the request that were neither read from nor written to a cache.
        output: Tokens of the answer, thinking included.
        cache_read: Tokens of the request that were read from the provider's cache.
        cache_write: Tokens of the request that were written to the provider's cache.
        cache_write_1h: The part of `cache_write` that is kept for one hour.
        reasoning: The part of `output` that was thinking, or `None` if the provider does not report
            it.
        cost: In USD, or `None` when the model's prices are not known. Unknown is never zero.
    """

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    reasoning: int | None = None
    cost: Cost | None = None

    __repr__ = short_repr

    @property
    def total_tokens(self) -> int:
        """The sum of the four counters."""
        return self.input + self.output + self.cache_read + self.cache_write

    def __add__(self, other: Usage) -> Usage:
        reasoning = [part for part in (self.reasoning, other.reasoning) if part is not None]
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cache_read + other.cache_read,
            self.cache_write + other.cache_write,
            self.cache_write_1h + other.cache_write_1h,
            sum(reasoning) if reasoning else None,
            self.cost + other.cost if self.cost is not None and other.cost is not None else None,
        )


def priced(usage: Usage, cost: Cost) -> Usage:
    """The same usage with a cost."""
    # A quarter of the time that `evolve` takes, in each answer.
    return Usage(
        usage.input,
        usage.output,
        usage.cache_read,
        usage.cache_write,
        usage.cache_write_1h,
        usage.reasoning,
        cost,
    )
