"""The runtime of an adapter, given or made at its first use."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from modelwire.errors import ConfigError, InvalidRequest
from modelwire.runtime import Runtime, RuntimeHandle, SyncRuntime

CONFIG = {"models": {"providers": {"here": {"baseUrl": "http://127.0.0.1:9", "api": "x"}}}}


async def test_a_runtime_that_is_given_is_used_and_stays_open():
    async with Runtime.from_config(CONFIG) as given:
        handle = RuntimeHandle(given)
        assert handle.get() is given
        await handle.aclose()
        assert handle.get() is given


async def test_one_is_made_of_the_configuration_for_all_threads():
    handle = RuntimeHandle(config=CONFIG)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: handle.get(), range(32)))
    assert set(map(id, made)) == {id(handle.get())}
    assert "here" in made[0].config.models.providers
    await handle.aclose()
    assert handle.get() is not made[0]
    await handle.aclose()
    await handle.aclose()


async def test_a_mistake_in_the_configuration_is_reported_at_the_first_use():
    handle = RuntimeHandle(config={"models": {"providers": 5}})
    with pytest.raises(ConfigError):
        handle.get()
    await handle.aclose()


async def test_a_runtime_beside_a_configuration_is_refused():
    async with Runtime.from_config(CONFIG) as given:
        with pytest.raises(InvalidRequest, match="leave out config"):
            RuntimeHandle(given, CONFIG)


def test_another_object_is_no_runtime():
    with SyncRuntime.from_config(CONFIG) as blocking:
        for wrong in ("bedrock/x", CONFIG, blocking):
            with pytest.raises(InvalidRequest, match=type(wrong).__name__):
                RuntimeHandle(wrong)
