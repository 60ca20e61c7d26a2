"""What a plugin says about a call that is not made."""

import asyncio

import pytest

from modelwire.errors import ConfigError, PluginError

TELLER = """
    from modelwire.errors import ConfigError
    from modelwire.hookspecs import hookimpl

    @hookimpl
    def describe_call(model, options, provider, config):
        if model.id == "bug":
            raise ValueError("secret")
        if model.id == "wrong":
            raise ConfigError("The region is wrong.")
        return {"endpoint": provider.base_url, "speed": options.params["speed"]}
"""
DOCUMENT = {
    "models": {"providers": {"teller": {"baseUrl": "http://t", "params": {"speed": 1}}}},
    "agents": {"defaults": {"models": {"teller/x": {"params": {"speed": 3}}}}},
}


@pytest.fixture
async def describe(site, make_runtime):
    site.provider("teller", TELLER)
    site.provider("echo")
    runtime = make_runtime(DOCUMENT)

    async def run(text):
        found = await runtime.resolve(text)
        return await asyncio.to_thread(runtime.describe_call, found)

    return run


async def test_a_plugin_tells_with_the_options_that_a_call_would_have(describe):
    assert await describe("teller/y") == {"endpoint": "http://t", "speed": "1"}


async def test_a_plugin_may_say_nothing(describe):
    assert await describe("echo/x") == {}


async def test_a_setting_that_is_not_valid_is_that_error(describe):
    with pytest.raises(ConfigError, match="The region is wrong"):
        await describe("teller/wrong")


async def test_a_bug_in_the_plugin_names_the_plugin_and_keeps_what_may_be_secret(describe):
    with pytest.raises(PluginError, match="modelwire-teller failed to describe a call") as caught:
        await describe("teller/bug")
    assert "secret" not in str(caught.value)


def test_a_description_that_would_have_to_be_awaited_is_refused(site):
    source = "from modelwire.hookspecs import hookimpl\n@hookimpl\nasync def describe_call(): ..."
    site.provider("late", source)
    with pytest.raises(PluginError, match="describe_call must be a plain function"):
        site.registry().owner("late")
