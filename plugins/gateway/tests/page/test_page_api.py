"""The JSON behind the page: whose usage and requests a caller sees, and what is never in it."""

import asyncio
import contextlib
import json

import pytest
from gateway_server import KEY, MODEL, serving

from modelwire.config import Config
from modelwire_bedrock.emulator import Fault
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import OpenAccess
from modelwire_gateway.access.keys import Key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings

PATH = "/v1/chat/completions"
SECRET_QUESTION = "the question that is nobody's business"
QUESTION = {
    "model": MODEL,
    "messages": [{"role": "user", "content": SECRET_QUESTION}],
    "max_tokens": 50,
}
APIS = ["/ui/api/status", "/ui/api/models", "/ui/api/usage", "/ui/api/requests"]
SHOP = {
    "baseUrl": "http://127.0.0.1:9/v1",
    "api": "openai-completions",
    "apiKey": "none",
    "models": [
        {"id": "priced", "cost": {"input": 0.075, "output": 1.25}},
        {"id": "free", "cost": {"input": 0, "output": 0}},
        {"id": "half", "cost": {"input": 2}},
        {"id": "unknown"},
    ],
}
"""A provider with prices of every kind."""


@contextlib.asynccontextmanager
async def two_people(emulator, tmp_path):
    """A gateway, with the keys of two people beside the local one."""
    storage = StorageSettings(database=str(tmp_path / "gateway.db"))
    async with open_database(storage) as engine:
        ada, ada_key = await Keys(engine).create(Key(id="", name="ada", digest=""))
        _, bob_key = await Keys(engine).create(Key(id="", name="bob", digest=""))
    async with open_access(storage) as opened:
        opened.control.local = OpenAccess(KEY)
        async with serving(emulator, tmp_path, access=opened) as gateway:
            yield gateway, opened, ada.id, ada_key.reveal(), bob_key.reveal()


async def read(gateway, path, key=KEY):
    gateway.key = key
    status, headers, body = await gateway.get(path)
    assert headers["cache-control"] == "no-store"
    return status, body


async def ask(gateway, key, body=QUESTION):
    before = len(gateway.records)
    gateway.key = key
    assert (await gateway.post(PATH, body))[0] == 200
    async with asyncio.timeout(60):
        while len(gateway.records) == before:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", APIS)
async def test_a_key_is_needed_and_a_query_or_a_cookie_is_none(gateway, path):
    assert (await read(gateway, path))[0] == 200
    gateway.key = "mw-wrong"
    for place in (path, f"{path}?key={KEY}&api_key={KEY}"):
        status, headers, body = await gateway.get(place, cookie=f"key={KEY}")
        assert status == 401
        assert headers["cache-control"] == "no-store"
        assert body["error"]["code"] == "invalid_api_key"


async def test_a_caller_sees_its_own_requests_and_an_operator_all(emulator, tmp_path):
    async with two_people(emulator, tmp_path) as (gateway, _, ada, ada_key, bob_key):
        await ask(gateway, ada_key)
        await ask(gateway, bob_key)
        await ask(gateway, bob_key)
        _, hers = await read(gateway, "/ui/api/requests", ada_key)
        _, his = await read(gateway, "/ui/api/requests", bob_key)
        _, all_ = await read(gateway, "/ui/api/requests")
        assert [each["caller"] for each in hers["ended"]] == [ada]
        assert len(his["ended"]) == 2
        assert ada not in {each["caller"] for each in his["ended"]}
        assert all_["ended"] == his["ended"] + hers["ended"]
        record = gateway.records[0]
        assert hers["ended"][0] == {
            "id": record.request_id,
            "door": record.door,
            "caller": ada,
            "name": MODEL,
            "model": MODEL,
            "stream": False,
            "status": 200,
            "failure": None,
            "began": record.began,
            "first_byte": None,
            "seconds": record.seconds,
            "input_tokens": record.usage.total_tokens - record.usage.output,
            "output_tokens": record.usage.output,
            "cost": record.cost,
        }


async def test_models_have_the_prices_that_are_counted(emulator, tmp_path):
    settings = Settings.of(
        Config.from_document(
            {
                "models": {"providers": {"shop": SHOP}},
                "gateway": {
                    "groups": {"any": [{"model": "shop/priced"}, {"model": "shop/half"}]},
                },
                "plugins": {"entries": {"gateway": {"config": {"aliases": {"good": MODEL}}}}},
            }
        )
    )
    config = {"models": {"providers": {"shop": SHOP}}}
    async with serving(emulator, tmp_path, config=config, settings=settings) as gateway:
        _, body = await read(gateway, "/ui/api/models")
        prices = {each["id"]: each["prices"] for each in body["models"]}
        assert {name: found for name, found in prices.items() if name.startswith("shop/")} == {
            "shop/priced": {"input": 0.075, "output": 1.25},
            "shop/free": {"input": 0, "output": 0},
            "shop/half": {"input": 2, "output": None},
            "shop/unknown": None,
        }
        assert prices["any"] is None
        assert prices["good"] == prices[MODEL]
        await ask(gateway, KEY)
        used, cost = gateway.records[0].usage, gateway.records[0].cost
        assert cost * 1e6 == pytest.approx(
            used.input * prices[MODEL]["input"] + used.output * prices[MODEL]["output"]
        )


async def test_a_key_sees_the_models_that_it_may_call(emulator, tmp_path):
    storage = StorageSettings(database=str(tmp_path / "gateway.db"))
    async with open_database(storage) as engine:
        wanted = Key(id="", name="ada", digest="", models=(MODEL,))
        _, ada_key = await Keys(engine).create(wanted)
    async with (
        open_access(storage) as opened,
        serving(emulator, tmp_path, access=opened) as gateway,
    ):
        _, hers = await read(gateway, "/ui/api/models", ada_key.reveal())
        assert [each["id"] for each in hers["models"]] == [MODEL]


async def test_a_caller_sees_its_own_usage_and_an_operator_all(emulator, tmp_path):
    async with two_people(emulator, tmp_path) as (gateway, opened, ada, ada_key, bob_key):
        await ask(gateway, ada_key)
        await ask(gateway, bob_key)
        await opened.control.aclose()
        await opened.usage.flush()
        _, hers = await read(gateway, "/ui/api/usage?days=2", ada_key)
        _, all_ = await read(gateway, "/ui/api/usage?days=2")
        assert hers["kept"] is True
        assert [(row["caller"], row["name"], row["model"]) for row in hers["rows"]] == [
            (ada, "ada", MODEL)
        ]
        assert hers["since"] <= hers["rows"][0]["day"] <= hers["until"]
        assert hers["rows"][0]["cost"] == pytest.approx(gateway.records[0].cost)
        assert {row["name"] for row in all_["rows"]} == {"ada", "bob"}


async def test_open_requests_are_seen_by_their_caller_alone(emulator, tmp_path):
    emulator.answer(fault=Fault("stall"), times=None)
    async with two_people(emulator, tmp_path) as (gateway, _, ada, ada_key, bob_key):
        gateway.key = ada_key
        asking = asyncio.create_task(gateway.post(PATH, QUESTION))
        async with asyncio.timeout(60):
            while not (found := (await read(gateway, "/ui/api/requests", ada_key))[1]["open"]):
                await asyncio.sleep(0.02)
        assert [each["caller"] for each in found] == [ada]
        assert (await read(gateway, "/ui/api/requests", bob_key))[1]["open"] == []
        assert len((await read(gateway, "/ui/api/requests"))[1]["open"]) == 1
        asking.cancel()
        async with asyncio.timeout(60):
            while (found := (await read(gateway, "/ui/api/requests", ada_key))[1])["open"]:
                await asyncio.sleep(0.02)
        assert [each["failure"] for each in found["ended"]] == ["left"]


async def test_the_state_names_the_caller_and_details_are_for_an_operator(emulator, tmp_path):
    async with two_people(emulator, tmp_path) as (gateway, _, ada, ada_key, _):
        _, hers = await read(gateway, "/ui/api/status", ada_key)
        _, operators = await read(gateway, "/ui/api/status")
        assert (hers["caller"]["id"], hers["caller"]["operator"]) == (ada, False)
        assert (operators["caller"]["id"], operators["caller"]["operator"]) == ("local", True)
        assert hers["ready"] is operators["ready"] is True
        assert {"id": "amazon-bedrock", "state": "usable"} in hers["providers"]
        assert all(set(each) == {"id", "state"} for each in hers["providers"])
        bedrock = operators["providers"][0]
        assert (bedrock["id"], bedrock["state"]) == ("amazon-bedrock", "usable")
        assert bedrock["source"]


async def test_no_prompt_answer_or_secret_is_in_it(emulator, tmp_path):
    emulator.answer("an answer that is secret", times=None)
    async with two_people(emulator, tmp_path) as (gateway, opened, _, ada_key, _):
        await ask(gateway, ada_key)
        await opened.control.aclose()
        await opened.usage.flush()
        environ = emulator.environ()
        secrets = [value for name, value in environ.items() if "SECRET" in name or "KEY" in name]
        assert secrets
        for path in APIS:
            text = json.dumps(await read(gateway, path))
            for hidden in (SECRET_QUESTION, "an answer that is secret", KEY, ada_key, *secrets):
                assert hidden not in text


async def test_the_name_of_a_model_is_cut(gateway):
    gateway.key = KEY
    await gateway.post(PATH, {**QUESTION, "model": "x" * 2000})
    await gateway.record()
    _, found = await read(gateway, "/ui/api/requests")
    assert found["ended"][0]["name"] == "x" * 200 + "…"


async def test_the_last_hundred_of_a_thousand_requests_are_shown(gateway):
    for _ in range(120):
        await gateway.post(PATH, b"{")
    async with asyncio.timeout(60):
        while len(gateway.records) < 120:
            await asyncio.sleep(0.01)
    _, found = await read(gateway, "/ui/api/requests")
    newest = [each.request_id for each in reversed(gateway.records)]
    assert [each["id"] for each in found["ended"]] == newest[:100]


@pytest.mark.parametrize("days", ["0", "367", "-1", "1.5", "9" * 5000, "٣", "x", ""])
async def test_days_are_checked(gateway, days):
    status, body = await read(gateway, f"/ui/api/usage?days={days}")
    assert status == 400
    assert body["error"]["message"] == "days must be a whole number from 1 to 366."


async def test_without_a_storage_no_usage_is_kept(gateway):
    status, body = await read(gateway, "/ui/api/usage")
    assert (status, body["kept"], body["rows"]) == (200, False, [])


async def test_beyond_loopback_a_key_is_needed_as_well(emulator, tmp_path):
    settings = Settings(host="0.0.0.0", open_probes=True)
    async with serving(emulator, tmp_path, settings=settings) as gateway:
        for path in APIS:
            assert (await read(gateway, path, "mw-wrong"))[0] == 401


async def test_without_any_key_no_caller_is_an_operator(emulator, tmp_path):
    async with serving(emulator, tmp_path, access=OpenAccess(None)) as gateway:
        _, found = await read(gateway, "/ui/api/status", "")
        assert found["caller"]["operator"] is False
        assert all(set(each) == {"id", "state"} for each in found["providers"])
        await ask(gateway, "")
        assert len((await read(gateway, "/ui/api/requests", ""))[1]["ended"]) == 1
