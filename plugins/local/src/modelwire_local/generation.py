"""A generation: one request to an engine's thread, and its answer."""

from __future__ import annotations

import asyncio
from typing import Any

from attrs import frozen

from modelwire.errors import ModelwireError, RequestTimeout
from modelwire.hookspecs import CompletionOptions

__all__ = ["Chunk", "Generation"]

Chunk = dict[str, Any]


@frozen
class _End:
    error: ModelwireError | None = None


class Generation:
    """One answer in the making.

    It belongs to the event loop that runs while it is made. `deliver` and `end` are called in the
    engine's thread, `next` in the loop, `stop` anywhere.

    Args:
        request: What the engine is asked.
        options: Whose deadlines apply to waiting.
        provider: The provider's id, for errors.
        model: The model's id, for errors.
    """

    def __init__(
        self, request: dict[str, Any], options: CompletionOptions, *, provider: str, model: str
    ) -> None:
        self.request = request
        self.provider = provider
        self.model = model
        self._deadlines = options.deadlines
        self._loop = asyncio.get_running_loop()
        # Unbounded, since an answer has at most as many chunks as the context has tokens.
        self._arrived: asyncio.Queue[Chunk | _End] = asyncio.Queue()
        self._begun = False
        self._stopped = False

    @property
    def stopped(self) -> bool:
        """Whether nobody waits for this answer any more."""
        return self._stopped

    def stop(self) -> None:
        """Ask the engine to let go; it does so before the next token or batch of the prompt."""
        self._stopped = True

    def deliver(self, chunk: Chunk) -> bool:
        """Hand a chunk to the loop. Never raises, since the engine swallows exceptions.

        Returns:
            Whether the engine has to stop.
        """
        return self._stopped or not self._hand_over(chunk)

    def end(self, error: ModelwireError | None = None) -> None:
        """Say that no more chunks will come, and why if that is a failure."""
        self._hand_over(_End(error))

    async def next(self) -> Chunk | None:
        """Wait for the next chunk; `None` is the end of the answer.

        Raises:
            ModelwireError: The engine failed, or a deadline passed.
        """
        phase = "idle" if self._begun else "first_byte"
        limit = self._deadlines.idle if self._begun else self._deadlines.first_byte
        try:
            async with asyncio.timeout(limit):
                item = await self._arrived.get()
        except TimeoutError as error:
            raise RequestTimeout.in_phase(
                phase, limit or 0.0, provider=self.provider, model=self.model
            ) from error
        self._begun = True
        if isinstance(item, _End):
            if item.error is not None:
                raise item.error
            return None
        return item

    def _hand_over(self, item: Chunk | _End) -> bool:
        try:
            self._loop.call_soon_threadsafe(self._arrived.put_nowait, item)
        except RuntimeError:
            # The loop is closed: whoever waited is gone.
            self._stopped = True
        return not self._stopped
