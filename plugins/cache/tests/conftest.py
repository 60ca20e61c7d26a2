"""A real runtime with the installed plugins, over a real server on loopback that can be closed."""

import json

import pytest
from aiohttp import web

from modelwire import Runtime
from modelwire.transport import RetryPolicy


class Service:
    """Speaks Chat Completions; counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.cut = False
        self.status = 200

    async def answer(self, request):
        self.asked += 1
        if self.status != 200:
            return web.json_response({"error": {"message": "No."}}, status=self.status)
        body = await request.json()
        question = body["messages"][-1]["content"]
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "x-request-id": f"req-{self.asked}"}
        )
        await response.prepare(request)
        for text in (f"Answer {self.asked}", " to ", question if isinstance(question, str) else ""):
            await _send(response, {"delta": {"content": text}, "finish_reason": None})
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
    await runner.cleanup()


@pytest.fixture
def answers(tmp_path):
    """The folder of the answers."""
    return tmp_path / "answers"


@pytest.fixture
def document(service, answers):
    """A configuration with the service as a provider `acme`."""

    def make(mode="auto", **settings):
        config = {"mode": mode, "directory": str(answers), **settings}
        acme = {"api": "openai-completions", "baseUrl": service.base_url, "apiKey": "sk-marked-key"}
        return {
            "models": {"providers": {"acme": acme}},
            "plugins": {"entries": {"modelwire-cache": {"config": config}}},
        }

    return make


@pytest.fixture
def runtime(document, tmp_path):
    def make(mode="auto", environ=None, **settings):
        return Runtime.from_config(
            document(mode, **settings),
            environ=environ or {},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path / "lists",
        )

    return make
