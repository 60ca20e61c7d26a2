"""A provider's plugin may call its models through the API that another plugin speaks."""

import pytest

from modelwire.errors import Overloaded, PluginError

FRONT = """
    from attrs import evolve
    from modelwire.hookspecs import hookimpl
    from modelwire.models import Model

    @hookimpl
    async def stream_completion(model, context, options, provider, transport, apis):
        route = evolve(model, id=f"called-{model.id}", api="back-api")
        place = evolve(provider, base_url="http://127.0.0.1:9", headers={"X-Front": "1"})
        async for deltas in apis.stream(route, context, options, place, transport):
            yield deltas
"""

BACK = """
    import threading
    from modelwire.errors import Overloaded
    from modelwire.events import BlockEnd, ResponseInfo, Stop, TextDelta
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason

    warmed, calls = [], []

    @hookimpl
    def warm_up(provider, api):
        warmed.append((provider.id, api, threading.current_thread() is threading.main_thread()))

    @hookimpl
    async def stream_completion(model, provider):
        calls.append(model.id)
        if model.id == "called-busy" and len(calls) == 1:
            raise Overloaded("busy", retry_after=0)
        if model.id == "called-bug":
            raise KeyError("sk-secret")
        if model.id == "called-wrong":
            yield "no delta"
        yield ResponseInfo(api="back-api")
        yield TextDelta(0, f"{model.ref} at {provider.base_url} {provider.headers}")
        yield BlockEnd(0)
        yield Stop(StopReason.STOP)
"""


@pytest.fixture
def both(site):
    entries = {"providers": {"front": ""}, "routes": {"back-api": ""}}
    site.install("modelwire-front", entries, FRONT)
    return site.install("modelwire-back", {"apis": {"back-api": ""}}, BACK)


async def test_the_plugin_of_the_provider_decides_and_that_of_the_api_speaks(both, make_runtime):
    async with make_runtime() as runtime:
        message = await runtime.complete("hi", model="front/m")
    assert message.text == "front/called-m at http://127.0.0.1:9 {'X-Front': '1'}"
    assert (message.provider, message.model, message.api) == ("front", "m", "back-api")
    assert __import__(both).warmed == [("front", "back-api", False)]


async def test_a_configured_api_that_the_provider_has_a_route_of_is_still_its_own(
    both, make_runtime
):
    document = {
        "models": {"providers": {"front": {"api": "back-api"}, "other": {"api": "back-api"}}}
    }
    async with make_runtime(document) as runtime:
        assert runtime.registry.owner("front").distribution == "modelwire-front"
        assert runtime.registry.owner("other").distribution == "modelwire-back"
        assert "called-m" in (await runtime.complete("hi", model="front/m")).text


async def test_what_is_tried_again_goes_the_same_way(both, make_runtime):
    async with make_runtime() as runtime:
        message = await runtime.complete("hi", model="front/busy")
    assert message.text.startswith("front/called-busy")
    assert __import__(both).calls == ["called-busy"] * 2


@pytest.mark.parametrize("model", ["bug", "wrong"])
async def test_a_fault_of_the_plugin_that_speaks_is_its_own(both, make_runtime, model):
    async with make_runtime() as runtime:
        with pytest.raises(PluginError) as caught:
            await runtime.complete("hi", model=f"front/{model}")
    assert caught.value.message.startswith("modelwire-back ")
    assert "sk-secret" not in str(caught.value)


async def test_a_missing_plugin_is_named_once(site, make_runtime):
    entries = {"providers": {"front": ""}, "routes": {"openai-responses": ""}}
    site.install("modelwire-front", entries, FRONT.replace("back-api", "openai-responses"))
    async with make_runtime() as runtime:
        with pytest.raises(PluginError, match="No installed plugin speaks the API") as caught:
            await runtime.complete("hi", model="front/m")
    assert caught.value.hint == "Run: pip install modelwire-openai"


async def test_middleware_sees_one_stream(both, site, make_runtime):
    wrapper = """
    from modelwire.hookspecs import hookimpl

    seen = []

    @hookimpl(wrapper=True)
    def stream_completion(model):
        seen.append(model.id)
        return (yield)
    """
    module = site.install("wrapping", {"middleware": {"wrapping": ""}}, wrapper)
    async with make_runtime() as runtime:
        await runtime.complete("hi", model="front/m")
    assert __import__(module).seen == ["m"]


async def test_errors_of_the_other_plugin_come_as_they_are(both, make_runtime):
    from modelwire.transport import RetryPolicy

    async with make_runtime(retries=RetryPolicy(max_attempts=1)) as runtime:
        with pytest.raises(Overloaded, match="busy"):
            await runtime.complete("hi", model="front/busy")
