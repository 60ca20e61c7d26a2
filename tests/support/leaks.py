"""What a program holds open: tasks, threads, sockets; to see that nothing is left of them."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

from attrs import frozen


@frozen
class HeldResources:
    """What is held at one moment.

    Attributes:
        tasks: The unfinished tasks of the running loop, the present one aside.
        threads: The threads, those of the loop's executor aside: they end with the loop.
        sockets: How many sockets are open.
    """

    tasks: frozenset[asyncio.Task]
    threads: frozenset[str]
    sockets: int

    @classmethod
    def now(cls) -> "HeldResources":
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        names = {thread.name for thread in threading.enumerate()}
        return cls(
            frozenset(tasks),
            frozenset(name for name in names if not name.startswith("asyncio_")),
            open_sockets(),
        )

    def exceeds(self, other: "HeldResources") -> str:
        """What is held here and was not there; empty, where it is nothing."""
        found = [f"task {task.get_coro()}" for task in self.tasks - other.tasks]
        found += [f"thread {name}" for name in self.threads - other.threads]
        if self.sockets > other.sockets:
            found.append(f"{self.sockets - other.sockets} sockets")
        return ", ".join(found)


def open_sockets() -> int:
    """How many sockets this process has open."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except OSError:  # the folder's own descriptor is gone by now
            continue
    return count


async def settled(before: HeldResources, seconds: float = 20.0) -> str:
    """Wait until nothing more is held than before; what is left when the time is over."""
    await reached(lambda: not HeldResources.now().exceeds(before), seconds)
    return HeldResources.now().exceeds(before)


async def reached(condition: Callable[[], object], seconds: float = 20.0) -> bool:
    """Wait until something is so; the time is only an end for a test that fails."""
    ends = asyncio.get_running_loop().time() + seconds
    while not condition():
        if asyncio.get_running_loop().time() > ends:
            return False
        await asyncio.sleep(0.002)
    return True
