"""Batch jobs at a provider: their items, terms, states and results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from attrs import field, frozen, validators

if TYPE_CHECKING:
    from modelwire.errors import ModelwireError
    from modelwire.hookspecs.options import CompletionOptions
    from modelwire.messages import AssistantMessage, Context

__all__ = [
    "BatchItem",
    "BatchJob",
    "BatchJobState",
    "BatchJobs",
    "BatchResult",
    "BatchTerms",
]

BatchJobState: TypeAlias = Literal[
    "queued", "running", "cancelling", "completed", "failed", "cancelled", "expired"
]
"""The state of a job. The last four are final; each of them may have results."""

_FINAL = frozenset({"completed", "failed", "cancelled", "expired"})

_optional_count = validators.optional(validators.ge(1))


@frozen
class BatchItem:
    """One request of a batch job.

    Attributes:
        custom_id: Identifies the request within its job.
        context: The conversation to continue.
        options: The options of the answer.
    """

    custom_id: str
    context: Context
    options: CompletionOptions


@frozen
class BatchTerms:
    """The documented terms of a provider's batch jobs; `None` is unknown.

    Attributes:
        min_items: The minimum number of items of a job.
        max_items: The maximum number of items of a job.
        max_bytes: The maximum size of a job's requests in bytes. `submit_batch` checks it.
        hours: The time after which a job expires, in hours.
        price_factor: The price of a token in a job, relative to that of a single request.
        recognizes_keys: Whether a second submission with the same key creates no second job.
        source: The address of the page that documents the terms.
    """

    min_items: int | None = field(default=None, validator=_optional_count)
    max_items: int | None = field(default=None, validator=_optional_count)
    max_bytes: int | None = field(default=None, validator=_optional_count)
    hours: float | None = field(default=None, validator=validators.optional(validators.gt(0)))
    price_factor: float | None = field(
        default=None, validator=validators.optional(validators.gt(0))
    )
    recognizes_keys: bool = False
    source: str | None = None


@frozen
class BatchJob:
    """A batch job as the provider reports it.

    Attributes:
        id: The provider's id of the job, with which it is polled, fetched and cancelled.
        state: The state of the job.
        total: The number of items, where it is known.
        succeeded: The number of answered items, where it is known.
        failed: The number of items without an answer, where it is known.
        message: The provider's explanation of the state, such as why the job failed.
    """

    id: str
    state: BatchJobState
    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None
    message: str | None = None

    @property
    def ended(self) -> bool:
        """Whether the state is final."""
        return self.state in _FINAL


@frozen
class BatchResult:
    """The result of one item: a message or an error.

    Attributes:
        custom_id: The id of the item.
        message: The answer with its usage, and with its cost where the prices are known.
        error: The error of an item that has no answer.
    """

    custom_id: str
    message: AssistantMessage | None = None
    error: ModelwireError | None = None

    def __attrs_post_init__(self) -> None:
        if (self.message is None) == (self.error is None):
            msg = "A result has either a message or an error."
            raise ValueError(msg)


@runtime_checkable
class BatchJobs(Protocol):
    """The batch jobs of one model; what the hook `batch_jobs` returns.

    No method retries: the runtime does. Cancellation of the caller's task must close connections.
    """

    @property
    def terms(self) -> BatchTerms:
        """The documented terms."""

    async def submit_batch(self, items: Sequence[BatchItem], key: str) -> BatchJob:
        """Create a job.

        Args:
            items: The requests, with unique ids.
            key: Identifies the submission, in letters and digits. Where the service supports it, a
                second submission with the same key creates no second job.

        Raises:
            ItemsRefused: Items cannot be sent, as `modelwire.authoring.ItemRefusals` collects them. A
                batch writes their errors, and submits the others.
            JobTooLarge: The requests have more bytes than the terms allow. A batch divides them.
            InvalidRequest: The job as a whole cannot be created. As with the two above, nothing has
                been created.
            ConfigError: A setting that jobs require is missing or not valid.
            ProviderError: The service refused or failed.
        """

    async def poll_batch(self, job_id: str) -> BatchJob:
        """Return the current state of a job.

        Raises:
            ProviderError: The service refused or failed, or has no such job.
        """

    def fetch_batch(
        self, job_id: str, items: Mapping[str, BatchItem]
    ) -> AsyncIterator[BatchResult]:
        """Yield the results of a job that has ended, in any order.

        Args:
            job_id: The id of the job.
            items: The items by id, as far as they are known. They translate the answers: names of
                tools that had to be rewritten, and answers that follow a schema.

        Raises:
            InvalidRequest: The job has not ended.
            ProviderError: The service refused or failed, or has no results of the job.
        """

    async def cancel_batch(self, job_id: str) -> BatchJob:
        """Request that a job be cancelled; items that have been answered may keep their results.

        Raises:
            ProviderError: The service refused or failed.
        """
