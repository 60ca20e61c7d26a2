"""llama.cpp's own server with a small real model, and a relay before it that sees the wire."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from attrs import define, field
from chat_templates import TOOLS_TEMPLATE
from llama_server import start_llama

from modelwire import Runtime
from modelwire.testing import listening
from modelwire.transport import RetryPolicy

KEY = "a-key-for-llama"
CONTEXT = 1024


@pytest.fixture(scope="session")
def llama():
    """The server; it listens on loopback and wants a key."""
    return start_llama(
        context=CONTEXT,
        key=KEY,
        n_batch=64,
        n_ubatch=64,
        n_threads_http=2,
        endpoint_metrics=True,
        endpoint_slots=True,
        chat_template=TOOLS_TEMPLATE,
        use_jinja=True,
    )


@pytest.fixture
def runtime_at(llama, tmp_path):
    """Makes a runtime for the provider `llamacpp`."""

    def make(base_url: str | None = None, key: str = KEY) -> Runtime:
        settings = {"baseUrl": base_url or llama.listening_address, "apiKey": key}
        return Runtime.from_config(
            {"models": {"providers": {"llamacpp": settings}}},
            environ={},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path,
        )

    return make


@pytest.fixture
async def runtime(runtime_at):
    async with runtime_at() as made:
        yield made


@define
class Relay:
    """Passes bytes on to the server, and counts those that come back."""

    base_url: str = ""
    received: int = 0
    client_left: asyncio.Event = field(factory=asyncio.Event)


@pytest.fixture
def relay(llama):
    """Starts a relay before the server."""
    parts = urlsplit(llama.listening_address)

    @asynccontextmanager
    async def start():
        relay = Relay()

        async def pump(reader, writer, *, back):
            try:
                while data := await reader.read(65536):
                    if back:
                        relay.received += len(data)
                    writer.write(data)
                    await writer.drain()
            except ConnectionError:
                pass
            finally:
                if not back:
                    relay.client_left.set()
                writer.close()

        async def serve(reader, writer):
            up_reader, up_writer = await asyncio.open_connection(parts.hostname, parts.port)
            async with asyncio.TaskGroup() as group:
                group.create_task(pump(reader, up_writer, back=False))
                group.create_task(pump(up_reader, writer, back=True))

        async with listening(serve) as port:
            relay.base_url = f"http://127.0.0.1:{port}"
            yield relay

    return start
