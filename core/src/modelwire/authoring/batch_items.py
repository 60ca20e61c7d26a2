"""Items of batch jobs: their requests written in a thread, and the errors of items and jobs without results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelwire.errors import Cancelled, InvalidRequest, ModelwireError, RequestTimeout

if TYPE_CHECKING:
    from modelwire.hookspecs import BatchItem, BatchJob, BatchTerms
    from modelwire.models import Model

__all__ = ["check_ended", "item_cancelled", "item_expired", "write_items"]


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
        ModelwireError: An item cannot be sent; the message begins with its `custom_id`.
        InvalidRequest: The requests together are too large.
    """

    def work() -> list[bytes]:
        lines, size = [], 0
        for item in items:
            try:
                line = write(item)
            except ModelwireError as error:
                error.message = f"custom_id {item.custom_id!r}: {error.message}"
                raise
            size += len(line) + 1
            if terms.max_bytes is not None and size > terms.max_bytes:
                raise _too_large(model, terms.max_bytes, item)
            lines.append(line)
        return lines

    return await asyncio.to_thread(work)


def _too_large(model: Model, most: int, item: BatchItem) -> InvalidRequest:
    return InvalidRequest(
        f"The requests of the job are larger than {most:,} bytes, from custom_id "
        f"{item.custom_id!r} on.",
        provider=model.provider,
        model=model.id,
        retryable=False,
        hint="Divide the items into several jobs.",
    )


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
