"""The runtimes of a LangChain object: one for coroutines, one for calls that block."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, Field, PrivateAttr, model_validator

from modelwire.config import Config
from modelwire.errors import InvalidRequest
from modelwire.forks import ForkSafeLock
from modelwire.runtime import Runtime, SyncRuntime
from modelwire.transport import RetryPolicy

__all__ = ["ConfigSource", "RuntimeOwner", "Runtimes"]

ConfigSource = Config | Mapping[str, Any] | str | os.PathLike[str] | None
"""A configuration, or where to find one; `None` finds it as the command line does."""


class Runtimes:
    """A `Runtime` and a `SyncRuntime` with one configuration, each made at its first use.

    Copies of the object share them. Pickled, they are made again from the configuration where they
    are loaded; a runtime of the caller cannot be pickled.

    Args:
        given: A runtime that the caller owns and closes. The other kind is made with the
            configuration and the plugins of this one.
        config: The configuration of runtimes that are made here, where none is given.
        max_retries: How often a request of such a runtime is sent again; `None` is modelwire's own
            number.

    Raises:
        InvalidRequest: `given` is not a runtime, or is given together with what it has already.
    """

    def __init__(
        self,
        given: Runtime | SyncRuntime | None,
        config: ConfigSource = None,
        max_retries: int | None = None,
    ) -> None:
        _check(given, config, max_retries)
        self._max_retries = max_retries
        self._given = given
        self._config = config
        self._blocking = given if isinstance(given, SyncRuntime) else None
        self._awaited = given if isinstance(given, Runtime) else None
        self._lock = ForkSafeLock()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return type(self), (self._given, self._config, self._max_retries)

    @property
    def awaited(self) -> Runtime:
        """The runtime for coroutines.

        Raises:
            ConfigError: The configuration is not valid.
        """
        with self._lock:
            if self._awaited is None:
                self._awaited = self._make()
            return self._awaited

    @property
    def blocking(self) -> SyncRuntime:
        """The runtime for calls that block.

        Raises:
            ConfigError: The configuration is not valid.
        """
        with self._lock:
            if self._blocking is None:
                self._blocking = SyncRuntime(self._make())
            return self._blocking

    def close(self) -> None:
        """Close the connections of calls that blocked; a later call opens new ones."""
        with self._lock:
            blocking = self._blocking
            if blocking is None or blocking is self._given:
                return
            self._blocking = None
        blocking.close()

    async def aclose(self) -> None:
        """Close all connections but those of a runtime that was given."""
        with self._lock:
            awaited = self._awaited
            if awaited is not self._given:
                self._awaited = None
        if awaited is not None and awaited is not self._given:
            await awaited.aclose()
        if self._blocking is not None:
            await asyncio.to_thread(self.close)

    def _make(self) -> Runtime:
        if self._given is None:
            most = self._max_retries
            retries = None if most is None else RetryPolicy(max_attempts=most + 1)
            return Runtime.from_config(self._config, retries=retries)
        return Runtime(self._given.config, registry=self._given.registry)


class RuntimeOwner(BaseModel):
    """The fields and methods of an object that calls models through runtimes of its own.

    Attributes:
        max_retries: How often a request that failed is sent again; by default as often as modelwire
            does.
        config: The configuration of modelwire, or its file; by default the one that the command
            line uses. It is left out of what is serialised or shown.
        runtime: A runtime to share; its owner closes it.

    Raises:
        InvalidRequest: `runtime` is not a runtime, or is given with `config` or `max_retries`.
    """

    max_retries: int | None = Field(default=None, ge=0)
    config: Any = Field(default=None, exclude=True, repr=False)
    runtime: Any = Field(default=None, exclude=True, repr=False)
    _runtimes: Runtimes = PrivateAttr()

    @model_validator(mode="after")
    def _connect(self) -> Self:
        self._runtimes = Runtimes(self.runtime, self.config, self.max_retries)
        return self

    def close(self) -> None:
        """Close the connections of calls that blocked; a later call opens new ones."""
        self._runtimes.close()

    async def aclose(self) -> None:
        """Close all connections but those of a runtime that was given."""
        await self._runtimes.aclose()


def _check(given: object, config: object, max_retries: int | None) -> None:
    if not isinstance(given, Runtime | SyncRuntime | None):
        msg = f"runtime is {type(given).__name__}; it is a Runtime or a SyncRuntime."
        raise InvalidRequest(msg, retryable=False)
    if given is not None and (config is not None or max_retries is not None):
        msg = "A runtime has its configuration and its retries; leave out config and max_retries."
        raise InvalidRequest(msg, retryable=False)
