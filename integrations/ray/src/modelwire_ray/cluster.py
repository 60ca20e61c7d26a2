"""The cluster that a batch runs on: one on this machine for as long as it takes, or one that exists."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from typing import Any, Final

import ray

from modelwire.errors import ConfigError

__all__ = ["Cluster"]

_OWN: Final[dict[str, Any]] = {
    "address": "local",
    "include_dashboard": False,
    "object_store_memory": 256 * 2**20,  # no more than the rows in flight are in it
}
"""Arguments of `ray.init` for a cluster on this machine."""

_VARIABLES: Final = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is sent without the user's consent
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # else it warns on the terminal of how Ray Data uses actors
}
"""Variables that Ray reads, unless the user has set them."""


class Cluster(AbstractAsyncContextManager["Cluster"]):
    """A connection to a cluster; open it with `async with`.

    A cluster that this program has connected to before is used, and stays connected.

    Args:
        address: Its address, as `ray.init` takes it; `None` for one on this machine.

    Attributes:
        cpus: The number of its CPUs.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._connected = False
        self._leave = threading.Event()
        self._left: asyncio.Future[None] | None = None
        self.cpus = 1.0

    async def __aenter__(self) -> Cluster:
        """Connect.

        Raises:
            ConfigError: The cluster cannot be reached.
        """
        loop = asyncio.get_running_loop()
        there, self._left = loop.create_future(), loop.create_future()
        threading.Thread(
            target=self._live, args=(loop, there, self._left), name="modelwire-ray", daemon=True
        ).start()
        try:
            await asyncio.shield(there)
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the cluster, or leave it."""
        await self._end()

    async def _end(self) -> None:
        self._leave.set()
        if self._left is not None:
            await self._left

    def _live(
        self,
        loop: asyncio.AbstractEventLoop,
        there: asyncio.Future[None],
        left: asyncio.Future[None],
    ) -> None:
        """Connect, and leave when it is time.

        Linux ends Ray's processes with the thread that has started them.
        """
        error: BaseException | None = None
        try:
            self._connect()
        except BaseException as failed:  # noqa: BLE001 - it is raised where the cluster is opened
            error = failed
        _settle(loop, there, error)
        if error is None:
            self._leave.wait()
        if self._connected:
            ray.shutdown()
        _settle(loop, left)

    def _connect(self) -> None:
        if not ray.is_initialized():
            for name, value in _VARIABLES.items():
                os.environ.setdefault(name, value)
            arguments = _OWN if self._address is None else {"address": self._address}
            try:
                with _silence():
                    ray.init(**arguments, logging_level=logging.ERROR, log_to_driver=False)
            except (ConnectionError, RuntimeError, ValueError) as error:
                where = self._address or "this machine"
                msg = f"Ray cannot be used on {where}: {_first_line(error)}"
                hint = "Give the address of a running cluster, or none for one on this machine."
                raise ConfigError(msg, hint=hint) from error
            self._connected = True
        self.cpus = max(1.0, ray.cluster_resources().get("CPU", 1.0))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep Ray's native code from printing the log level that it was given."""
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


def _settle(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[None],
    error: BaseException | None = None,
) -> None:
    """Give a future its result, from another thread."""

    def settle() -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    with suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(settle)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
