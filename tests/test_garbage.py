"""A request leaves no cycles behind, which only a collection of garbage frees.

Until then a cycle keeps all that it refers to, such as the response, its headers and its buffers: with
thousands of streams that is megabytes, and a collection stops the loop for longer than an event takes.
"""

import asyncio

import burst_reader
import pytest
from burst_reader import APIS, answering, read, runtime_for
from garbage import saved_garbage

REQUESTS = 5


@pytest.mark.parametrize("api", [None, *APIS])
async def test_an_answer_that_was_read_leaves_no_cycle(api, tmp_path):
    provider = None if api is None else {"api": api}
    model = APIS.get(api, burst_reader.MODEL)
    with answering(20, "burst" if api is None else "apis") as url:
        async with runtime_for(url, tmp_path, provider) as runtime:
            await read(runtime, model)
            await runtime.complete("Hello", model=model)
            with saved_garbage() as found:
                for _ in range(REQUESTS):
                    await read(runtime, model)
                    await runtime.complete("Hello", model=model)
    assert not found


@pytest.mark.parametrize("api", [None, *APIS])
async def test_an_answer_that_was_left_leaves_no_cycle(api, tmp_path):
    provider = None if api is None else {"api": api}
    model = APIS.get(api, burst_reader.MODEL)

    async def leave(runtime):
        async with runtime.stream("Hello", model=model) as stream:
            async for _ in stream:
                return

    with answering(20, "burst" if api is None else "apis") as url:
        async with runtime_for(url, tmp_path, provider) as runtime:
            await leave(runtime)
            await asyncio.sleep(0.1)
            with saved_garbage() as found:
                for _ in range(REQUESTS):
                    await leave(runtime)
                await asyncio.sleep(0.1)
    assert not found
