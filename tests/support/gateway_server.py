"""A gateway on a real socket, in front of the Bedrock emulator on another, and a client for it."""

import asyncio
import contextlib
import json

import aiohttp
from attrs import define, field

from modelwire.runtime import Runtime
from modelwire.transport import RetryPolicy
from modelwire_gateway import Settings, app
from modelwire_gateway.access.caller import OpenAccess
from modelwire_gateway.server import Server, server_config

KEY = "mw-test"
_ONE_KEY = OpenAccess(KEY)
MODEL = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


@define
class Gateway:
    """A gateway that runs, and a client for it."""

    url: str
    session: aiohttp.ClientSession
    records: list = field(factory=list)
    key: str = KEY

    def headers(self, **more):
        return {"Authorization": f"Bearer {self.key}", **more}

    async def post(self, path, body, **headers):
        """The status, the header fields and the JSON of an answer."""
        data = body if isinstance(body, bytes) else json.dumps(body)
        async with self.session.post(
            self.url + path, data=data, headers=self.headers(**headers)
        ) as answer:
            return answer.status, answer.headers, await answer.json()

    async def get(self, path, **headers):
        async with self.session.get(self.url + path, headers=self.headers(**headers)) as answer:
            return answer.status, answer.headers, await answer.json()

    async def events(self, path, body, **headers):
        """The names and the data of a stream's events, comments left out."""
        async with self.session.post(
            self.url + path, json=body, headers=self.headers(**headers)
        ) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.headers["content-type"].startswith("text/event-stream")
            return parsed(await answer.text())

    async def record(self):
        """The record of the last request, once it has ended."""
        while not self.records:
            await asyncio.sleep(0.01)
        return self.records[-1]


def parsed(text):
    events = []
    for block in text.split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if lines:
            fields = dict(line.split(": ", 1) for line in lines)
            data = fields["data"]
            events.append((fields.get("event"), data if data == "[DONE]" else json.loads(data)))
    return events


@contextlib.asynccontextmanager
async def running(runtime, settings=None, access=_ONE_KEY, observers=(), middleware=()):
    """A gateway on a free port."""
    records = []
    chosen = settings or Settings(drain_seconds=5)
    made = await asyncio.to_thread(
        app, runtime, chosen, access, observers=[records.append, *observers]
    )
    for each in middleware:
        made.add_middleware(each)
    # The signals of the test's process are not the server's.
    server = Server(server_config(made, chosen, port=0))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with aiohttp.ClientSession() as session:
        try:
            yield Gateway(f"http://127.0.0.1:{port}", session, records)
        finally:
            server.should_exit = True
            await session.close()
            await task


@contextlib.asynccontextmanager
async def serving(
    emulator,
    tmp_path,
    *,
    config=None,
    settings=None,
    access=_ONE_KEY,
    through=None,
    observers=(),
    middleware=(),
):
    """A gateway whose models are the emulator's."""
    document = config or {}
    if through:
        document = {"models": {"providers": {"amazon-bedrock": through}}, **document}
    async with (
        Runtime.from_config(
            document,
            environ={**emulator.environ(), "HOME": str(tmp_path)},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path / "cache",
        ) as runtime,
        running(runtime, settings, access, observers, middleware) as gateway,
    ):
        yield gateway
