"""Plugins and wrappers that misbehave while they answer: ended, named, and the others unharmed."""

import asyncio
import importlib

import pytest

from modelwire.errors import Cancelled, PluginError, RequestTimeout
from modelwire.events import TextDeltaEvent
from modelwire.messages import StopReason
from modelwire.transport import Deadlines

LIMITED = {"models": {"providers": {"wild": {"timeoutSeconds": 0.2}}}}
MUTE = """
    import asyncio
    from modelwire.hookspecs import hookimpl

    @hookimpl
    async def stream_completion():
        await asyncio.sleep(3600)
        yield
"""


@pytest.mark.parametrize("name", ["hangs", "deaf", "endless"])
async def test_the_limit_of_a_provider_holds_though_its_plugin_does_not_look_at_it(
    wild, make_runtime, name
):
    runtime = make_runtime(LIMITED)
    with pytest.raises(RequestTimeout) as caught:
        await runtime.complete("x", model=f"wild/{name}")
    assert caught.value.phase == "total"
    assert caught.value.partial.text.startswith("some ")
    assert wild.closed == [f"{name}"]


async def test_a_provider_that_hangs_before_it_says_anything_makes_room_for_the_next(
    site, make_runtime
):
    site.provider("mute", source=MUTE)
    site.provider("echo")
    runtime = make_runtime({"models": {"providers": {"mute": {"timeoutSeconds": 0.2}}}})
    message = await runtime.complete("hi", model="mute/m", fallbacks=["echo/e"])
    assert message.text == "e heard: hi"
    assert [(a.model, a.code) for a in message.attempts] == [("mute/m", "timeout")]
    assert asyncio.current_task().cancelling() == 0


@pytest.mark.parametrize("level", ["provider", "defaults"])
async def test_the_configuration_limits_the_wait_for_the_first_event(site, make_runtime, level):
    site.provider("mute", source=MUTE)
    limit = {"firstEventSeconds": 0.2}
    documents = {
        "provider": {"models": {"providers": {"mute": limit}}},
        "defaults": {"agents": {"defaults": limit}},
    }
    runtime = make_runtime(documents[level])
    with pytest.raises(RequestTimeout) as caught:
        await runtime.complete("hi", model="mute/m")
    assert caught.value.phase == "first_event"


async def test_what_comes_after_the_first_event_may_take_longer_than_it(wild, make_runtime):
    limits = Deadlines(first_event=2.0, total=2.5)
    with pytest.raises(RequestTimeout) as caught:
        await make_runtime().complete("x", model="wild/hangs", deadlines=limits)
    assert caught.value.phase == "total"


async def test_the_callers_own_limit_is_for_all_of_them(wild, make_runtime):
    runtime = make_runtime({"models": {"providers": {"wild": {"timeoutSeconds": 60}}}})
    with pytest.raises(RequestTimeout) as caught:
        await runtime.complete(
            "x", model="wild/hangs", fallbacks=["wild/fine"], deadlines=Deadlines(total=0.2)
        )
    assert caught.value.phase == "total"
    assert wild.calls == ["hangs"]


async def test_a_consumer_that_takes_its_time_is_not_cancelled_by_the_limit(wild, make_runtime):
    stream = make_runtime(LIMITED).stream("x", model="wild/endless")
    with pytest.raises(RequestTimeout):
        async for event in stream:
            if type(event) is TextDeltaEvent:
                await asyncio.sleep(0.3)  # longer than the limit, and it must come back from here
    assert asyncio.current_task().cancelling() == 0


SELFISH = """
    import asyncio
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl

    @hookimpl
    async def stream_completion():
        yield TextDelta(0, "so far")
        raise asyncio.CancelledError
"""


async def test_a_plugin_that_cancels_itself_does_not_end_its_caller(site, make_runtime):
    site.provider("selfish", source=SELFISH)
    with pytest.raises(PluginError, match="modelwire-selfish cancelled its own answer") as caught:
        await make_runtime().complete("x", model="selfish/m")
    assert caught.value.partial.text == "so far"


WRAPPERS = {
    "before it asks": "raise KeyError('sk-secret')",
    "after it asked": "yield\n        raise KeyError('sk-secret')",
    "in the stream": """deltas = yield

        async def broken():
            async for delta in deltas:
                yield delta
                raise KeyError('sk-secret')

        return broken()""",
    "with a cancellation": """deltas = yield

        async def broken():
            async for delta in deltas:
                yield delta
                import asyncio
                raise asyncio.CancelledError

        return broken()""",
}


@pytest.mark.parametrize("body", WRAPPERS.values(), ids=WRAPPERS)
async def test_a_wrapper_that_fails_is_named_itself(site, make_runtime, body):
    site.provider("echo")
    source = f"""
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def stream_completion():
        {body}
        yield
    """
    site.install("shaky", {"middleware": {"shaky": ""}}, source)
    with pytest.raises(PluginError) as caught:
        await make_runtime().complete("hi", model="echo/e")
    assert str(caught.value).startswith("shaky ")
    assert "modelwire-echo" not in str(caught.value)
    assert "sk-secret" not in str(caught.value)


async def test_a_provider_that_fails_inside_a_wrapper_is_named_itself(site, wild, make_runtime):
    source = """
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def stream_completion():
        return (yield)
    """
    site.install("harmless", {"middleware": {"harmless": ""}}, source)
    with pytest.raises(PluginError, match=r"^modelwire-wild failed"):
        await make_runtime().complete("hi", model="wild/bug")


SLOW_TO_WARM_UP = """
    import threading
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason

    gate = threading.Event()

    @hookimpl
    def warm_up():
        gate.wait(60)

    @hookimpl
    async def stream_completion():
        yield Stop(StopReason.STOP)
"""


@pytest.mark.parametrize("limit", ["first_event", "total"])
async def test_a_limit_that_passes_before_the_request_leaves_an_empty_message(
    site, make_runtime, limit
):
    plugin = importlib.import_module(site.provider("slow", source=SLOW_TO_WARM_UP))
    runtime = make_runtime()
    try:
        await runtime.resolve("slow/m")
        with pytest.raises(RequestTimeout) as caught:
            await runtime.complete("x", model="slow/m", deadlines=Deadlines(**{limit: 0.5}))
    finally:
        plugin.gate.set()
    assert caught.value.phase == limit
    partial = caught.value.partial
    assert (partial.content, partial.provider, partial.model) == ([], "slow", "m")
    assert (partial.stop_reason, partial.error_code) == (StopReason.ERROR, "timeout")


async def test_a_stream_that_is_cancelled_before_the_request_leaves_an_empty_message(
    site, make_runtime
):
    plugin = importlib.import_module(site.provider("slow", source=SLOW_TO_WARM_UP))
    stream = make_runtime().stream("x", model="slow/m")
    try:
        reading = asyncio.create_task(stream.result())
        while stream.model is None:
            await asyncio.sleep(0.01)
        stream.cancel()
        with pytest.raises(Cancelled) as caught:
            await reading
    finally:
        plugin.gate.set()
    assert (caught.value.partial.content, caught.value.partial.stop_reason) == (
        [],
        StopReason.ABORTED,
    )
