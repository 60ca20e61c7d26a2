"""Clients that leave at any moment: nothing is read for them any longer, and the others lose nothing."""

import asyncio
import random

import aiohttp
import pytest
from burst_reader import MODEL, answering, runtime_for
from extensive_tests import partly_extensive
from gateway_server import running

CLIENTS = 100
EVENTS = 20
SAID = [{"role": "user", "content": "Hello"}]
BODIES = {
    "/v1/chat/completions": {"model": MODEL, "messages": SAID},
    "/v1/messages": {"model": MODEL, "messages": SAID, "max_tokens": 100},
    "/v1/responses": {"model": MODEL, "input": "Hello"},
}


async def read(gateway, path):
    """The id of a request, and its answer."""
    body = {**BODIES[path], "stream": True}
    async with gateway.session.post(
        gateway.url + path, json=body, headers=gateway.headers()
    ) as answer:
        request_id = answer.headers.get("x-request-id") or answer.headers["request-id"]
        return request_id, await answer.text()


async def sending(url):
    """How many answers the server of the models is sending."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/running") as answer:
        return int(await answer.text())


@pytest.mark.parametrize(
    "path",
    partly_extensive(
        BODIES, "/v1/chat/completions".__ne__, "a hundred clients read until they leave"
    ),
)
async def test_nothing_runs_on_for_clients_that_left(tmp_path, path):
    chance = random.Random(8)
    with answering(EVENTS, "paced", seconds=0.1) as url:
        async with runtime_for(url, tmp_path) as runtime, running(runtime) as gateway:
            # The first two answers of the server are short.
            for _ in range(2):
                await read(gateway, path)
            tasks = [asyncio.create_task(read(gateway, path)) for _ in range(CLIENTS)]
            for task in chance.sample(tasks, CLIENTS // 2):
                await asyncio.sleep(chance.uniform(0, 0.02))
                task.cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            said = dict(each for each in found if not isinstance(each, asyncio.CancelledError))
            assert len(said) >= CLIENTS // 2
            assert all("19 " in text for text in said.values())
            async with asyncio.timeout(30):
                while await sending(url):
                    await asyncio.sleep(0.05)
                while not said.keys() <= {record.request_id for record in gateway.records}:
                    await asyncio.sleep(0.05)
    # A client that left before its request was read has no record, and one that left when its answer was
    # complete has that of a whole answer.
    whole = [record for record in gateway.records if record.failure is None]
    assert {record.status for record in whole} == {200}
    assert said.keys() <= {record.request_id for record in whole}
    others = [record for record in gateway.records if record.failure is not None]
    assert {(record.status, record.failure) for record in others} == {(499, "left")}
