"""Rules on cancellation: the service sees the client leave, and nothing is left running."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from modelwire.events import TextDeltaEvent
from modelwire.runtime import Stream
from modelwire.testing.bench import PROMPT, Bench
from modelwire.testing.checks import check, patience
from modelwire.testing.rules.answers import LONG
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.wires import ScriptedAnswer
from modelwire.transport import Deadlines

__all__ = ["CancellingRules"]


class CancellingRules(Rules):
    """A client that stops listening stops paying."""

    @needs(WIRE)
    @pytest.mark.parametrize("way", ["leave", "drop", "cancel", "cancel_task"])
    def test_the_service_sees_that_the_caller_has_gone(self, bench: Bench, way: str) -> None:
        """In mid-stream: the `async with` is left, the stream dropped or cancelled, or its task.

        No garbage is collected meanwhile: it may be long before a program does that.
        """
        bodies = bench.wire.bodies(ScriptedAnswer(LONG))
        bench.server.script(bench.wire.reply(bodies[: len(bodies) // 2], end="stall"))
        with _no_collection():
            left = bench.run(lambda: _gone(bench, way))
        check(left, "the connection is closed when the caller stops listening")

    @needs(WIRE)
    def test_a_caller_may_leave_before_the_first_byte(self, bench: Bench) -> None:
        """While the service still thinks."""
        bench.server.script(bench.wire.reply([], end="stall"))

        async def work() -> bool:
            async with bench.runtime() as runtime:
                asking = asyncio.create_task(bench.hear(runtime, deadlines=Deadlines()))
                while not bench.requests and not asking.done():  # noqa: ASYNC110 - it is in a thread
                    await asyncio.sleep(0.001)
                asking.cancel()
                await asyncio.wait([asking], timeout=patience())
                return await asyncio.to_thread(bench.server.client_left)

        check(bench.run(work), "the connection is closed when the caller stops waiting")

    def test_nothing_is_left_after_an_answer_that_was_left(self, bench: Bench) -> None:
        """No task, and no thread that would keep the program from ending."""
        if bench.subject.wire is not None:
            bodies = bench.wire.bodies(ScriptedAnswer(LONG))
            bench.server.script(bench.wire.reply(bodies[: len(bodies) // 2], end="stall"))
        _ = bench.url  # the server's own thread is not to be counted
        before = {thread for thread in threading.enumerate() if not thread.daemon}
        tasks = bench.run(lambda: _tasks_left(bench))
        gc.collect()
        check(not tasks, "no task is left", found=f"there are {tasks}")
        threads = {thread for thread in threading.enumerate() if not thread.daemon} - before
        names = sorted(thread.name for thread in threads)
        check(
            not names, "no thread is left that keeps the program alive", found=f"there are {names}"
        )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the garbage collector from closing what the plugin does not close."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


async def _first_text(stream: Stream) -> None:
    async for event in stream:
        if isinstance(event, TextDeltaEvent):
            return


async def _gone(bench: Bench, way: str) -> bool:
    async with bench.runtime() as runtime:
        ways: dict[str, Callable[[Callable[[], Stream]], Awaitable[None]]] = {
            "leave": _leave,
            "drop": _drop,
            "cancel": _cancel,
            "cancel_task": _cancel_task,
        }
        await ways[way](lambda: runtime.stream(PROMPT, model=bench.subject.ref))
        return await asyncio.to_thread(bench.server.client_left)


async def _leave(begin: Callable[[], Stream]) -> None:
    async with begin() as stream:
        await _first_text(stream)


async def _drop(begin: Callable[[], Stream]) -> None:
    await _first_text(begin())


async def _cancel(begin: Callable[[], Stream]) -> None:
    stream = begin()
    async with _reading(stream) as reading:
        stream.cancel()
        await asyncio.wait([reading], timeout=patience())
        check(reading.done(), "a stream that is cancelled ends")
        check(reading.exception() is not None, "a caller that waits for an event gets an error")


async def _cancel_task(begin: Callable[[], Stream]) -> None:
    async with _reading(begin()) as reading:
        reading.cancel()
        await asyncio.wait([reading], timeout=patience())
        check(reading.cancelled(), "a task that is cancelled in a stream is cancelled")


@asynccontextmanager
async def _reading(stream: Stream) -> AsyncGenerator[asyncio.Task[None], None]:
    """A task that reads a stream and has read its first text, unless it ended before."""
    begun = asyncio.Event()

    async def read() -> None:
        try:
            async with stream:
                async for event in stream:
                    if isinstance(event, TextDeltaEvent):
                        begun.set()
        finally:
            begun.set()

    reading = asyncio.create_task(read())
    try:
        await begun.wait()
        yield reading
    finally:
        reading.cancel()
        await asyncio.wait([reading], timeout=patience())
        if reading.done() and not reading.cancelled():
            reading.exception()  # asyncio logs one that is never read, in the midst of other tests


async def _tasks_left(bench: Bench) -> list[str]:
    async with bench.runtime() as runtime:
        await _leave(lambda: runtime.stream(PROMPT, model=bench.subject.ref))
    for _ in range(100):
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        if not rest:
            break
        await asyncio.sleep(0.01)
    return sorted(repr(task.get_coro()) for task in rest)
