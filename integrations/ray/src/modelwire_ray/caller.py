"""The calls of one actor: its runtime, its calls in flight and its turns in a quota."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from modelwire import AssistantMessage, ModelwireError
from modelwire.runtime import ConfigSource
from modelwire_ray.actor_runtime import ActorRuntime
from modelwire_ray.quota import Quota, Turns

__all__ = ["Caller"]


class Caller:
    """Calls models for the rows of one actor.

    Args:
        config: The configuration of its runtime, which is made at the first call.
        in_flight: The largest number of calls at one time.
        quota: A quota that is shared with other actors.
    """

    def __init__(self, config: ConfigSource, *, in_flight: int, quota: Quota | None) -> None:
        self._runtime = ActorRuntime(config)
        self._free = asyncio.Semaphore(in_flight)
        self._turns = None if quota is None else Turns(quota)

    async def complete(self, arguments: Mapping[str, Any]) -> AssistantMessage:
        """Call a model, as soon as there is room.

        Args:
            arguments: The arguments of `Runtime.complete`.

        Raises:
            ModelwireError: The call failed.
        """
        async with self._free:
            runtime = self._runtime.get()
            if self._turns is None:
                return await runtime.complete(**arguments)
            reserved = await self._turns.wait()
            tokens, retries = 0, 0
            try:
                message = await runtime.complete(**arguments)
                tokens, retries = message.usage.total_tokens, len(message.attempts)
            except ModelwireError as error:
                tokens = error.partial.usage.total_tokens if error.partial is not None else 0
                retries = len(error.attempts)
                raise
            finally:
                self._turns.used(reserved, tokens=tokens, retries=retries)
            return message

    async def aclose(self) -> None:
        """Close the connections; a later call opens others."""
        await self._runtime.aclose()

    def close(self) -> None:
        """Close the connections, from a thread beside that of the event loop."""
        self._runtime.close()
