"""llama.cpp's own server with a small real model, and a relay before it that sees the wire."""

import asyncio
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from attrs import define, field
from llama_server import start_llama

from modelwire import Runtime
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
        chat_template=TEMPLATE,
        use_jinja=True,
    )


TEMPLATE = """\
{%- if tools %}
{{- '<|im_start|>system\\n# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\n\
You are provided with function signatures within <tools></tools> XML tags:\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}
{{- '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:\\n<tool_call>\\n{"name": <function-name>, "arguments": <args-json-object>}\\n\
</tool_call><|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'assistant' and message.tool_calls %}
{{- '<|im_start|>assistant\\n' }}{%- if message.content %}{{- message.content }}{%- endif %}
{%- for call in message.tool_calls %}
{{- '\\n<tool_call>\\n{"name": "' }}{{- call.function.name }}{{- '", "arguments": ' }}\
{{- call.function.arguments | tojson }}{{- '}\\n</tool_call>' }}
{%- endfor %}{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}
{{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
{%- else %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}
"""
"""The shape that the engine knows from Qwen's models: it reads tool calls out of `<tool_call>`."""


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

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            relay.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield relay

    return start
