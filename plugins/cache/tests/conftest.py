"""A real runtime with the installed plugins, over a real server on loopback that can be closed."""

import asyncio
import json

import pytest
from aiohttp import web

from modelwire import Runtime
from modelwire.transport import RetryPolicy
from modelwire_cache.session import begin_session


class Service:
    """Speaks Chat Completions; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.cut = False
        self.status = 200
        self.failures = []
        self.overflow = False
        self.tool = None
        self.pieces = 0
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def answer(self, request):
        self.asked += 1
        status = self.failures.pop(0) if self.failures else self.status
        if status != 200:
            return web.json_response({"error": {"message": "No."}}, status=status)
        if self.overflow:
            error = {"message": "Too long.", "code": "context_length_exceeded"}
            return web.json_response({"error": error}, status=400)
        body = await request.json()
        question = body["messages"][-1]["content"]
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "x-request-id": f"req-{self.asked}"}
        )
        await response.prepare(request)
        if self.tool is not None and body["messages"][-1]["role"] == "user":
            called = {"name": self.tool, "arguments": '{"city": "Oslo"}'}
            call = {"index": 0, "id": f"call-{self.asked}", "type": "function", "function": called}
            await _send(response, {"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"})
            await response.write(b"data: [DONE]\n\n")
            return response
        more = (f"word{number} " for number in range(self.pieces))
        question = question if isinstance(question, str) else ""
        for text in (f"Answer {self.asked}", " to ", question, *more):
            await _send(response, {"delta": {"content": text}, "finish_reason": None})
            await self.go_on.wait()
        if not self.cut:
            usage = {"prompt_tokens": 7, "completion_tokens": 3}
            await _send(response, {"delta": {}, "finish_reason": "stop"}, usage)
            await response.write(b"data: [DONE]\n\n")
        return response


async def _send(response, choice, usage=None):
    data = {"id": "c1", "model": "m", "choices": [{"index": 0, **choice}], "usage": usage}
    await response.write(f"data: {json.dumps(data)}\n\n".encode())


@pytest.fixture
async def service():
    made = Service()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", made.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    made.go_on.set()
    await runner.cleanup()


@pytest.fixture
def folder(tmp_path):
    """The folder of the recordings."""
    return tmp_path / "recordings"


@pytest.fixture
def document(service, folder):
    """A configuration with the service as a provider `acme`."""

    def make(mode="record-missing", providers=None, **settings):
        config = {"mode": mode, "directory": str(folder), **settings}
        acme = {"api": "openai-completions", "baseUrl": service.base_url, "apiKey": "sk-marked-key"}
        return {
            "models": {"providers": providers or {"acme": acme}},
            "plugins": {"entries": {"recordings": {"config": config}}},
        }

    return make


@pytest.fixture
def runtime(document, tmp_path):
    def make(mode="record-missing", environ=None, **settings):
        """A runtime as of a program of its own."""
        begin_session()
        return Runtime.from_config(
            document(mode, **settings),
            environ=environ or {},
            retries=RetryPolicy(base=0),
            cache_directory=tmp_path / "lists",
        )

    return make
