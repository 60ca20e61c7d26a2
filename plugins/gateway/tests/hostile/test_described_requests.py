"""Requests that a fuzzer makes of a description of every address: each gets an answer of its API.

With `--long` each address gets many times as many requests, other ones in each run.
"""

import asyncio
import json
import logging
import threading
from functools import partial

import pytest
import requests
from gateway_openapi import description
from gateway_server import KEY, serving
from hypothesis import HealthCheck, Phase, given, settings
from long_runs import is_long, scaled

from modelwire_bedrock.emulator import Emulator

pytestmark = pytest.mark.extensive("it makes thousands of requests from a description")

OPERATIONS = [
    (path, method, mode)
    for path, methods in description()["paths"].items()
    for method in methods
    for mode in ("POSITIVE", "NEGATIVE")
    if (method, mode)
    != ("get", "NEGATIVE")  # parameters of addresses are texts, which are all allowed
]
REQUESTS = scaled(15, 3000)
EXPECTED = {
    None,
    "invalid_request",
    "context_overflow",
    "model_not_found",
    "not_found",
    "upstream",
    "billing",
}

fuzzed = partial(
    settings,
    deadline=None,
    derandomize=not is_long(),
    database=None,
    max_examples=REQUESTS,
    phases=[Phase.generate] if not is_long() else [Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


class Running(threading.Thread):
    """A gateway in front of an emulator, on an event loop of its own."""

    def __init__(self, emulator, home):
        super().__init__(daemon=True)
        self._emulator, self._home = emulator, home
        self._ready = threading.Event()
        self.gateway = None

    def run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        async with serving(self._emulator, self._home) as self.gateway:
            self._ready.set()
            await self._end.wait()

    def __enter__(self):
        self.start()
        assert self._ready.wait(60)
        return self.gateway

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._end.set)
        self.join(60)
        assert not self.is_alive()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Emulator() as emulator, Running(emulator, tmp_path_factory.mktemp("gateway")) as made:
        yield made


@pytest.fixture(scope="module")
def described():
    from schemathesis import openapi

    return openapi.from_dict(description())


def check_shape(path, answer):
    """A failure has the shape of the API that the path is one of."""
    if path in ("/metrics", "/healthz", "/readyz"):
        assert answer.status_code in (200, 401)
        return
    body = json.loads(answer.content)
    if path.startswith("/model/"):
        assert list(body) == ["message"]
        assert answer.headers["x-amzn-errortype"]
        return
    error = body["error"]
    assert isinstance(error["message"], str)
    if path.startswith("/v1/messages"):
        assert body["type"] == "error"
        assert set(error) == {"type", "message"}
    elif body.get("type") != "error":  # the list of models serves clients of Anthropic's, too
        assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_each_request_is_answered(gateway, described, caplog, path, method, mode):
    from schemathesis import GenerationMode

    operation = described[path][method.upper()]
    cases = operation.as_strategy(generation_mode=GenerationMode[mode])
    caplog.set_level(logging.WARNING)
    before = len(gateway.records)
    with requests.Session() as session:

        @fuzzed()
        @given(cases)
        def ask(case):
            keys = {"Authorization": f"Bearer {KEY}", "Accept-Encoding": "identity"}
            wanted = case.as_transport_kwargs(base_url=gateway.url, headers=keys)
            answer = session.request(**wanted, timeout=60, allow_redirects=False)
            said = (answer.status_code, answer.content[:2000], wanted)
            assert answer.status_code in {200, 304, *range(400, 500)} | {402, 502}, said
            assert b"The gateway failed" not in answer.content, said
            assert KEY.encode() not in answer.content, said
            if answer.status_code != 200:
                check_shape(path, answer)

        ask()
        assert session.get(f"{gateway.url}/healthz").text == "ok\n"
    assert caplog.messages == []
    assert {each.failure for each in gateway.records[before:]} <= EXPECTED
