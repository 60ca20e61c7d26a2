"""The synchronous runtime, for programs without an event loop and for notebooks.

A loop in a thread of its own does the work. Events cross over in batches: whatever has arrived when
the caller asks, so that a burst costs one crossing and not one per event.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from os import PathLike
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from modelwire.catalog import Listing
from modelwire.config import Config
from modelwire.errors import Attempt, Cancelled, StreamTruncated
from modelwire.events import Event, TextDeltaEvent
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import AssistantMessage, Tool
from modelwire.models import Model, ModelRef
from modelwire.runtime.options import OptionChanges
from modelwire.runtime.prompts import Prompt
from modelwire.runtime.runtime import Runtime
from modelwire.runtime.stream import Stream

__all__ = ["SyncRuntime", "SyncStream"]

T = TypeVar("T")
_AHEAD = 1000


class SyncRuntime:
    """A `Runtime` whose methods block instead of being awaited.

        with SyncRuntime.from_config() as runtime:
            print(runtime.complete("What is the capital of France?").text)

    It may be used from several threads, and where an event loop is already running.

    Args:
        runtime: The runtime to drive; it must not be used by another event loop as well.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._loop = _LoopThread()
        self._finalizer = weakref.finalize(self, _shut_down, self._loop, runtime)

    @classmethod
    def from_config(
        cls,
        config: Config | Mapping[str, Any] | str | PathLike[str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Self:
        """Make a runtime; the arguments are those of `Runtime.from_config`."""
        return cls(Runtime.from_config(config, environ=environ, **options))

    @property
    def config(self) -> Config:
        """The configuration."""
        return self._runtime.config

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and end the thread."""
        self._finalizer()

    def resolve(self, ref: ModelRef | str | None = None) -> Model:
        """Find the model that a reference names; see `Runtime.resolve`."""
        return self._loop.call(self._runtime.resolve(ref))

    def listings(
        self, providers: Iterable[str] | None = None, *, refresh: bool = False
    ) -> list[Listing]:
        """The models of several providers; see `Catalog.listings`."""
        return self._loop.call(self._runtime.catalog.listings(providers, refresh=refresh))

    def stream(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        fallbacks: Sequence[ModelRef | str] | None = None,
        system: str | None = None,
        tools: Iterable[Tool] | None = None,
        options: CompletionOptions | None = None,
        keep_text: bool = True,
        **changes: Unpack[OptionChanges],
    ) -> SyncStream:
        """Ask a model, and stream its answer; see `Runtime.stream`."""
        stream = self._runtime.stream(
            prompt,
            model=model,
            fallbacks=fallbacks,
            system=system,
            tools=tools,
            options=options,
            keep_text=keep_text,
            **changes,
        )
        return SyncStream(stream, self._loop, self)

    def complete(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        fallbacks: Sequence[ModelRef | str] | None = None,
        system: str | None = None,
        tools: Iterable[Tool] | None = None,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> AssistantMessage:
        """Ask a model, and wait for its whole answer; see `Runtime.complete`."""
        answer = self._runtime.complete(
            prompt,
            model=model,
            fallbacks=fallbacks,
            system=system,
            tools=tools,
            options=options,
            **changes,
        )
        return self._loop.call(answer)


class SyncStream:
    """The events of one answer; iterate it, inside `with` if you may leave early.

    Args:
        stream: The stream to iterate.
        loop: The loop that does the work.
        runtime: Whose loop it is; a runtime that is forgotten closes, so the stream remembers it.
    """

    def __init__(self, stream: Stream, loop: _LoopThread, runtime: SyncRuntime) -> None:
        self._stream = stream
        self._loop = loop
        self._runtime = runtime
        self._pump: _Pump | None = None
        self._arrived: deque[Event] = deque()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        if not self._arrived:
            self._arrived.extend(self._loop.call(self._more()))
        if not self._arrived:
            raise StopIteration
        return self._arrived.popleft()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def model(self) -> Model | None:
        """The model that answers, or `None` before that is known."""
        return self._stream.model

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The tries that failed so far, oldest first."""
        return self._stream.attempts

    @property
    def message(self) -> AssistantMessage | None:
        """The finished message, or `None` as long as there is none."""
        return self._stream.message

    def cancel(self) -> None:
        """Stop the answer; who waits for an event gets `Cancelled`. May be called from any thread."""
        self._loop.soon(self._stream.cancel)

    def close(self) -> None:
        """Stop the answer and close the connection."""
        self._arrived.clear()
        with suppress(Cancelled):  # a runtime that was closed has ended it
            self._loop.call(self._end())

    def texts(self) -> Iterator[str]:
        """Only the text of the answer, piece by piece."""
        return (event.delta for event in self if isinstance(event, TextDeltaEvent))

    def result(self) -> AssistantMessage:
        """Read to the end and return the message.

        Raises:
            ModelwireError: The answer failed; `partial` is what had arrived.
        """
        for _ in self:
            pass
        if self.message is None:
            msg = "The stream was closed before its end."
            raise StreamTruncated(msg)
        return self.message

    async def _more(self) -> list[Event]:
        if self._pump is None:
            self._pump = _Pump(self._stream)
        return await self._pump.take()

    async def _end(self) -> None:
        if self._pump is not None:
            await self._pump.stop()
        await self._stream.aclose()


class _Pump:
    """Reads a stream ahead of its consumer, up to a limit."""

    def __init__(self, stream: Stream) -> None:
        self._events: list[Event] = []
        self._error: BaseException | None = None
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._run(stream))

    async def take(self) -> list[Event]:
        """Wait for events; an empty list means the end."""
        await self._arrived.wait()
        batch, self._events = self._events, []
        if batch or self._error is None:
            if not self._task.done():
                self._arrived.clear()
            self._room.set()
            return batch
        error, self._error = self._error, None
        raise error

    async def stop(self) -> None:
        """End the reading."""
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, stream: Stream) -> None:
        try:
            async for event in stream:
                self._events.append(event)
                self._arrived.set()
                if len(self._events) >= _AHEAD:
                    self._room.clear()
                    await self._room.wait()
        except asyncio.CancelledError:
            self._error = Cancelled("The stream was closed.")
        except Exception as error:  # noqa: BLE001 - it is raised in the consumer's thread
            self._error = error
        finally:
            self._arrived.set()


class _LoopThread:
    """An event loop in a thread of its own, started when it is first needed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._taking_on = threading.Lock()
        self._closing = False

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for it; an interrupt cancels it.

        Raises:
            Cancelled: The loop was stopped before, or while the coroutine ran.
        """
        try:
            with self._taking_on:
                self._start()
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except Cancelled:
            work.close()
            raise
        return self._wait(future)

    def soon(self, function: Any) -> None:
        """Call a function in the loop, without waiting for it; a loop that was stopped does nothing."""
        with self._taking_on:
            if self._closing:
                return
            self._start()
            self._loop.call_soon_threadsafe(function)

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Run a last coroutine, then end the loop and its thread."""
        # From here on nothing is taken on, so nobody waits for what a stopped loop will not do.
        with self._taking_on:
            self._start()
            self._closing = True
            future = asyncio.run_coroutine_threadsafe(last, self._loop)
        future.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._loop.stop))
        # The garbage collector may end a forgotten runtime in this very thread.
        if self._thread is not None and self._thread is not threading.current_thread():
            self._wait(future)
            self._thread.join()

    def _wait(self, future: Future[T]) -> T:
        try:
            return future.result()
        except CancelledError:
            msg = "The runtime was closed."
            raise Cancelled(msg) from None
        except BaseException:
            future.cancel()
            raise

    def _start(self) -> None:
        if self._closing:
            msg = "The runtime is closed."
            raise Cancelled(msg)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="modelwire", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()


def _shut_down(loop: _LoopThread, runtime: Runtime) -> None:
    loop.stop(_wind_up(runtime))


async def _wind_up(runtime: Runtime) -> None:
    """End streams that were left early, then close the connections."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await runtime.aclose()
    await asyncio.get_running_loop().shutdown_asyncgens()
