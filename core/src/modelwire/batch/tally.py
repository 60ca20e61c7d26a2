"""The tally of a run: its answers, tokens and cost, and the tokens that requests are expected to have."""

from __future__ import annotations

from typing import Final

from attrs import define

from modelwire.batch.records import BatchRow
from modelwire.batch.row_outcome import RowOutcome
from modelwire.messages import File, Image, Text

__all__ = ["Tally", "TokenEstimate"]

_CHARACTERS_PER_TOKEN: Final = 4
_FIRST_ANSWER: Final = 256
"""Tokens that the first answers are expected to have."""
_MEDIA: Final = 1_000
"""Tokens that a picture or a document is expected to have."""


@define
class Tally:
    """The tally of a run.

    Attributes:
        budget: The maximum cost in USD, or `None`.
        spent: The cost of earlier runs.
        paid: The answers that have come.
        answered: Those of them that are written.
        failed: The rows that failed.
        requests: The requests of rows that have ended.
        refused: Those of them that were refused because there were too many.
        tokens: Tokens of the requests and answers.
        cost: USD, as far as it is known.
    """

    budget: float | None = None
    spent: float = 0.0
    paid: int = 0
    answered: int = 0
    failed: int = 0
    requests: int = 0
    refused: int = 0
    tokens: int = 0
    cost: float = 0.0

    def add(self, outcome: RowOutcome) -> None:
        """Count what a row took, whose line is not written yet."""
        self.requests += outcome.requests
        self.refused += outcome.refused
        self.tokens += outcome.tokens
        self.cost += outcome.cost or 0.0
        self.paid += outcome.record is not None and not outcome.has_failed

    def affords(self, in_flight: int) -> bool:
        """Whether the budget is enough for one more request, if all cost what they have cost so far.

        The first one is sent alone, as its cost is not known.
        """
        if self.budget is None:
            return True
        if self.paid == 0:
            return in_flight == 0 and self.spent < self.budget
        mean = self.cost / self.paid
        return self.spent + self.cost + mean * (in_flight + 1) <= self.budget


@define
class TokenEstimate:
    """The tokens that rows are expected to have, from those before them.

    Attributes:
        tpm: The quota of tokens, or `None` where tokens need not be expected.
        answers: The answers that have come.
        output_tokens: Their tokens.
    """

    tpm: float | None = None
    answers: int = 0
    output_tokens: int = 0

    def add(self, output_tokens: int) -> None:
        """Note the tokens of an answer."""
        self.answers += 1
        self.output_tokens += output_tokens

    def of(self, row: BatchRow) -> float:
        """The tokens that a row and its answer are expected to have; 0 where nothing depends on it."""
        if self.tpm is None:
            return 0.0
        answer = self.output_tokens / self.answers if self.answers else _FIRST_ANSWER
        return _characters(row) / _CHARACTERS_PER_TOKEN + answer


def _characters(row: BatchRow) -> int:
    found = len(row.system or "")
    for message in row.messages:
        for block in message.content:
            if isinstance(block, Text):
                found += len(block.text)
            elif isinstance(block, Image | File):
                found += _MEDIA * _CHARACTERS_PER_TOKEN
    return found
