"""Tasks that are cancelled, or not waited for, leave no connection of SQLite open."""

import asyncio
import gc
import itertools
import threading

import pytest
from leaks import reached
from sqlalchemy import text
from suspension import StruckTask

from modelwire_gateway.access.opened import open_access
from modelwire_gateway.storage.engine import database_url, make_engine
from modelwire_gateway.storage.settings import StorageSettings


def connections():
    """The threads of connections that are open; each has one."""
    return [
        thread for thread in threading.enumerate() if "_connection_worker_thread" in thread.name
    ]


async def use(engine):
    async with engine.connect() as first, engine.connect() as second:
        await first.execute(text("select 1"))
        await second.execute(text("select 1"))


# aiosqlite leaves to its finalizer what its thread opened for a cancelled task; Python 3.13 warns then.
@pytest.mark.filterwarnings("ignore:unclosed database in <sqlite3.Connection:ResourceWarning")
async def test_a_connection_is_closed_wherever_its_task_is_cancelled(tmp_path):
    url = database_url(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
    for number in itertools.count(1):
        engine = make_engine(url)
        struck = StruckTask(use(engine), number)
        await asyncio.wait({struck.task})
        await engine.dispose()
        assert await reached(lambda: not connections()), number
        if not struck.happened:
            break
        assert struck.task.cancelled(), number
        # A connection that is deleted open warns, and a warning is an error.
        gc.collect()
    assert number > 5


async def test_keys_that_are_read_while_the_gateway_stops_hold_no_connection(tmp_path):
    storage = StorageSettings(database=str(tmp_path / "gateway.db"))
    for turns in range(20):
        async with open_access(storage) as opened:
            reading = asyncio.create_task(opened.keys.refresh())
            for _ in range(turns):
                await asyncio.sleep(0)
        assert await reached(lambda: not connections(), seconds=5), turns
        await reading
