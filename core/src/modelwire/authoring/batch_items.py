"""Items of batch jobs: their requests written in a thread, and the errors of items and jobs without results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelwire.errors import (
    Cancelled,
    InvalidMessage,
    InvalidRequest,
    ItemsRefused,
    JobTooLarge,
    ModelwireError,
    RequestTimeout,
)

if TYPE_CHECKING:
    from modelwire.hookspecs import BatchItem, BatchJob, BatchTerms
    from modelwire.models import Model

__all__ = ["ItemRefusals", "check_ended", "item_cancelled", "item_expired", "write_items"]


class ItemRefusals:
    """The items of a job that cannot be sent, with their errors.

    Args:
        model: The model, for errors.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._errors: dict[str, ModelwireError] = {}

    def add(self, item: BatchItem, error: ModelwireError) -> None:
        """Note an error; one that says nothing about the item is raised at once."""
        if not isinstance(error, InvalidRequest | InvalidMessage):
            error.message = f"custom_id {item.custom_id!r}: {error.message}"
            raise error
        self._errors[item.custom_id] = error

    def check(self) -> None:
        """Check that there are none.

        Raises:
            ItemsRefused: There are.
        """
        if self._errors:
            model = self._model
            raise ItemsRefused.of(self._errors, provider=model.provider, model=model.id)


async def write_items(
    items: Sequence[BatchItem],
    write: Callable[[BatchItem], bytes],
    *,
    model: Model,
    terms: BatchTerms,
) -> list[bytes]:
    """Write the requests of a job, in a thread, since there may be many thousands.

    Args:
        items: The items.
        write: Writes the request of one item, without a line feed.
        model: The model, for errors.
        terms: Their `max_bytes` is checked, with one byte between two requests.

    Raises:
        ItemsRefused: Items cannot be sent, or are larger than a job may be.
        JobTooLarge: The requests together are too large.
        ModelwireError: An item failed for a reason that is not its own; the message begins with its
            `custom_id`.
    """

    def work() -> list[bytes]:
        lines: list[bytes] = []
        size, refusals = 0, ItemRefusals(model)
        for item in items:
            try:
                line = write(item)
                _check_size(line, model, terms)
            except ModelwireError as error:
                refusals.add(item, error)
                continue
            size += len(line) + 1
            if terms.max_bytes is not None and size > terms.max_bytes:
                refusals.check()
                raise _too_large(model, terms.max_bytes, item, len(lines))
            lines.append(line)
        refusals.check()
        return lines

    return await asyncio.to_thread(work)


def _check_size(line: bytes, model: Model, terms: BatchTerms) -> None:
    size = len(line) + 1
    if terms.max_bytes is not None and size > terms.max_bytes:
        raise InvalidRequest(
            f"The request has {size:,} bytes, and a job at most {terms.max_bytes:,}.",
            provider=model.provider,
            model=model.id,
            retryable=False,
        )


def _too_large(model: Model, most: int, item: BatchItem, fitting: int) -> JobTooLarge:
    error = JobTooLarge(
        f"The requests of the job are larger than {most:,} bytes, from custom_id "
        f"{item.custom_id!r} on.",
        provider=model.provider,
        model=model.id,
        hint="Divide the items into several jobs.",
    )
    error.fitting = fitting
    return error


def check_ended(job: BatchJob, model: Model) -> None:
    """Check that a job has ended, so that its results can be fetched.

    Raises:
        InvalidRequest: It has not.
    """
    if not job.ended:
        raise InvalidRequest(
            f"The job {job.id} has not ended; it is {job.state}.",
            provider=model.provider,
            model=model.id,
            retryable=False,
            hint="Fetch it later.",
        )


def item_cancelled() -> Cancelled:
    """The error of an item that was not answered, because its job was cancelled."""
    return Cancelled("The job was cancelled before this item was answered.")


def item_expired(model: Model) -> RequestTimeout:
    """The error of an item that was not answered, because its job expired."""
    return RequestTimeout(
        "The job expired before this item was answered.",
        provider=model.provider,
        model=model.id,
        hint="Submit the item again.",
    )
