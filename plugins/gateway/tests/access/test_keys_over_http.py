"""Keys, limits and budgets as clients of each API see them."""

import contextlib

import pytest
from attrs import evolve
from gateway_server import serving

from modelwire_bedrock.emulator import Emulator
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import Limits
from modelwire_gateway.access.keys import Key, KeyText
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings

MODEL = "amazon-bedrock/us.amazon.nova-lite-v1:0"
PROFILE = "amazon-bedrock/arn:aws:bedrock:us-east-1:123456789012:application-inference-profile"
ASKED = [{"role": "user", "content": "Hello"}]
DOORS = {
    "/v1/chat/completions": {"messages": ASKED, "max_tokens": 50},
    "/v1/responses": {"input": "Hello", "max_output_tokens": 50},
    "/v1/messages": {"messages": ASKED, "max_tokens": 50},
}


@pytest.fixture
def emulator():
    with Emulator() as made:
        yield made


@pytest.fixture
def storage(tmp_path):
    return StorageSettings(database=str(tmp_path / "gateway.db"), database_timeout_seconds=60)


@contextlib.asynccontextmanager
async def as_holder_of(key, emulator, storage, tmp_path):
    """A gateway, and a client with a stored key."""
    async with open_database(storage) as engine:
        _, text = await Keys(engine).create(evolve(key, name="laptop"))
    async with (
        open_access(storage) as opened,
        serving(
            emulator, tmp_path, settings=Settings(storage=storage), access=opened.control
        ) as gateway,
    ):
        gateway.key = text.reveal()
        yield gateway, opened


def error_in(path, body):
    """The kind and the message of a failure, in the words of an API."""
    assert set(body) <= {"error", "type", "request_id"}
    assert body.get("type", "error") == "error"
    return (body["error"]["type"] if "messages" in path else body["error"]["code"]), body["error"][
        "message"
    ]


LIMITED = {
    "/v1/chat/completions": "rate_limit_exceeded",
    "/v1/responses": "rate_limit_exceeded",
    "/v1/messages": "rate_limit_error",
}
USED_UP = {
    **LIMITED,
    "/v1/chat/completions": "insufficient_quota",
    "/v1/responses": "insufficient_quota",
}


@pytest.mark.parametrize("path", DOORS)
async def test_a_stored_key_is_answered_and_its_usage_counted(path, emulator, storage, tmp_path):
    async with as_holder_of(Key("", "", ""), emulator, storage, tmp_path) as (gateway, opened):
        status, _, _ = await gateway.post(path, {"model": MODEL, **DOORS[path]})
        assert status == 200
        await gateway.record()
        assert await opened.usage.try_flush()
        (row,) = await opened.usage.rows(since="2000-01-01")
        assert (row.name, row.model, row.requests) == ("laptop", MODEL, 1)
        assert row.input > 0
        assert row.cost > 0


@pytest.mark.parametrize("path", DOORS)
async def test_a_wrong_key_is_401(path, emulator, storage, tmp_path):
    async with as_holder_of(Key("", "", ""), emulator, storage, tmp_path) as (gateway, _):
        gateway.key = KeyText.make().reveal()
        status, _, body = await gateway.post(path, {"model": MODEL, **DOORS[path]})
        assert status == 401
        kind, message = error_in(path, body)
        assert kind == ("authentication_error" if "messages" in path else "invalid_api_key")
        assert gateway.key not in message
        assert emulator.requests == []


@pytest.mark.parametrize("path", DOORS)
async def test_a_model_that_is_not_allowed_is_403_and_an_unknown_one_404(
    path, emulator, storage, tmp_path
):
    key = Key("", "", "", models=("fast", "nothing/*"))
    async with as_holder_of(key, emulator, storage, tmp_path) as (gateway, _):
        status, _, body = await gateway.post(path, {"model": MODEL, **DOORS[path]})
        assert status == 403
        assert MODEL in error_in(path, body)[1]
        status, _, _ = await gateway.post(path, {"model": "nothing/there", **DOORS[path]})
        assert status == 404
        assert [each for each in emulator.requests if each.model_id] == []


@pytest.mark.parametrize("path", DOORS)
async def test_a_used_up_limit_is_429_with_retry_after(path, emulator, storage, tmp_path):
    key = Key("", "", "", limits=Limits(requests_per_minute=1))
    async with as_holder_of(key, emulator, storage, tmp_path) as (gateway, _):
        await gateway.post(path, {"model": MODEL, **DOORS[path]})
        status, headers, body = await gateway.post(path, {"model": MODEL, **DOORS[path]})
        assert status == 429
        assert 1 <= int(headers["retry-after"]) <= 61
        kind, message = error_in(path, body)
        assert kind == LIMITED[path]
        assert "1 requests a minute" in message


@pytest.mark.parametrize("path", DOORS)
async def test_a_used_up_budget_is_429_with_retry_after(path, emulator, storage, tmp_path):
    key = Key("", "", "", limits=Limits(budget_day=0.000_000_001))
    async with as_holder_of(key, emulator, storage, tmp_path) as (gateway, _):
        status, _, _ = await gateway.post(path, {"model": MODEL, **DOORS[path]})
        assert status == 200
        await gateway.record()
        status, headers, body = await gateway.post(path, {"model": MODEL, **DOORS[path]})
        assert status == 429
        assert 1 <= int(headers["retry-after"]) <= 86_401
        assert error_in(path, body)[0] == USED_UP[path]


async def test_a_budget_holds_behind_a_profile_of_the_key_itself(emulator, storage, tmp_path):
    key = Key("", "", "", routes={MODEL: f"{PROFILE}/f6e5d4c3b2a1"}, limits=Limits(budget_day=1.0))
    async with as_holder_of(key, emulator, storage, tmp_path) as (gateway, opened):
        path = "/v1/chat/completions"
        status, _, body = await gateway.post(path, {"model": MODEL, **DOORS[path]})
        assert status == 200, body
        await gateway.record()
        (request,) = [each for each in emulator.requests if each.model_id]
        assert "f6e5d4c3b2a1" in request.path
        assert await opened.usage.try_flush()
        (row,) = await opened.usage.rows(since="2000-01-01")
        assert row.model == f"{PROFILE}/f6e5d4c3b2a1"
        assert row.cost > 0


async def test_an_application_of_ones_own_opens_the_stored_keys(emulator, storage, tmp_path):
    from gateway_server import running

    from modelwire.runtime import Runtime

    async with open_database(storage) as engine:
        _, text = await Keys(engine).create(Key("", "laptop", ""))
    async with (
        Runtime.from_config({}, environ={**emulator.environ(), "HOME": str(tmp_path)}) as runtime,
        running(runtime, Settings(storage=storage), access=None) as gateway,
    ):
        for key, expected in ((text.reveal(), 200), ("mw-other", 401)):
            gateway.key = key
            path = "/v1/chat/completions"
            status, _, _ = await gateway.post(path, {"model": MODEL, **DOORS[path]})
            assert status == expected
