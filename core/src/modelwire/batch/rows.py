"""The rows of a batch that are to be sent, read and parsed in a thread as they are needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from modelwire.batch.reader import InputLine, chunks_of
from modelwire.batch.records import BatchRow, id_of_line, parse_row
from modelwire.errors import InvalidRequest
from modelwire.models import Model

if TYPE_CHECKING:
    from modelwire.batch.request_shapes import RequestShapes

__all__ = ["PendingRow", "PendingRows"]


@define
class PendingRow:
    """A row to be sent, or a line that is none.

    Attributes:
        row: The row; of a line that is none, its id and number only.
        invalid: Why the line is none.
        requests: How often it was sent.
        refusals: How often the service refused it because there were too many requests.
    """

    row: BatchRow
    invalid: InvalidRequest | None = None
    requests: int = 0
    refusals: int = 0


@define
class PendingRows:
    """The rows of an input that are not done.

    Attributes:
        path: The input.
        is_done: Whether a line is done.
        model: The model that is called, where it is known.
        upstream: The API in which that model is called.
        shapes: Loads the batch lines of APIs.
        last: The number of the last line; lines that are added meanwhile are left to the next run.
    """

    path: Path
    is_done: Callable[[int], bool]
    last: int
    model: Model | None = None
    upstream: str | None = None
    shapes: Callable[[], RequestShapes] | None = None

    def chunks(self) -> Generator[list[PendingRow], None, None]:
        """Read and parse the rows, some at a time.

        Raises:
            BatchError: The input cannot be read.
        """
        for chunk in chunks_of(self.path):
            rows = [self._row(each) for each in chunk if self._is_due(each[0])]
            if rows:
                yield rows

    async def read(self) -> AsyncGenerator[PendingRow, None]:
        """Iterate over the rows; each chunk is read in a thread.

        Raises:
            BatchError: The input cannot be read.
        """
        with closing(self.chunks()) as chunks:
            while chunk := await asyncio.to_thread(next, chunks, None):
                chunk.reverse()
                while chunk:  # a row that was given away is not kept
                    yield chunk.pop()

    def _is_due(self, line: int) -> bool:
        return line <= self.last and not self.is_done(line)

    def _row(self, given: InputLine) -> PendingRow:
        line, data = given
        try:
            if isinstance(data, InvalidRequest):
                raise data
            return PendingRow(
                parse_row(data, line, model=self.model, upstream=self.upstream, shapes=self.shapes)
            )
        except InvalidRequest as error:
            return PendingRow(BatchRow(id_of_line(data, line, self.shapes), line, ()), error)
