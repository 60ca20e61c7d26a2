"""Batch services: a provider's batch jobs in memory, described by the plugin's author."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from modelwire.testing.server import ReceivedRequest, Reply
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["BatchOutcome", "BatchService"]

BatchOutcome: TypeAlias = ScriptedAnswer | Literal["refused", "expired", "cancelled"]
"""What becomes of an item: an answer, or the reason why there is none.

`refused` is an invalid request, whose message contains `REFUSAL`.
"""


class BatchService(ABC):
    """A provider's batch jobs; a `Wire` makes one for each test.

    Jobs are created by requests, and run until `finish` is called.

    Attributes:
        REFUSAL: The message of refused items.
    """

    REFUSAL = "The item is not valid."

    @abstractmethod
    def answer(self, request: ReceivedRequest) -> Reply | None:
        """Answer a request about files or jobs; `None` for all others."""

    @abstractmethod
    def sent_items(self, job_id: str) -> Mapping[str, Any]:
        """The JSON data of each request of a job, by `custom_id`."""

    @abstractmethod
    def finish(self, job_id: str, outcomes: Mapping[str, BatchOutcome]) -> None:
        """End a job, with the outcomes of its items in this order."""
