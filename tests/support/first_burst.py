"""A program that begins with a burst of streams, and says what its event loop imported and waited for.

It reads what to do as JSON, and prints what it saw as JSON. `watch.imports` are the modules that the
loop's thread imported. With `interleave` every module that a thread imports stands still when it is half
imported, until the loop has begun another stream and turned for a while: a loop that waits for the lock
of such a module does not turn, and then the module is in `watch.held`.
"""

import asyncio
import json
import sys
import threading
from importlib.machinery import PathFinder
from pathlib import Path

TURNS = 25
"""Turns of the loop for each half-imported module; a stream gets from its start to its request in fewer."""


class Interleaver:
    """Finds the modules that threads import, and lets the loop turn in the middle of each import.

    Args:
        start: Begins another stream; called on the loop.
        patience: Seconds after which a loop that does not turn is held up.
    """

    def __init__(self, start, patience):
        self.held, self.met = [], 0
        self._start, self._patience = start, patience
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()

    def find_spec(self, name, path=None, target=None):
        if threading.get_ident() == self._thread or self.held:
            return None
        spec = PathFinder.find_spec(name, path, target)
        run = getattr(spec and spec.loader, "exec_module", None)
        if run is not None:

            def run_later(module):
                self._let_the_loop_turn(name)
                run(module)

            spec.loader.exec_module = run_later
        return spec

    def _let_the_loop_turn(self, name):
        turned = threading.Event()
        self._loop.call_soon_threadsafe(self._turn, turned, TURNS)
        self.met += 1
        if not turned.wait(self._patience):
            self.held.append(name)

    def _turn(self, turned, left):
        if left == TURNS:
            self._start()
        if left == 0:
            turned.set()
        else:
            self._loop.call_soon(self._turn, turned, left - 1)


async def burst(said):
    """Stream from a runtime that has done nothing yet; what came of it and what was seen."""
    from modelwire import ModelwireError, Runtime
    from modelwire.testing.audit import imports
    from modelwire.transport import RetryPolicy

    runtime = Runtime.from_config(
        said["document"],
        environ=said["environ"],
        retries=RetryPolicy(max_attempts=said["attempts"], base=0.0),
        cache_directory=Path(said["folder"]) / "lists",
    )
    tasks = []

    async def ask(number):
        try:
            message = await runtime.complete(f"Say {number}.", model=said["ref"], max_tokens=1)
        except ModelwireError as error:
            return error.code
        return "answer" if message.text else "silence"

    def start():
        if len(tasks) < said["streams"]:
            tasks.append(asyncio.ensure_future(ask(len(tasks))))

    async with runtime:
        with imports() as found:
            interleaver = Interleaver(start, said["patience"])
            if said["interleave"]:
                sys.meta_path.insert(1, interleaver)
                start()
                await tasks[0]
            for _ in range(said["streams"]):
                start()
            listing = await runtime.catalog.listing(said["ref"].partition("/")[0], refresh=True)
            outcomes = await asyncio.gather(*tasks)
            if said["interleave"]:
                sys.meta_path.remove(interleaver)
    return {
        "outcomes": {outcome: outcomes.count(outcome) for outcome in outcomes},
        "listed": len(listing.models),
        "imports": found,
        "interleaved": interleaver.met,
        "held": interleaver.held,
        "traced": "opentelemetry.sdk.trace" in sys.modules,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(burst(json.load(sys.stdin)))))
