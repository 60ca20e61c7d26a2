"""Chunks of rows: an actor that holds them until they are answered, and the source that reads from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import ray
from ray import cloudpickle
from ray.data import Datasource, ReadTask
from ray.data.block import BlockMetadata

from modelwire.batch import BatchRow, RowOutcome

__all__ = ["ChunkSource", "Chunks", "outcome_table", "outcomes_in", "rows_in"]

_ROWS = pa.schema([("chunk", pa.int64()), ("rows", pa.binary())])
_OUTCOMES = pa.schema([("chunk", pa.int64()), ("outcomes", pa.binary())])


class _Holder:
    """The chunks that are not answered yet; an actor of its own.

    A chunk has a number, so that a source that Ray starts again finds those that it has lost.
    """

    def __init__(self) -> None:
        self._chunks: dict[int, bytes] = {}
        self._count = 0
        self._ended = False
        self._changed = asyncio.Event()
        self._stopped = asyncio.Event()
        self._cancelled = asyncio.Event()

    async def put(self, rows: bytes) -> None:
        """Add a chunk; its number is the next."""
        self._chunks[self._count] = rows
        self._count += 1
        self._changed.set()

    async def end(self) -> None:
        """Add no more chunks."""
        self._ended = True
        self._changed.set()

    async def get(self, number: int) -> bytes | None:
        """The rows of a chunk, as soon as it is there; none, where it was answered.

        Returns:
            The rows, pickled; `None` after the last chunk.
        """
        while number >= self._count:
            if self._ended:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._chunks.get(number, b"")

    async def release(self, number: int) -> None:
        """Forget a chunk that was answered."""
        self._chunks.pop(number, None)

    async def stop(self) -> None:
        """Let the actors send no more requests."""
        self._stopped.set()

    async def until_stopped(self) -> None:
        """Wait until no more requests are to be sent."""
        await self._stopped.wait()

    async def cancel(self) -> None:
        """Let the actors end the requests in flight."""
        self._cancelled.set()

    async def until_cancelled(self) -> None:
        """Wait until the requests in flight are to be ended."""
        await self._cancelled.wait()


class Chunks:
    """The chunks of rows on the cluster, from the program that reads them; nothing here waits."""

    def __init__(self) -> None:
        self.actor = ray.remote(num_cpus=0)(_Holder).remote()

    def put(self, rows: Sequence[BatchRow]) -> None:
        """Add a chunk; its number is the next."""
        self.actor.put.remote(cloudpickle.dumps(list(rows)))

    def end(self) -> None:
        """Add no more chunks."""
        self.actor.end.remote()

    def release(self, number: int) -> None:
        """Forget a chunk that was answered."""
        self.actor.release.remote(number)

    def stop(self) -> None:
        """Let the actors send no more requests."""
        self.actor.stop.remote()

    def cancel(self) -> None:
        """Let the actors end the requests in flight."""
        self.actor.cancel.remote()

    def kill(self) -> None:
        """End the actor, and with it the dataset."""
        ray.kill(self.actor)


class ChunkSource(Datasource):  # type: ignore[misc] # Ray has no types
    """A source of Ray Data whose rows are chunks, as they are added; one task reads it."""

    def __init__(self, actor: Any) -> None:
        super().__init__()
        self._actor = actor

    def estimate_inmemory_data_size(self) -> int | None:
        """The size, which is not known."""
        return None

    def get_read_tasks(self, parallelism: int, **_: object) -> list[ReadTask]:  # noqa: ARG002
        """The task that reads the chunks."""
        actor = self._actor
        size = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None, input_files=None)
        return [ReadTask(lambda: _chunks_of(actor), size)]


def _chunks_of(actor: Any) -> Iterable[pa.Table]:
    number = 0
    while (rows := ray.get(actor.get.remote(number))) is not None:
        yield pa.table({"chunk": [number], "rows": [rows]}, _ROWS)
        number += 1


def rows_in(table: pa.Table) -> list[tuple[int, list[BatchRow]]]:
    """The numbers and rows of the chunks in a table."""
    return [
        (each["chunk"], cloudpickle.loads(each["rows"]) if each["rows"] else [])
        for each in table.to_pylist()
    ]


def outcome_table(chunks: Sequence[tuple[int, Sequence[RowOutcome]]]) -> pa.Table:
    """A table of the outcomes of chunks."""
    numbers, outcomes = zip(*chunks, strict=True) if chunks else ((), ())
    columns = {"chunk": numbers, "outcomes": [cloudpickle.dumps(list(each)) for each in outcomes]}
    return pa.table(columns, _OUTCOMES)


def outcomes_in(table: pa.Table) -> list[tuple[int, list[RowOutcome]]]:
    """The numbers and outcomes of the chunks in a table."""
    return [(each["chunk"], cloudpickle.loads(each["outcomes"])) for each in table.to_pylist()]
