"""Two gateways behind one load balancer: shared keys and limits, over HTTP, with 200 clients."""

import asyncio
import contextlib
from collections import Counter

import pytest
from gateway_server import serving

from modelwire_bedrock.emulator import Emulator
from modelwire_gateway import Settings
from modelwire_gateway.access.caller import Limits
from modelwire_gateway.access.keys import Key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings

CLIENTS = 200
LIMIT = 61
BODY = {
    "model": "amazon-bedrock/us.amazon.nova-lite-v1:0",
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": 50,
}


@pytest.fixture
def storage(postgres_url, counting_url):
    return StorageSettings(
        database=postgres_url.render_as_string(hide_password=False),
        counters=counting_url,
        database_timeout_seconds=60,
        counters_timeout_seconds=60,
    )


@contextlib.asynccontextmanager
async def gateways(storage, tmp_path, emulator):
    settings = Settings(storage=storage)
    async with (
        open_access(storage) as first,
        open_access(storage) as second,
        serving(emulator, tmp_path / "1", settings=settings, access=first) as one,
        serving(emulator, tmp_path / "2", settings=settings, access=second) as other,
    ):
        yield (one, other), (first, second)


@pytest.mark.timeout(300)
async def test_200_clients_of_two_gateways_get_as_many_answers_as_the_limit_says(storage, tmp_path):
    async with open_database(storage) as engine:
        limits = Limits(requests_per_minute=LIMIT, budget_month=100.0)
        key, text = await Keys(engine).create(Key("", "team", "", limits=limits))
    with Emulator() as emulator:
        async with gateways(storage, tmp_path, emulator) as (both, opened):
            for gateway in both:
                gateway.key = text.reveal()
            answers = await asyncio.gather(
                *(both[n % 2].post("/v1/chat/completions", BODY) for n in range(CLIENTS))
            )
            statuses = Counter(status for status, _, _ in answers)
            assert statuses == {200: LIMIT, 429: CLIENTS - LIMIT}
            assert len([each for each in emulator.requests if each.model_id]) == LIMIT
            for _, headers, body in (each for each in answers if each[0] == 429):
                assert 1 <= int(headers["retry-after"]) <= 61
                assert body["error"]["code"] == "rate_limit_exceeded"
            for each in opened:
                await each.control.aclose()
                assert await each.usage.try_flush()
            rows = await opened[0].usage.rows(since="2000-01-01")
            assert sum(row.requests for row in rows) == LIMIT
            spent = await opened[1].usage.spending(key.id)
            cost = sum(record.cost or 0 for gateway in both for record in gateway.records)
            assert spent.month == pytest.approx(cost * 1e9, abs=LIMIT)
