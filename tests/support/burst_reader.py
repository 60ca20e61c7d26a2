"""Reading a Bedrock answer of many events from a server of its own, and what that leaves behind.

Run as a program, it prints the blocks of memory that an event leaves, as JSON, measured in a process
where nothing else happens.
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from modelwire import Runtime
from modelwire.events import DoneEvent, TextDeltaEvent

SERVER = Path(__file__).resolve().parents[2] / "benchmarks" / "serve.py"
MODEL = "amazon-bedrock/anthropic.claude-3-haiku-20240307-v1:0"
APIS = {
    "openai-responses": "amazon-bedrock/openai.gpt-5.6-luna",
    "openai-completions": "amazon-bedrock/openai.gpt-oss-120b-1:0",
    "anthropic-messages": "amazon-bedrock/us.anthropic.claude-opus-5",
}
"""A model of each other API of Bedrock that the server has."""


@contextmanager
def answering(events, what="burst", **told):
    """A server that answers with so many pieces of text; gives its address."""
    arguments = [f"--{name}={value}" for name, value in told.items()]
    command = [sys.executable, SERVER, what, f"--events={events}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def runtime_for(url, folder, provider=None):
    """A runtime that asks the server, without middleware; `provider` configures Bedrock."""
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url,
        "HOME": str(folder),
    }
    # Middleware costs what it costs; here modelwire's own part is counted.
    off = {name: {"enabled": False} for name in ("modelwire-cache", "modelwire-otel")}
    document = {"plugins": {"entries": off}}
    if provider is not None:
        document["models"] = {"providers": {"amazon-bedrock": provider}}
    return Runtime.from_config(document, environ=environ, cache_directory=folder / "cache")


async def read(runtime, model=MODEL, prompt="Hello", **options):
    """Read an answer to its end, keeping nothing; how many pieces of text it had."""
    pieces = 0
    async for event in runtime.stream(prompt, model=model, **options):
        if type(event) is TextDeltaEvent:
            pieces += 1
    assert type(event) is DoneEvent
    return pieces


async def blocks_per_event(events, folder, **options):
    """How many blocks of memory an event leaves behind, on the average.

    What one read brought is let go little by little, so the fewest of the second and of the last
    third are compared.
    """
    with answering(events) as url:
        async with runtime_for(url, folder) as runtime:
            await read(runtime, **options)
            gc.collect()
            gc.disable()
            try:
                counts = [
                    sys.getallocatedblocks()
                    async for event in runtime.stream("Hello", model=MODEL, **options)
                    if type(event) is TextDeltaEvent
                ]
            finally:
                gc.enable()
    third = events // 3
    # A number that is kept is a block, too.
    return (min(counts[2 * third :]) - min(counts[third : 2 * third])) / third - 1


async def _measure(events):
    with tempfile.TemporaryDirectory() as folder:
        return {
            name: await blocks_per_event(events, Path(folder), keep_text=kept)
            for name, kept in (("kept", True), ("dropped", False))
        }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(int(sys.argv[1])))))
