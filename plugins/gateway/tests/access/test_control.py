"""Access by stored keys: who is let in, which models, and how much of them."""

import asyncio
import contextlib
import logging

import pytest
from attrs import evolve

from modelwire.config import Config
from modelwire.errors import ConfigError
from modelwire.messages import Usage
from modelwire.models import Model, Prices
from modelwire_gateway.access.caller import Caller, Estimate, Limits, OpenAccess, RequestRefused
from modelwire_gateway.access.keys import Key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.settings import Settings
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings
from modelwire_gateway.storage.usage import UsageLog

MODEL = Model("amazon-bedrock", "us.amazon.nova-lite-v1:0", prices=Prices(1.0, 10.0))
UNPRICED = Model("openai", "gpt-99")
LOCAL = Model("local", "small", local=True)
SMALL = Estimate(100, 100)


@pytest.fixture
def storage(url):
    return StorageSettings(
        database=url.render_as_string(hide_password=False), database_timeout_seconds=60
    )


@pytest.fixture
async def opened(storage):
    async with open_access(storage) as made:
        yield made


def caller(**limits):
    return Caller("id-ada", "laptop", "ada", limits=Limits(**limits))


async def refusal_of(opened, asking, model=MODEL, estimate=SMALL, name="nova"):
    with pytest.raises(RequestRefused) as refused:
        await opened.control.admit(asking, model, estimate, name=name)
    return refused.value


async def admit(opened, asking, model=MODEL, estimate=SMALL, name="nova"):
    return await opened.control.admit(asking, model, estimate, name=name)


@pytest.mark.parametrize("header", ["authorization", "x-api-key"])
async def test_a_caller_is_known_by_the_key_in_either_header(storage, opened, header):
    async with open_database(storage) as engine:
        key = Key("", "laptop", "", "ada", models=("fast",), labels={"team": "x"})
        _, text = await Keys(engine).create(key)
    await asyncio.sleep(0.25)
    value = text.reveal() if header == "x-api-key" else f"Bearer {text.reveal()}"
    found = await opened.control.authenticate({header: value})
    assert found == Caller(text.id, "laptop", "ada", models=("fast",), labels={"team": "x"})


@pytest.mark.parametrize(
    "headers", [{}, {"authorization": "Basic x"}, {"x-api-key": ""}, {"x-api-key": "mw-wrong"}]
)
async def test_without_a_good_key_no_caller_is_admitted(opened, headers):
    with pytest.raises(RequestRefused) as refused:
        await opened.control.authenticate(headers)
    assert (refused.value.status, refused.value.code) == (401, "unauthorized")


async def test_the_key_of_the_process_itself_is_good_beside_stored_ones(storage):
    async with open_access(storage) as opened:
        opened.control.local = OpenAccess("mw-own")
        found = await opened.control.authenticate({"x-api-key": "mw-own"})
        assert found.id == "local"
        with pytest.raises(RequestRefused):
            await opened.control.authenticate({"x-api-key": "mw-other"})


@pytest.mark.parametrize(
    ("allowed", "good"),
    [
        ((), True),
        (("nova",), True),
        (("amazon-bedrock/us.amazon.nova-lite-v1:0",), True),
        (("amazon-bedrock/*",), True),
        (("openai/*", "no*"), True),
        (("openai/*",), False),
        (("Nova",), False),
        (("amazon-bedrock",), False),
    ],
)
async def test_models_are_allowed_by_name_reference_or_pattern(opened, allowed, good):
    asking = Caller("id", "laptop", models=allowed)
    assert opened.control.may_call(asking, "nova", str(MODEL.ref)) is good
    if good:
        await (await admit(opened, asking)).settle(None, None)
    else:
        refused = await refusal_of(opened, asking)
        assert (refused.status, refused.code) == (403, "model_not_allowed")


@pytest.mark.parametrize(
    ("limits", "code", "words"),
    [
        ({"requests_per_minute": 1}, "rate_limited", "1 requests a minute"),
        ({"tokens_per_minute": 200}, "rate_limited", "200 tokens a minute"),
        ({"concurrency": 1}, "rate_limited", "1 requests at a time"),
        ({"budget_day": 0.001}, "budget_used_up", "0.001 USD a day (UTC)"),
        ({"budget_month": 0.001}, "budget_used_up", "0.001 USD a month (UTC)"),
    ],
)
async def test_a_used_up_limit_is_429_and_says_when_to_come_back(opened, limits, code, words):
    asking = caller(**limits)
    admitted = await admit(opened, asking)
    refused = await refusal_of(opened, asking)
    assert (refused.status, refused.code) == (429, code)
    assert words in refused.message
    assert 0 < refused.retry_after <= 31 * 86_400
    await admitted.settle(Usage(input=100, output=100), 0.001)
    still = {"concurrency"} != set(limits)
    if still:
        assert (await refusal_of(opened, asking)).code == code
    else:
        await (await admit(opened, asking)).settle(None, None)


async def test_a_request_that_failed_costs_nothing(opened):
    asking = caller(budget_day=0.001, tokens_per_minute=200)
    for _ in range(5):
        await (await admit(opened, asking)).settle(None, None)
    assert await opened.usage.rows(since="2000-01-01") == []


async def test_a_request_larger_than_the_limit_has_the_minute_for_itself(opened):
    asking = caller(tokens_per_minute=50)
    admitted = await admit(opened, asking)
    assert (await refusal_of(opened, asking, estimate=Estimate(0, 1))).code == "rate_limited"
    await admitted.settle(Usage(input=10, output=10), 0.0)
    await (await admit(opened, asking, estimate=Estimate(10, 20))).settle(None, None)


async def test_tokens_read_from_a_cache_do_not_count_a_minute(opened):
    asking = caller(tokens_per_minute=300)
    admitted = await admit(opened, asking)
    await admitted.settle(Usage(input=10, cache_read=100_000, output=90), 0.0)
    await (await admit(opened, asking)).settle(None, None)


async def test_what_was_spent_before_the_gateway_started_counts(storage):
    async with open_database(storage) as engine:
        log = UsageLog(engine)
        log.record(caller(), "x/y", Usage(), 2.0)
        await log.flush()
    async with open_access(storage) as opened:
        refused = await refusal_of(opened, caller(budget_day=2.0))
        assert refused.code == "budget_used_up"
        await (await admit(opened, caller(budget_day=2.1))).settle(None, None)


async def test_a_request_that_is_settled_is_in_the_database_after_the_end(storage):
    async with open_access(storage) as opened:
        admitted = await admit(opened, caller())
        await admitted.settle(Usage(input=7), 0.5)
    async with open_database(storage) as engine:
        (row,) = await UsageLog(engine).rows(since="2000-01-01")
    assert (row.model, row.input, row.cost) == (str(MODEL.ref), 7, 0.5)


@pytest.mark.parametrize(
    ("limits", "model", "good"),
    [
        ({"budget_day": 1.0}, UNPRICED, False),
        ({"budget_month": 1.0}, evolve(UNPRICED, prices=Prices(1.0)), False),
        ({"budget_day": 1.0, "unpriced": True}, UNPRICED, True),
        ({"requests_per_minute": 5}, UNPRICED, True),
        ({"budget_day": 1.0}, LOCAL, True),
        ({"budget_day": 1.0}, MODEL, True),
    ],
)
async def test_a_model_without_a_price_needs_permission_under_a_budget(opened, limits, model, good):
    if good:
        await (await admit(opened, caller(**limits), model)).settle(Usage(input=1), None)
    else:
        refused = await refusal_of(opened, caller(**limits), model)
        assert (refused.status, refused.code) == (403, "price_unknown")


async def test_the_labels_of_a_key_go_with_its_requests(opened):
    asking = evolve(caller(), labels={"team": "engines"})
    admitted = await admit(opened, asking)
    assert admitted.metadata == {"team": "engines"}
    await admitted.settle(None, None)


async def test_labels_of_the_settings_name_the_caller(storage):
    labels = {"gateway-key": "{id}", "who": "{name} of {owner}", "owner": "{owner}"}
    async with open_access(storage, labels=labels) as opened:
        admitted = await admit(opened, evolve(caller(), owner=None, labels={"who": "ada"}))
        assert admitted.metadata == {"gateway-key": "id-ada", "who": "ada"}
        await admitted.settle(None, None)


@pytest.mark.parametrize("text", ["{", "{secret}", "{0}", "{id.__class__.x}"])
def test_labels_of_the_settings_hold_nothing_else_of_the_caller(text):
    given = {"plugins": {"entries": {"gateway": {"config": {"labels": {"x": text}}}}}}
    with pytest.raises(ConfigError, match="labels"):
        Settings.of(Config.from_document(given, environ={}))


async def test_200_clients_get_as_many_requests_as_the_limit_says(opened):
    asking = caller(requests_per_minute=61, budget_day=100.0)

    async def ask():
        try:
            admitted = await admit(opened, asking)
        except RequestRefused:
            return 0
        await asyncio.sleep(0)
        await admitted.settle(Usage(input=1), 0.001)
        return 1

    assert sum(await asyncio.gather(*(ask() for _ in range(200)))) == 61
    assert (await opened.usage.spending("id-ada")).day == 61_000_000


async def test_a_client_that_leaves_while_it_is_settled_is_counted(storage, counting_url):
    # A caller of this test's own: the counters are shared with other tests.
    asking = evolve(caller(concurrency=1), id="id-leaving")
    async with open_access(evolve(storage, counters=counting_url)) as opened:
        admitted = await admit(opened, asking)
        settling = asyncio.create_task(admitted.settle(Usage(input=1), 0.5))
        await asyncio.sleep(0)
        settling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await settling
        await opened.control.aclose()
        await (await admit(opened, asking)).settle(None, None)
        assert (await opened.usage.spending("id-leaving")).day == 500_000_000


async def test_settling_in_memory_waits_for_nothing_that_a_client_could_interrupt(opened):
    asking = caller(concurrency=1)
    admitted = await admit(opened, asking)
    with pytest.raises(StopIteration):
        admitted.settle(Usage(input=1), 0.5).send(None)
    await (await admit(opened, asking)).settle(None, None)
    assert (await opened.usage.spending("id-ada")).day == 500_000_000


async def test_no_secret_is_logged(storage, opened, caplog):
    caplog.set_level(logging.DEBUG)
    async with open_database(storage) as engine:
        _, text = await Keys(engine).create(Key("", "laptop", ""))
    for value in (text.reveal(), text.reveal() + "x"):
        with contextlib.suppress(RequestRefused):
            await opened.control.authenticate({"x-api-key": value})
    assert text.secret not in caplog.text
    assert text.secret not in repr(text)
