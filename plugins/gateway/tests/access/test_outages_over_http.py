"""The loss of Valkey and of PostgreSQL, as clients of each API see it."""

import asyncio
import contextlib

import pytest
from attrs import evolve
from gateway_server import serving
from gateway_servers import PostgresServer, ValkeyServer

from modelwire_bedrock.emulator import Emulator
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import Limits
from modelwire_gateway.access.keys import Key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings

pytestmark = pytest.mark.extensive("it kills and starts PostgreSQL and Valkey again")

MODEL = "amazon-bedrock/us.amazon.nova-lite-v1:0"
ASKED = [{"role": "user", "content": "Hello"}]
DOORS = {
    "/v1/chat/completions": {"model": MODEL, "messages": ASKED},
    "/v1/responses": {"model": MODEL, "input": "Hello"},
    "/v1/messages": {"model": MODEL, "messages": ASKED, "max_tokens": 50},
    "/model/us.amazon.nova-lite-v1:0/converse": {
        "messages": [{"role": "user", "content": [{"text": "Hello"}]}]
    },
}
UNAVAILABLE = {
    "/v1/chat/completions": (503, lambda body: body["error"]["code"], "service_unavailable"),
    "/v1/responses": (503, lambda body: body["error"]["code"], "service_unavailable"),
    "/v1/messages": (529, lambda body: body["error"]["type"], "overloaded_error"),
    "/model/us.amazon.nova-lite-v1:0/converse": (
        503,
        lambda body: body["message"],
        "The limits of this key cannot be checked at the moment.",
    ),
}


@pytest.fixture
def emulator():
    with Emulator() as made:
        yield made


@contextlib.asynccontextmanager
async def with_keys(storage, emulator, home, *limits):
    """A gateway, and a key for each of some limits."""
    async with open_database(storage) as engine:
        texts = [
            (await Keys(engine).create(Key("", f"key {n}", "", limits=each)))[1].reveal()
            for n, each in enumerate(limits)
        ]
    async with (
        open_access(storage) as opened,
        serving(emulator, home, settings=Settings(storage=storage), access=opened) as gateway,
    ):
        yield gateway, texts


async def status_of(gateway, path):
    async with gateway.session.get(gateway.url + path, headers=gateway.headers()) as answer:
        return answer.status


async def test_closed_limits_are_503_in_the_words_of_each_api(emulator, tmp_path):
    valkey = ValkeyServer()
    valkey.start()
    try:
        storage = StorageSettings(
            database=str(tmp_path / "gateway.db"),
            counters=valkey.url,
            when_counters_fail="closed",
            database_timeout_seconds=60,
            counters_timeout_seconds=60,
        )
        limits = (Limits(requests_per_minute=100), Limits())
        async with with_keys(storage, emulator, tmp_path, *limits) as (gateway, (few, all_)):
            gateway.key = few
            for path, body in DOORS.items():
                assert (await gateway.post(path, body))[0] == 200
            valkey.kill()
            for path, body in DOORS.items():
                gateway.key = few
                status, headers, answer = await gateway.post(path, body)
                due, word, expected = UNAVAILABLE[path]
                assert (status, word(answer)) == (due, expected)
                assert int(headers["retry-after"]) >= 1
                gateway.key = all_
                assert (await gateway.post(path, body))[0] == 200
            assert await status_of(gateway, "/readyz") == 503
            assert await status_of(gateway, "/healthz") == 200
            valkey.start()
            async with asyncio.timeout(60):
                while await status_of(gateway, "/readyz") != 200:
                    await asyncio.sleep(0.1)
            gateway.key = few
            assert (await gateway.post(*next(iter(DOORS.items()))))[0] == 200
    finally:
        valkey.close()


async def test_without_postgres_known_keys_are_served_and_usage_is_503(emulator, tmp_path):
    postgres = PostgresServer()
    postgres.start()
    try:
        storage = StorageSettings(
            database=postgres.create_database("gateway"), database_timeout_seconds=60
        )
        limits = (Limits(), Limits(budget_day=1.0))
        async with with_keys(storage, emulator, tmp_path, *limits) as (gateway, (known, budget)):
            gateway.key = known
            assert await status_of(gateway, "/ui/api/usage") == 200
            postgres.kill()
            for path, body in DOORS.items():
                assert (await gateway.post(path, body))[0] == 200
            status, _, answer = await gateway.get("/ui/api/usage")
            assert (status, answer["error"]["code"]) == (503, "service_unavailable")
            assert await status_of(gateway, "/readyz") == 200
            # What this key has spent is not known.
            gateway.key = budget
            for path, body in DOORS.items():
                assert (await gateway.post(path, body))[0] == UNAVAILABLE[path][0]
            gateway.key = known + "x"
            assert await status_of(gateway, "/ui/api/usage") == 401
            postgres.start()
            gateway.key = budget
            async with asyncio.timeout(60):
                while (await gateway.post(*next(iter(DOORS.items()))))[0] != 200:
                    await asyncio.sleep(0.1)
    finally:
        postgres.close()


async def test_keys_that_are_stale_are_503_and_no_401(emulator, tmp_path):
    """So that clients do not believe that their key was revoked."""
    postgres = PostgresServer()
    postgres.start()
    try:
        storage = StorageSettings(
            database=postgres.create_database("gateway"), database_timeout_seconds=60
        )
        storage = evolve(storage, stale_keys_seconds=1)
        async with with_keys(storage, emulator, tmp_path, Limits()) as (gateway, (known,)):
            gateway.key = known
            postgres.kill()
            try:
                async with asyncio.timeout(60):
                    while await status_of(gateway, "/readyz") != 503:
                        await asyncio.sleep(0.1)
                for path, body in DOORS.items():
                    for key in (known, known + "x"):
                        gateway.key = key
                        status, _, _ = await gateway.post(path, body)
                        assert status == UNAVAILABLE[path][0]
            finally:
                postgres.start()
    finally:
        postgres.close()
