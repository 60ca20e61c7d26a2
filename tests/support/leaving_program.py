"""A program that leaves a stream in the middle, waits to be told to go on, and ends.

Its argument is JSON: the `document` of the configuration, the `model`, the `way` (`break` leaves the
stream, `hold` keeps it to the end of the program), and whether to `listen` with OpenTelemetry.
"""

import asyncio
import gc
import json
import sys

from modelwire import Runtime
from modelwire.events import TextDeltaEvent

HELD = []


def listen() -> None:
    """Set a real SDK, which keeps its spans in memory."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(InMemorySpanExporter()))
    trace.set_tracer_provider(tracers)


async def leave(runtime, model) -> None:
    async for event in runtime.stream("hi", model=model):
        if type(event) is TextDeltaEvent:
            break


async def hold(runtime, model) -> None:
    stream = runtime.stream("hi", model=model)
    HELD.append(stream)
    while type(await anext(aiter(stream))) is not TextDeltaEvent:
        pass


async def main(asked) -> None:
    if asked["listen"]:
        listen()
    runtime = Runtime.from_config(asked["document"], environ={"AWS_EC2_METADATA_DISABLED": "true"})
    HELD.append(runtime)  # it is not closed: the end of the loop has to do
    await (leave if asked["way"] == "break" else hold)(runtime, asked["model"])
    print("left", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    gc.disable()
    asyncio.run(main(json.loads(sys.argv[1])))
