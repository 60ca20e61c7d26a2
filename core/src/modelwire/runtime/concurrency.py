"""Concurrency: several jobs at the same time, up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar, cast

__all__ = ["run_bounded"]

T = TypeVar("T")


async def run_bounded(jobs: Sequence[Callable[[], Awaitable[T]]], most: int) -> list[T]:
    """Run jobs, at most `most` concurrently; the results are in the order of the jobs.

    The first error cancels the others, and is raised once they have ended.

    Args:
        jobs: Each starts one job.
        most: The most jobs at the same time.
    """
    results: list[Any] = [None] * len(jobs)
    pending = iter(enumerate(jobs))
    workers = min(most, len(jobs))
    if workers <= 1:
        await _work(pending, results)
        return cast("list[T]", results)
    tasks = [asyncio.create_task(_work(pending, results)) for _ in range(workers)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return cast("list[T]", results)


async def _work(
    pending: Iterator[tuple[int, Callable[[], Awaitable[Any]]]], results: list[Any]
) -> None:
    task = asyncio.current_task()
    for place, job in pending:
        results[place] = await job()
        # A job that takes no notice of a cancellation must not be followed by another one.
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
