"""The application: its settings, and mounted in another."""

import asyncio
import contextlib

import pytest
import uvicorn
from gateway_server import KEY, serving
from starlette.applications import Starlette
from starlette.routing import Mount

from modelwire.config import Config
from modelwire.errors import ConfigError
from modelwire.runtime import Runtime
from modelwire_gateway import Settings, app
from modelwire_gateway.access.caller import OpenAccess


def settings_of(**given):
    document = {"plugins": {"entries": {"gateway": {"config": given}}}}
    return Settings.of(Config.from_document(document, environ={}))


def test_settings_are_read_from_the_configuration():
    made = settings_of(port=1, allowHosts=["a.example"], aliases={"a": "b/c"}, keepAliveSeconds=5)
    assert made == Settings(
        port=1, allow_hosts=("a.example",), aliases={"a": "b/c"}, keep_alive_seconds=5
    )
    assert Settings.of(Config.empty({})) == Settings()


@pytest.mark.parametrize(
    ("given", "place"),
    [({"port": "80"}, "gateway.config.port"), ({"aliases": {"a": 1}}, "gateway.config.aliases")],
)
def test_a_wrong_setting_is_named(given, place):
    with pytest.raises(ConfigError) as caught:
        settings_of(**given)
    assert any(place in problem.path for problem in caught.value.problems)


def test_a_setting_whose_variable_is_missing_is_named():
    with pytest.raises(ConfigError, match="HOST_OF_MINE"):
        settings_of(host="${HOST_OF_MINE}")


async def test_middleware_that_is_added_sees_the_answers_of_doors(emulator, tmp_path):
    async with serving(emulator, tmp_path, middleware=[Marking]) as gateway:
        body = {
            "model": "amazon-bedrock/us.amazon.nova-lite-v1:0",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "Hello"}],
        }
        status, headers, _ = await gateway.post("/v1/messages", body)
        assert (status, headers["x-marked"]) == (200, "yes")
        status, headers, _ = await gateway.post("/v1/messages", {**body, "model": "none/none"})
        assert (status, headers["x-marked"]) == (404, "yes")


class Marking:
    """Middleware that adds a header field to each answer."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        async def marked(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-marked", b"yes")]
            await send(message)

        await self._app(scope, receive, marked)


async def test_it_can_be_mounted(emulator, tmp_path):
    import aiohttp

    environ = {**emulator.environ(), "HOME": str(tmp_path)}
    async with Runtime.from_config({}, environ=environ) as runtime:
        gateway = await asyncio.to_thread(app, runtime, Settings(), OpenAccess(KEY))
        config = uvicorn.Config(
            Starlette(routes=[Mount("/models", gateway)]), port=0, log_config=None
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.005)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/models"
        headers = {"x-api-key": KEY}
        body = {
            "model": "amazon-bedrock/us.amazon.nova-lite-v1:0",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "Hello"}],
        }
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.post(f"{url}/v1/messages", json=body) as answer:
                assert answer.status == 200
                assert (await answer.json())["type"] == "message"
            async with session.get(f"{url}/v1/messages/none") as answer:
                assert (answer.status, (await answer.json())["type"]) == (404, "error")
        server.should_exit = True
        await task
