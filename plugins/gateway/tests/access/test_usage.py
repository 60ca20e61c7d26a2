"""Usage in SQLite and PostgreSQL: counted once, kept while the database is away, and added up."""

import asyncio
import time

import pytest
from sqlalchemy import text

from modelwire.messages import Usage
from modelwire_gateway.access.caller import Caller
from modelwire_gateway.access.periods import Period
from modelwire_gateway.storage.usage import UsageLog

ADA = Caller("id-ada", "laptop", "ada")
BOB = Caller("id-bob", "ci", None)
NOON = 1_796_040_000.0  # 2026-11-30 12:00 UTC


def clock(at=NOON):
    return lambda: at


async def test_usage_is_added_up_by_caller_day_and_model(engine):
    log = UsageLog(engine, clock=clock())
    used = Usage(input=10, output=5, cache_read=3, cache_write=2)
    log.record(ADA, "openai/gpt-5", used, 0.25)
    log.record(ADA, "openai/gpt-5", used, 0.5)
    await log.flush()
    log.record(ADA, "openai/gpt-5", used, None)
    log.record(ADA, "local/small", used, 0.0)
    log.record(BOB, "openai/gpt-5", used, 1.0)
    await log.flush()
    rows = {(row.caller, row.model): row for row in await log.rows(since="2026-11-01")}
    assert set(rows) == {
        ("id-ada", "openai/gpt-5"), ("id-ada", "local/small"), ("id-bob", "openai/gpt-5"),
    }  # fmt: skip
    row = rows["id-ada", "openai/gpt-5"]
    assert (row.day, row.name, row.owner) == ("2026-11-30", "laptop", "ada")
    assert (row.requests, row.unpriced, row.cost) == (3, 1, 0.75)
    assert (row.input, row.output, row.cache_read, row.cache_write) == (30, 15, 9, 6)
    assert [row.caller for row in await log.rows(since="2026-11-01", caller="id-bob")] == ["id-bob"]
    assert await log.rows(since="2026-12-01") == []


async def test_spending_counts_the_day_and_the_month_and_what_is_not_written(engine):
    for at, cost in ((NOON - 31 * 86_400, 8), (NOON - 86_400, 4), (NOON, 2)):
        log = UsageLog(engine, clock=clock(at))
        log.record(ADA, "openai/gpt-5", Usage(), cost)
        log.record(BOB, "openai/gpt-5", Usage(), 64)
        await log.flush()
    log.record(ADA, "local/small", Usage(), 1)
    spent = await log.spending("id-ada")
    assert spent.period == Period("2026-11-30", "2026-11")
    assert (spent.day, spent.month) == (3_000_000_000, 7_000_000_000)


async def test_costs_far_below_a_cent_are_not_lost(engine):
    log = UsageLog(engine, clock=clock())
    for _ in range(1000):
        log.record(ADA, "openai/gpt-5", Usage(input=1), 0.000_000_05)
    assert (await log.spending("id-ada")).day == 50_000


async def test_two_processes_add_to_the_same_rows(engine):
    logs = [UsageLog(engine, clock=clock()) for _ in range(4)]

    async def use(log):
        for _ in range(10):
            log.record(ADA, "openai/gpt-5", Usage(input=1), 0.5)
            log.record(BOB, "openai/gpt-5", Usage(input=1), 0.5)
            await log.flush()

    await asyncio.gather(*(use(log) for log in logs))
    rows = await logs[0].rows(since="2026-11-01")
    assert [(row.requests, row.input, row.cost) for row in rows] == [(40, 40, 20.0)] * 2


async def test_a_batch_of_which_the_commit_got_no_answer_is_counted_once(engine, monkeypatch):
    log = UsageLog(engine, clock=clock())
    log.record(ADA, "openai/gpt-5", Usage(input=7), 1.0)
    write = log._write

    async def committed_without_an_answer(connection):
        await write(connection)
        await connection.commit()
        raise ConnectionResetError

    monkeypatch.setattr(log, "_write", committed_without_an_answer)
    assert not await log.try_flush()
    monkeypatch.setattr(log, "_write", write)
    log.record(ADA, "openai/gpt-5", Usage(input=1), 1.0)
    await log.flush()
    await log.flush()
    (row,) = await log.rows(since="2026-11-01")
    assert (row.requests, row.input, row.cost) == (2, 8, 2.0)


async def test_usage_waits_for_a_database_that_fails(engine):
    log = UsageLog(engine, clock=clock())
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE gateway_usage RENAME TO elsewhere"))
    log.record(ADA, "openai/gpt-5", Usage(input=7), 1.0)
    assert not await log.try_flush()
    log.record(ADA, "openai/gpt-5", Usage(input=1), 1.0)
    with pytest.raises(Exception, match="gateway_usage"):
        await log.spending("id-ada")
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO gateway_usage"))
    assert (await log.spending("id-ada")).day == 2_000_000_000


async def test_no_name_holds_up_the_others(engine):
    log = UsageLog(engine, clock=clock())
    odd = Caller("x" * 2000, "n\0" * 500, "o\ud800" * 500)
    log.record(odd, "m\0\ud800" * 900, Usage(input=1), 1.0)
    log.record(ADA, "openai/gpt-5", Usage(input=1), 1.0)
    await log.flush()
    assert len(await log.rows(since="2026-11-01")) == 2
    assert (await log.spending("x" * 2000)).day == 1_000_000_000


async def test_it_is_written_about_every_second(engine):
    log = UsageLog(engine)
    task = asyncio.create_task(log.keep_writing())
    log.record(ADA, "openai/gpt-5", Usage(input=1), 1.0)
    today = Period.at(time.time() - 86_400).day
    async with asyncio.timeout(30):
        while not await log.rows(since=today):
            await asyncio.sleep(0.1)
    task.cancel()


@pytest.mark.parametrize(
    ("at", "day", "left_of_day", "left_of_month"),
    [
        (NOON, "2026-11-30", 43_200, 43_200),
        (NOON + 43_200, "2026-12-01", 86_400, 31 * 86_400),
        (NOON + 43_199.5, "2026-11-30", 0.5, 0.5),
    ],
)
def test_days_and_months_begin_at_midnight_of_utc(at, day, left_of_day, left_of_month):
    period = Period.at(at)
    assert (period.day, period.month) == (day, day[:7])
    assert period.seconds_of_day_left(at) == left_of_day
    assert period.seconds_of_month_left(at) == left_of_month
