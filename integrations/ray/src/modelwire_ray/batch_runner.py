"""`modelwire batch --on ray`: actors of Ray Data send the rows of a batch."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any, Final, TypeAlias

import ray
from attrs import frozen

from modelwire.batch import BatchWork, Limits, RowOutcome, RunnerOption
from modelwire.errors import BatchError, ModelwireError
from modelwire_ray.ask_chunks import AskChunks
from modelwire_ray.chunks import Chunks, ChunkSource, outcomes_in
from modelwire_ray.cluster import Cluster
from modelwire_ray.quota import Quota

__all__ = ["RUNNER", "RayRunner"]

_GIVEN_SHARE: Final = 0.99
"""The share of a quota that is used; the rest is for clocks that differ."""
_CALLS: Final = 8
"""The chunks that an actor has at one time."""
_ENDING_SECONDS: Final = 10.0
"""How long a dataset may take to end, once its requests were ended."""

_Arrival: TypeAlias = tuple[int, list[RowOutcome]] | BaseException | None
"""What arrives from the dataset: the outcomes of a chunk, an error, or the end."""


@frozen
class Plan:
    """How the rows of a batch are divided among actors.

    Attributes:
        workers: The number of actors.
        concurrency: The maximum of requests in flight of each.
        rows: The rows of a chunk. An actor has twice as many rows as may be in flight, so that it has some
            to send while a chunk waits for its slowest answer.
        cpus: The CPUs of each, which may be a fraction.
    """

    workers: int
    concurrency: int
    rows: int
    cpus: float

    @classmethod
    def of(cls, work: BatchWork, cpus: float) -> Plan:
        """The plan for a batch on a cluster with some CPUs."""
        most = work.limits.concurrency
        workers = max(1, min(work.options.workers or int(cpus), most, work.rows))
        each = most // workers
        rows = max(1, min(2 * each // _CALLS, work.rows // workers))
        return cls(workers, each, rows, min(1.0, int(100 * cpus / workers) / 100))


class RayRunner:
    """Asks the rows of a batch on a cluster: one on this machine, or that of `--address`.

    Rows go to the actors in chunks, as many as keep them busy; so the memory of this process does not
    depend on the number of rows. The limits are those of all actors together.
    """

    @property
    def options(self) -> Sequence[RunnerOption]:
        """The options that it keeps: all."""
        return ("address", "workers", "concurrency", "rpm", "tpm", "attempts")

    async def run(self, work: BatchWork) -> AsyncGenerator[Sequence[RowOutcome], None]:
        """Ask the rows; the outcomes are those of a chunk.

        Raises:
            BatchError: The cluster failed.
            ConfigError: The cluster cannot be reached.
            ModelwireError: No row can be sent.
        """
        async with Cluster(work.options.address) as cluster:
            plan = Plan.of(work, cluster.cpus)
            chunks = await asyncio.to_thread(Chunks)
            run = _Run(work, plan, chunks)
            try:
                async for outcomes in run.outcomes():
                    yield outcomes
            finally:
                await run.aclose()


RUNNER: Final = RayRunner()


class _Run:
    """A run of a dataset: chunks go in, and outcomes come out."""

    def __init__(self, work: BatchWork, plan: Plan, chunks: Chunks) -> None:
        self._work = work
        self._plan = plan
        self._chunks = chunks
        self._arrivals: asyncio.Queue[_Arrival] = asyncio.Queue()
        self._room = asyncio.Semaphore(plan.workers * _CALLS)
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            asyncio.create_task(self._feed()),
            asyncio.create_task(self._pass_on_the_stop()),
        ]
        self._read = threading.Event()
        threading.Thread(target=self._iterate, name="modelwire-ray", daemon=True).start()

    async def outcomes(self) -> AsyncGenerator[list[RowOutcome], None]:
        """The outcomes of each chunk."""
        while (arrival := await self._arrivals.get()) is not None:
            if isinstance(arrival, BaseException):
                raise arrival
            number, outcomes = arrival
            self._chunks.release(number)
            self._room.release()
            if outcomes:
                yield outcomes

    async def aclose(self) -> None:
        """End the dataset, whatever it does."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if not self._read.is_set():
            self._chunks.stop()
            self._chunks.cancel()
            self._chunks.end()
            await asyncio.to_thread(self._read.wait, _ENDING_SECONDS)
        if not self._read.is_set():
            await asyncio.to_thread(self._chunks.kill)
            await asyncio.to_thread(self._read.wait, _ENDING_SECONDS)

    async def _feed(self) -> None:
        try:
            while True:
                await self._room.acquire()
                rows = await self._work.take(self._plan.rows)
                if not rows:
                    break
                self._chunks.put(rows)
            self._chunks.end()
        except ModelwireError as error:
            self._arrivals.put_nowait(error)

    async def _pass_on_the_stop(self) -> None:
        await self._work.until_stopped()
        self._chunks.stop()
        await self._work.until_cancelled()
        self._chunks.cancel()
        await asyncio.sleep(_ENDING_SECONDS)
        self._arrivals.put_nowait(None)

    def _iterate(self) -> None:
        """Run the dataset; in a thread."""
        end: _Arrival = None
        try:
            for table in self._dataset().iter_batches(
                batch_size=None, batch_format="pyarrow", prefetch_batches=0
            ):
                for each in outcomes_in(table):
                    self._report(each)
        except BaseException as error:  # noqa: BLE001 - it is raised where outcomes are awaited
            end = _error_of(error)
        finally:
            self._read.set()
            self._report(end)

    def _report(self, arrival: _Arrival) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._arrivals.put_nowait, arrival)

    def _dataset(self) -> Any:
        work, plan = self._work, self._plan
        config = work.config_path
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        context = ray.data.DataContext.get_current().copy()
        context.enable_progress_bars = False
        # A block is a chunk, and goes on at once.
        context.target_max_block_size = 1
        with ray.data.DataContext.current(context):
            source = ray.data.read_datasource(
                ChunkSource(self._chunks.actor), num_cpus=0, override_num_blocks=1
            )
            return source.map_batches(
                AskChunks,
                fn_constructor_kwargs={
                    "settings": work.settings,
                    "limits": Limits(plan.concurrency),
                    "max_attempts": work.max_attempts,
                    "config_path": None if config is None else config.absolute(),
                    "quota": _quota(work.limits),
                    "holder": self._chunks.actor,
                },
                batch_size=None,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(
                    min_size=1,
                    initial_size=plan.workers,
                    max_size=plan.workers,
                    max_tasks_in_flight_per_actor=_CALLS,
                    max_concurrent_calls_per_actor=_CALLS,
                ),
                num_cpus=plan.cpus,
            )


def _quota(limits: Limits) -> Quota | None:
    """The quota that all actors share, if one is given."""
    if limits.rpm is None and limits.tpm is None:
        return None
    requests, tokens = (
        None if each is None else each * _GIVEN_SHARE for each in (limits.rpm, limits.tpm)
    )
    return Quota(requests_per_minute=requests, tokens_per_minute=tokens)


def _error_of(error: BaseException) -> ModelwireError:
    """The error of an actor as one of ours."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ModelwireError):
            return cause
        cause = getattr(cause, "cause", None) or cause.__cause__
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return BatchError(f"The dataset of Ray failed: {first}", hint="The same command continues.")
