"""Replicas that share limits and keys, and the loss of one of them, of Valkey and of PostgreSQL."""

import asyncio
import contextlib
import sys

import pytest
from attrs import evolve
from gateway_servers import PostgresServer, ValkeyServer

from modelwire.messages import Usage
from modelwire.models import Model, Prices
from modelwire_gateway.access.caller import Caller, Estimate, Limits, RequestRefused
from modelwire_gateway.access.keys import Key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings

pytestmark = pytest.mark.extensive("it kills and starts PostgreSQL and Valkey again")

MODEL = Model("amazon-bedrock", "nova", prices=Prices(1.0, 10.0))
ESTIMATE = Estimate(100, 100)
PATIENCE = 60


@pytest.fixture
def valkey():
    """A Valkey that a test may kill."""
    server = ValkeyServer()
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def mortal_postgres():
    """A PostgreSQL that a test may kill, if it starts it again."""
    server = PostgresServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def storage(valkey, mortal_postgres, request):
    name = f"db_{abs(hash(request.node.name))}"
    return StorageSettings(
        database=mortal_postgres.create_database(name),
        counters=valkey.url,
        database_timeout_seconds=60,
        counters_timeout_seconds=60,
    )


@contextlib.asynccontextmanager
async def two_replicas(storage):
    async with open_access(storage) as first, open_access(storage) as second:
        yield first, second


def caller(**limits):
    return Caller("id-ada", "laptop", "ada", limits=Limits(**limits))


async def admitted(opened, asking):
    """The admission of a request, or why it was refused."""
    try:
        return await opened.control.admit(asking, MODEL, ESTIMATE, name="nova")
    except RequestRefused as refused:
        return refused


async def let_in(replicas, asking, times):
    answers = await asyncio.gather(
        *(admitted(replicas[n % len(replicas)], asking) for n in range(times))
    )
    return [answer for answer in answers if not isinstance(answer, RequestRefused)]


async def until(condition):
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.1)


async def test_200_clients_of_two_replicas_get_what_the_limit_says(storage):
    async with two_replicas(storage) as replicas:
        asking = caller(requests_per_minute=61, budget_month=100.0)
        got = await let_in(replicas, asking, 200)
        assert len(got) == 61
        await asyncio.gather(*(one.settle(Usage(input=1), 0.001) for one in got))
        assert await replicas[0].usage.try_flush()
        assert await replicas[1].usage.try_flush()
        assert (await replicas[0].usage.spending("id-ada")).month == 61_000_000


async def test_a_key_that_one_replica_revokes_is_refused_by_the_other(storage):
    async with two_replicas(storage) as (_, other), open_database(storage) as engine:
        _, text = await Keys(engine).create(Key("", "laptop", ""))
        headers = {"x-api-key": text.reveal()}
        await asyncio.sleep(0.25)
        await other.control.authenticate(headers)
        await Keys(engine).revoke(text.id)
        with pytest.raises(RequestRefused):
            async with asyncio.timeout(60):
                while True:
                    await other.control.authenticate(headers)
                    await asyncio.sleep(0.05)


async def test_without_valkey_each_replica_counts_by_itself(storage, valkey):
    async with two_replicas(storage) as replicas:
        asking = caller(requests_per_minute=10)
        assert len(await let_in(replicas, asking, 40)) == 10
        valkey.kill()
        assert len(await let_in(replicas, asking, 40)) == 20
        assert all(one.ready for one in replicas)


async def test_closed_limits_refuse_while_valkey_is_away(storage, valkey):
    async with open_access(evolve(storage, when_counters_fail="closed")) as opened:
        running = await admitted(opened, caller(concurrency=5))
        valkey.kill()
        refused = await admitted(opened, caller(concurrency=5))
        assert (refused.status, refused.code) == (503, "unavailable")
        assert refused.retry_after is not None
        assert not opened.ready
        await running.settle(Usage(input=1), 0.5)
        # A caller without limits needs no counters.
        await (await admitted(opened, caller())).settle(None, None)
        valkey.start()

        async def back():
            return not isinstance(await admitted(opened, caller(concurrency=500)), RequestRefused)

        await until(back)
        assert opened.ready


async def test_after_an_outage_of_valkey_budgets_are_what_the_database_says(storage, valkey):
    async with two_replicas(storage) as replicas:
        asking = caller(budget_day=1.0)
        before = await admitted(replicas[0], asking)
        await before.settle(Usage(input=1), 0.25)
        running = await admitted(replicas[0], asking)
        valkey.kill()
        meanwhile = await admitted(replicas[0], asking)
        await meanwhile.settle(Usage(input=1), 0.25)
        await running.settle(Usage(input=1), 0.25)
        valkey.start()
        await until(lambda: _shared(replicas[0]))
        left = await admitted(replicas[0], asking)
        await left.settle(Usage(input=1), 0.25)
        await until(lambda: _shared(replicas[1]))
        refused = await admitted(replicas[1], asking)
        assert refused.code == "budget_used_up"


async def _shared(opened):
    return not opened.counters.down


async def test_a_valkey_that_lost_everything_knows_the_budgets_again(storage, valkey):
    async with open_access(storage) as opened:
        asking = caller(budget_day=1.0)
        await (await admitted(opened, asking)).settle(Usage(input=1), 1.0)
        assert (await admitted(opened, asking)).code == "budget_used_up"
        valkey.kill()
        valkey.start()
        assert (await admitted(opened, asking)).code == "budget_used_up"
        await until(lambda: _shared(opened))
        assert (await admitted(opened, asking)).code == "budget_used_up"


async def test_without_postgres_keys_and_limits_hold_and_usage_waits(storage, mortal_postgres):
    async with open_database(storage) as engine:
        _, text = await Keys(engine).create(Key("", "laptop", ""))
    async with open_access(storage) as opened:
        asking = caller(budget_day=1.0, requests_per_minute=5)
        await (await admitted(opened, asking)).settle(Usage(input=1), 0.25)
        mortal_postgres.kill()
        try:
            assert (await opened.control.authenticate({"x-api-key": text.reveal()})).id == text.id
            with pytest.raises(RequestRefused):
                await opened.control.authenticate({"x-api-key": text.reveal() + "x"})
            await (await admitted(opened, asking)).settle(Usage(input=2), 0.25)
            # What this caller has spent cannot be known.
            unknown = Caller("id-bob", "ci", limits=Limits(budget_day=1.0))
            refused = await admitted(opened, unknown)
            assert (refused.status, refused.code) == (503, "unavailable")
            assert not await opened.usage.try_flush()
        finally:
            mortal_postgres.start()
        await until(opened.usage.try_flush)
        (row,) = await opened.usage.rows(since="2000-01-01")
        assert (row.requests, row.input, row.cost) == (2, 3, 0.5)
        await (await admitted(opened, unknown)).settle(None, None)


REPLICA = """
import asyncio, sys
from modelwire.models import Model, Prices
from modelwire_gateway.access.caller import Caller, Estimate, Limits
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.settings import StorageSettings

async def main():
    storage = StorageSettings(database=sys.argv[1], counters=sys.argv[2])
    async with open_access(storage) as opened:
        asking = Caller("id-ada", "laptop", limits=Limits(concurrency=2, budget_day=1.0))
        model = Model("amazon-bedrock", "nova", prices=Prices(1.0, 10.0))
        for _ in range(2):
            await opened.control.admit(asking, model, Estimate(100, 100), name="nova")
        print("running", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_what_a_killed_replica_was_running_is_given_free(storage, monkeypatch):
    program = REPLICA.replace(
        "asyncio.run(main())",
        "import modelwire_gateway.storage.valkey_counters as counters\n"
        "counters.LEASE_SECONDS = 2\nasyncio.run(main())",
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, storage.database, storage.counters,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with open_access(storage) as other:
            assert await process.stdout.readline() == b"running\n"
            asking = caller(concurrency=2, budget_day=1.0)
            refused = await admitted(other, asking)
            assert refused.message.count("2 requests at a time")
            process.kill()
            await process.wait()

            async def free():
                found = await admitted(other, asking)
                return not isinstance(found, RequestRefused)

            await until(free)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        process._transport.close()
