"""The tokens of a request that is not sent, counted by the plugin."""

import pytest

from modelwire import SyncRuntime
from modelwire.errors import InvalidRequest, PluginError, RateLimited

COUNTER = """
    from modelwire.errors import RateLimited
    from modelwire.hookspecs import hookimpl

    @hookimpl
    async def count_tokens(model, context, options, transport):
        if model.id == "bug":
            raise ValueError("secret")
        if model.id == "busy":
            raise RateLimited("Slow down.")
        if model.id == "wrong":
            return "7"
        return len(context.messages[0].content[0].text) + len(context.tools) + options.max_tokens
"""


@pytest.fixture
async def runtime(site, make_runtime):
    site.provider("counter", COUNTER)
    site.provider("echo")
    return make_runtime({})


async def test_the_plugin_counts_with_prompt_tools_and_options(runtime):
    assert await runtime.count_tokens("four", model="counter/x", max_tokens=10) == 14


async def test_a_plugin_that_cannot_count_is_named(runtime):
    with pytest.raises(InvalidRequest, match="modelwire-echo cannot count tokens"):
        await runtime.count_tokens("hi", model="echo/x")


async def test_an_error_of_the_service_is_that_error(runtime):
    with pytest.raises(RateLimited):
        await runtime.count_tokens("hi", model="counter/busy", max_tokens=1)


@pytest.mark.parametrize("model", ["bug", "wrong"])
async def test_a_bug_in_the_plugin_names_the_plugin(runtime, model):
    with pytest.raises(PluginError, match="modelwire-counter") as caught:
        await runtime.count_tokens("hi", model=f"counter/{model}", max_tokens=1)
    assert "secret" not in str(caught.value)


def test_it_can_be_called_without_an_event_loop(site, make_runtime):
    site.provider("counter", COUNTER)
    with SyncRuntime(make_runtime({})) as runtime:
        assert runtime.count_tokens("four", model="counter/x", max_tokens=1) == 5
