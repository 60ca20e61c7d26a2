"""The runtime of an adapter, given or made at its first use."""

import copy
import pickle
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


async def test_copies_of_an_adapter_share_its_runtime():
    async with Runtime.from_config(CONFIG) as given:
        for handle in (RuntimeHandle(given), RuntimeHandle(config=CONFIG)):
            owner = {"model": [handle]}
            assert copy.copy(handle).get() is handle.get()
            assert copy.deepcopy(owner)["model"][0].get() is handle.get()
            await handle.aclose()
        assert copy.deepcopy([given])[0] is given
    with SyncRuntime.from_config(CONFIG) as blocking:
        assert copy.deepcopy([blocking])[0] is blocking


async def test_a_pickled_handle_makes_a_runtime_of_the_same_configuration():
    handle = RuntimeHandle(config=CONFIG)
    loaded = pickle.loads(pickle.dumps(handle))
    assert loaded.get() is not handle.get()
    assert "here" in loaded.get().config.models.providers
    await loaded.aclose()
    await handle.aclose()


async def test_a_handle_of_a_given_runtime_is_not_pickled():
    async with Runtime.from_config(CONFIG) as given:
        with pytest.raises(TypeError, match="give config"):
            pickle.dumps(RuntimeHandle(given))
