"""Runs in a peer's own environment and takes its orders as lines of JSON.

    python benchmarks/driver.py boto3

`peers/<name>.py` offers `connect()`, which returns a client, and `stream(client, arrived)`, a
function or a coroutine function that reads one answer and calls `arrived` with each piece of text.
What stands behind the name, as in `openai:responses:bearer`, is given to `connect`.
Only the standard library may be used here.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import inspect
import itertools
import json
import resource
import selectors
import sys
import threading
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any


def peak_memory() -> int:
    """The most memory that this process has had, in bytes.

    What `getrusage` calls so may be that of the process which started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def memory() -> int:
    """The memory that this process has now, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def allow_files() -> None:
    """Let this process have as many connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def waited() -> float:
    """Seconds for which the main thread was ready to run and had no processor."""
    return int(Path("/proc/self/schedstat").read_text().split()[1]) / 1e9


class Arrivals:
    """When paced pieces were due, sent and read; takes all its memory at once.

    Args:
        most: How many pieces there will be at most.
    """

    def __init__(self, most: int) -> None:
        self._kept = array("q", bytes(8 * 4 * most))
        self._next = itertools.count()

    def add(self, text: str) -> None:
        """Note that a piece was read, now."""
        now = time.monotonic_ns()
        number, due, sent = text.split()
        at = 4 * next(self._next)  # one step, so threads cannot take the same
        self._kept[at] = int(number)
        self._kept[at + 1] = int(due)
        self._kept[at + 2] = int(sent)
        self._kept[at + 3] = now

    def summary(self, streams: int) -> dict[str, Any]:
        """How late pieces were read, in seconds after they were sent.

        *Running* are pieces sent after the last stream's first one was read.
        """
        size = 4 * next(self._next)
        kept = [self._kept[at : at + 4] for at in range(0, size, 4)]
        begun = [read for number, _, _, read in kept if number == 0]
        all_run = max(begun) if len(begun) == streams else None
        late = [(read - sent) / 1e9 for _, _, sent, read in kept]
        running = [
            (read - sent) / 1e9
            for _, _, sent, read in kept
            if all_run is not None and sent > all_run
        ]
        return {
            "events": len(kept),
            "p50": _quantile(running, 0.5),
            "p99": _quantile(running, 0.99),
            "p99_of_all": _quantile(late, 0.99),
            "server_late_p99": _quantile([(sent - due) / 1e9 for _, due, sent, _ in kept], 0.99),
        }


def _quantile(values: list[float], part: float) -> float | None:
    return sorted(values)[int(len(values) * part)] if values else None


class CallerLeft(Exception):
    """The caller reads no further."""


class TimedSelector(selectors.DefaultSelector):
    """A selector that knows how long the loop was busy between two of its looks at the sockets.

    Attributes:
        longest: The longest such time, in seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.begin()

    def begin(self) -> None:
        """Forget what was."""
        self.longest = 0.0
        self._returned = time.perf_counter()

    def select(self, timeout: float | None = None) -> Any:
        """Wait for sockets."""
        self.longest = max(self.longest, time.perf_counter() - self._returned)
        ready = super().select(timeout)
        self._returned = time.perf_counter()
        return ready


class Driver:
    """One peer, ready to stream."""

    def __init__(self, peer: Any, *how: str) -> None:
        self._peer = peer
        self._selector = TimedSelector()
        self._runner = asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(self._selector)
        )
        self._is_async = inspect.iscoroutinefunction(peer.stream)
        self._client = self._run(peer.connect, *how)

    def _run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        if not inspect.iscoroutinefunction(call):
            return call(*arguments)
        return self._runner.run(call(*arguments))

    def versions(self, _: Any) -> dict[str, Any]:
        """Say what is measured."""
        return {name: version(name) for name in self._peer.PACKAGES}

    def stream(self, _: Any) -> dict[str, Any]:
        """Read one answer; say what it cost."""
        pieces: list[str] = []
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        self._run(self._peer.stream, self._client, pieces.append)
        return {
            "cpu": time.process_time() - cpu,
            "wall": time.perf_counter() - wall,
            "pieces": len(pieces),
            "characters": sum(map(len, pieces)),
        }

    def warm(self, told: dict[str, Any]) -> dict[str, Any]:
        """Read so many answers, one after another; say what one cost."""
        pieces: list[str] = []

        def read() -> None:
            for _ in range(told["times"]):
                self._peer.stream(self._client, pieces.append)

        async def read_on_loop() -> None:
            for _ in range(told["times"]):
                await self._peer.stream(self._client, pieces.append)

        gc.collect()
        cpu = time.process_time()
        self._run(read_on_loop if self._is_async else read)
        cpu = time.process_time() - cpu
        return {"cpu": cpu / told["times"], "characters": sum(map(len, pieces))}

    def first(self, _: Any) -> dict[str, Any]:
        """Read one answer; say when its first piece came."""
        arrivals: list[float] = []
        cpu, wall = time.process_time(), time.perf_counter()
        self._run(
            self._peer.stream, self._client, lambda _: arrivals.append(time.perf_counter() - wall)
        )
        return {"cpu": time.process_time() - cpu, "first": arrivals[0]}

    def starts(self, told: dict[str, Any]) -> dict[str, Any]:
        """Begin many short answers at once; say when their first pieces came."""
        firsts: list[float] = []
        pieces = itertools.count()
        most_threads = 0
        read = self._peer.stream

        def one() -> Any:
            begun = False

            def arrived(_: str) -> None:
                nonlocal begun, most_threads
                next(pieces)
                if not begun:
                    begun = True
                    most_threads = max(most_threads, threading.active_count())
                    firsts.append(time.perf_counter() - wall)

            return read(self._client, arrived)

        async def all_of_them() -> None:
            await asyncio.gather(*(one() for _ in range(told["streams"])))

        gc.collect()
        self._selector.begin()
        cpu, wall, queued = time.process_time(), time.perf_counter(), waited()
        if self._is_async:
            self._run(all_of_them)
        else:
            with ThreadPoolExecutor(told["streams"]) as pool:
                wait([pool.submit(one) for _ in range(told["streams"])])
        firsts.sort()
        return {
            "cpu": time.process_time() - cpu,
            "wall": time.perf_counter() - wall,
            "waited": waited() - queued,
            "hold": self._selector.longest if self._is_async else None,
            "began": len(firsts),
            "pieces": next(pieces),
            "threads": most_threads,
            "min": firsts[0],
            "p50": firsts[len(firsts) // 2],
            "max": firsts[-1],
        }

    def busy(self, told: dict[str, Any]) -> dict[str, Any]:
        """Read short answers for some seconds, so many at a time; say how many that were."""
        read, at_once = self._peer.stream, told["at_once"]
        done = 0
        ends = time.perf_counter() + told["seconds"]

        def ignore(_: str) -> None:
            pass

        def one_after_another() -> None:
            nonlocal done
            while time.perf_counter() < ends:
                read(self._client, ignore)
                done += 1

        async def one_after_another_on_loop() -> None:
            nonlocal done
            while time.perf_counter() < ends:
                await read(self._client, ignore)
                done += 1

        async def all_of_them() -> None:
            await asyncio.gather(*(one_after_another_on_loop() for _ in range(at_once)))

        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        if self._is_async:
            self._run(all_of_them)
        else:
            with ThreadPoolExecutor(at_once) as pool:
                for running in [pool.submit(one_after_another) for _ in range(at_once)]:
                    running.result()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return {"done": done, "wall": wall, "cpu": cpu}

    def fault(self, told: dict[str, Any]) -> dict[str, Any]:
        """Read one answer; say what was read of it, and what was raised.

        With `leave`, stop to read after so many pieces; the program goes on for a second then.
        """
        pieces: list[str] = []

        def arrived(text: str) -> None:
            pieces.append(text)
            if len(pieces) == told.get("leave"):
                raise CallerLeft

        async def read_on_loop() -> str | None:
            raised = None
            try:
                await self._peer.stream(self._client, arrived)
            except Exception as error:  # noqa: BLE001
                raised = type(error).__name__
            if "leave" in told:
                await asyncio.sleep(1.0)
            return raised

        def read() -> str | None:
            try:
                self._peer.stream(self._client, arrived)
            except Exception as error:  # noqa: BLE001
                return type(error).__name__
            return None

        raised = self._run(read_on_loop if self._is_async else read)
        return {"pieces": len(pieces), "raised": raised}

    def idle(self, told: dict[str, Any]) -> dict[str, Any]:
        """Hold many streams open that say one thing and then nothing; say how much memory that takes."""
        streams = told["streams"]
        begun = 0
        all_begun = asyncio.Event()
        failures: list[str] = []

        def arrived(_: str) -> None:
            nonlocal begun
            begun += 1
            if begun == streams * told["pieces"]:
                all_begun.set()

        async def one() -> None:
            try:
                await self._peer.stream(self._client, arrived)
            except Exception as error:  # noqa: BLE001
                failures.append(f"{type(error).__name__}: {error}"[:200])

        async def hold() -> int:
            running = [asyncio.ensure_future(one()) for _ in range(streams)]
            with suppress(TimeoutError):
                await asyncio.wait_for(all_begun.wait(), told["limit"])
            gc.collect()
            held = memory()
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            return held

        gc.collect()
        before = memory()
        return {
            "memory": self._run(hold) - before,
            "begun": begun // told["pieces"],
            "failures": len(failures),
            "failure": failures[0] if failures else None,
        }

    def grow(self, _: Any) -> dict[str, Any]:
        """Read one answer and keep nothing; say how much memory that took."""
        characters = 0

        def arrived(text: str) -> None:
            nonlocal characters
            characters += len(text)

        gc.collect()
        before = memory()
        self._run(self._peer.stream, self._client, arrived)
        return {"grown": peak_memory() - before, "characters": characters}

    def many(self, told: dict[str, Any]) -> dict[str, Any]:
        """Read many answers at once, of pieces that say when they were sent."""
        arrivals = Arrivals(told["streams"] * told["events"])
        done = 0
        lags: list[float] = []
        failures: list[str] = []
        most_threads = 0
        arrived = arrivals.add
        streams, ramp = told["streams"], told["ramp"]

        async def one(delay: float) -> None:
            nonlocal done
            await asyncio.sleep(delay)
            try:
                await self._peer.stream(self._client, arrived)
                done += 1
            except Exception as error:  # noqa: BLE001
                failures.append(f"{type(error).__name__}: {error}"[:200])

        def one_in_thread(delay: float) -> None:
            nonlocal done
            time.sleep(delay)
            try:
                self._peer.stream(self._client, arrived)
                done += 1
            except Exception as error:  # noqa: BLE001
                failures.append(f"{type(error).__name__}: {error}"[:200])

        async def watch() -> None:
            nonlocal most_threads
            while True:
                due = time.monotonic() + 0.01
                await asyncio.sleep(0.01)
                lags.append(time.monotonic() - due)
                most_threads = max(most_threads, threading.active_count())

        async def all_of_them() -> None:
            watching = asyncio.ensure_future(watch())
            running = [asyncio.ensure_future(one(ramp * n / streams)) for n in range(streams)]
            await asyncio.wait(running, timeout=told["limit"])
            watching.cancel()

        gc.collect()
        before, queued = memory(), waited()
        cpu, wall = time.process_time(), time.perf_counter()
        if self._is_async:
            # Not `Runner.run`: what is not done in time is left alone and dies with the process.
            self._runner.get_loop().run_until_complete(all_of_them())
        else:
            most_threads = streams
            pool = ThreadPoolExecutor(streams)
            running = [pool.submit(one_in_thread, ramp * n / streams) for n in range(streams)]
            wait(running, timeout=told["limit"])
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        peak, queued = peak_memory(), waited() - queued
        lags.sort()
        return {
            "cpu": cpu,
            "wall": wall,
            **arrivals.summary(streams),
            "waited": queued if self._is_async else None,
            "lag_p99": lags[len(lags) * 99 // 100] if lags else None,
            "lag_max": lags[-1] if lags else None,
            "memory": peak - before,
            "threads": most_threads,
            "failures": len(failures),
            "unfinished": streams - done - len(failures),
            "failure": failures[0] if failures else None,
        }


def main() -> None:
    """Answer each line of the input with a line, and end with the input."""
    allow_files()
    name, *how = sys.argv[1].split(":")
    peer = importlib.import_module(f"peers.{name}")
    driver = Driver(peer, *how)
    if "--once" in sys.argv:
        driver.first({})
        return
    answers, sys.stdout = sys.stdout, sys.stderr  # what peers print is none of our answers
    for line in sys.stdin:
        told = json.loads(line)
        try:
            answer = getattr(driver, told["do"])(told)
        except Exception as error:  # noqa: BLE001
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
