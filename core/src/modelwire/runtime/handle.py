"""The runtime of an adapter: one that is given, or one made at its first use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self, TypeAlias

from modelwire.closable import SharedByCopies
from modelwire.config import Config
from modelwire.errors import InvalidRequest
from modelwire.forks import ForkSafeLock
from modelwire.runtime.runtime import Runtime

__all__ = ["ConfigSource", "RuntimeHandle"]

ConfigSource: TypeAlias = Config | Mapping[str, Any] | str | os.PathLike[str] | None
"""A configuration, its document as plain data, or the path of its file; `None` finds the user's."""


class RuntimeHandle(SharedByCopies):
    """The runtime of an object that adapts modelwire to another library.

    A runtime that is given belongs to the caller, who closes it. Otherwise one is made from the
    configuration at its first use, by whichever thread that is.

    Copies of the adapter share the runtime. A pickled handle makes one of its own from the same
    configuration where it is loaded; one with a runtime of the caller cannot be pickled.

    Args:
        runtime: A runtime of the caller.
        config: The configuration of a runtime that is made here, as for `Runtime.from_config`.

    Raises:
        InvalidRequest: Both are given, or `runtime` is not a runtime.
    """

    def __init__(self, runtime: Runtime | None = None, config: ConfigSource = None) -> None:
        given: object = runtime
        if not isinstance(given, Runtime | None):
            msg = f"runtime is {type(given).__name__}; it is a Runtime."
            raise InvalidRequest(msg, retryable=False)
        if runtime is not None and config is not None:
            msg = "A runtime has its configuration; leave out config."
            raise InvalidRequest(msg, retryable=False)
        self._given = runtime
        self._config = config
        self._made: Runtime | None = None
        self._making = ForkSafeLock()

    def __reduce__(self) -> tuple[type[Self], tuple[Runtime | None, ConfigSource]]:
        return type(self), (self._given, self._config)

    def get(self) -> Runtime:
        """Give the runtime.

        Raises:
            ConfigError: The configuration is not valid.
        """
        if self._given is not None:
            return self._given
        with self._making:
            if self._made is None:
                self._made = Runtime.from_config(self._config)
            return self._made

    async def aclose(self) -> None:
        """Close the connections of a runtime that was made here; a later use makes another one."""
        with self._making:
            made, self._made = self._made, None
        if made is not None:
            await made.aclose()
