"""Libraries with event loops of their own: trio is refused with a way out, anyio on asyncio works."""

import anyio
import pytest
import trio

from modelwire.runtime import SyncRuntime

CALLS = {
    "async with": lambda runtime: runtime.__aenter__(),
    "complete": lambda runtime: runtime.complete("hi", model="echo/e"),
    "stream": lambda runtime: anext(aiter(runtime.stream("hi", model="echo/e"))),
    "resolve": lambda runtime: runtime.resolve("echo/e"),
    "dry_run": lambda runtime: runtime.dry_run("hi", model="echo/e"),
    "listing": lambda runtime: runtime.catalog.listing("echo"),
    "listings": lambda runtime: runtime.catalog.listings(),
    "warm_up": lambda runtime: runtime.catalog.warm_up("echo"),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_under_trio_the_first_call_says_what_to_do_and_closing_hides_nothing(
    site, make_runtime, call
):
    site.provider("echo")
    runtime = make_runtime()

    async def main():
        try:
            await call(runtime)
        finally:
            await runtime.aclose()

    with pytest.raises(RuntimeError, match=r"Under trio, use a SyncRuntime in a thread") as caught:
        trio.run(main)
    assert caught.value.__context__ is None


def test_the_way_out_under_trio_works(site, make_runtime):
    site.provider("echo")
    with SyncRuntime(make_runtime()) as runtime:

        async def main():
            return await trio.to_thread.run_sync(lambda: runtime.complete("hi", model="echo/e"))

        assert trio.run(main).text == "e heard: hi"


def test_anyio_on_asyncio_works(site, make_runtime):
    site.provider("echo")

    async def main():
        async with make_runtime() as runtime, anyio.create_task_group() as group:
            answers = []

            async def ask():
                answers.append((await runtime.complete("hi", model="echo/e")).text)

            for _ in range(3):
                group.start_soon(ask)
        return answers

    assert anyio.run(main, backend="asyncio") == ["e heard: hi"] * 3
