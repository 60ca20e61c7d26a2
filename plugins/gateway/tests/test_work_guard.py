"""What a request takes in the gateway, counted in what is the same on every machine.

Times are for `make bench`; this notices when somebody adds work to each request or each event. A limit
is what was counted when it was written, and a little more.
"""

import contextlib
import sys
import time
from collections import Counter

import pytest
from attrs import evolve
from burst_reader import MODEL, answering, runtime_for
from garbage import saved_garbage
from gateway_server import running
from sqlalchemy import Engine, event

from modelwire_gateway.access.caller import Limits
from modelwire_gateway.access.keys import Key
from modelwire_gateway.access.opened import open_access
from modelwire_gateway.connection import Connection
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.settings import StorageSettings

FEW, MANY = 20, 220
REQUESTS = 50
ROUNDS, TOGETHER = 10, 5
PLENTY = 1_000_000
LIMITS = Limits(PLENTY, PLENTY, PLENTY, budget_month=PLENTY, unpriced=True)
SAID = [{"role": "user", "content": "Hello"}]
BODIES = {
    "/v1/chat/completions": {"model": MODEL, "messages": SAID},
    "/v1/messages": {"model": MODEL, "messages": SAID, "max_tokens": 100},
    "/v1/responses": {"model": MODEL, "input": "Hello"},
}
PARTS = ("modelwire_gateway", "dialects", "starlette", "uvicorn")
PER_EVENT = 2.5
"""The most calls of the functions of the gateway and its server for each piece of a stream."""
OTHERS = {"ClientRequest.write_bytes", "RequestResponseCycle.run_asgi"}
"""Tasks of aiohttp, which asks here as client too, and of uvicorn."""
UPSERTS = 2
"""Statements that record a batch of usage, of one caller with one model."""


@contextlib.asynccontextmanager
async def gateway_of(events, folder):
    """A gateway with a stored key that has limits, in front of a server with so many pieces."""
    storage = StorageSettings(database=str(folder / f"{events}.db"))
    async with open_database(storage) as engine:
        _, text = await Keys(engine).create(Key("", "laptop", "", limits=LIMITS))
    with answering(events) as url:
        async with (
            runtime_for(url, folder) as runtime,
            open_access(storage) as opened,
            running(runtime, access=opened) as gateway,
        ):
            yield evolve(gateway, key=text.reveal()), opened


async def ask(gateway, path, *, stream=False):
    body = {**BODIES[path], "stream": stream}
    async with gateway.session.post(
        gateway.url + path, json=body, headers=gateway.headers()
    ) as answer:
        text = await answer.text()
    assert answer.status == 200, text
    return text


async def counted(gateway, path, *, stream):
    """What some requests take."""
    with Own() as own:
        for _ in range(TOGETHER):
            await ask(gateway, path, stream=stream)
    return own


class Own:
    """Counts the calls of functions of the gateway and its server, their tasks, and what they send."""

    def __enter__(self):
        self.calls = Counter()
        self.tasks = Counter()
        self.sends = 0
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _note(self, frame, kind, called):
        if kind == "c_call" and getattr(called, "__qualname__", "") == "socket.send":
            self.sends += type(frame.f_locals["self"].get_protocol()) is Connection
        if kind != "call":
            return
        code = frame.f_code
        if any(part in code.co_filename for part in PARTS):
            self.calls[code.co_qualname] += 1
        elif code.co_qualname == "BaseEventLoop.create_task":
            self.tasks[frame.f_locals["coro"].__qualname__] += 1


@pytest.mark.parametrize("path", BODIES)
async def test_a_piece_of_a_stream_costs_few_function_calls(tmp_path, path):
    found = []
    for events in (FEW, MANY):
        async with gateway_of(events, tmp_path) as (gateway, _):
            await ask(gateway, path, stream=True)
            with Own() as own:
                await ask(gateway, path, stream=True)
            found.append(own.calls)
    few, many = found
    per_event = (many.total() - few.total()) / (MANY - FEW)
    spent = ", ".join(f"{name} {times / MANY:.1f}" for name, times in many.most_common(12))
    assert per_event < PER_EVENT, f"{per_event:.1f} calls per event: {spent}"


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize(("stream", "most"), [(False, 208), (True, 289)])
async def test_a_request_takes_few_calls_no_task_and_one_write(tmp_path, path, stream, most):
    async with gateway_of(FEW, tmp_path) as (gateway, _):
        await ask(gateway, path, stream=stream)
        rounds = [await counted(gateway, path, stream=stream) for _ in range(ROUNDS)]
    # The upkeep of every second and what arrives in parts on a busy machine are not in all rounds.
    own = min(rounds, key=lambda each: each.calls.total())
    calls = own.calls.total() / TOGETHER
    spent = ", ".join(f"{name} {times / TOGETHER:.1f}" for name, times in own.calls.most_common(20))
    assert calls < most, f"{calls:.0f} calls per request: {spent}"
    regular = {name for name, times in own.tasks.items() if times >= TOGETHER}
    assert regular <= OTHERS
    assert min(each.sends for each in rounds) < 1.3 * TOGETHER


@pytest.mark.parametrize("path", BODIES)
@pytest.mark.parametrize("stream", [False, True])
async def test_a_request_leaves_no_cycle(tmp_path, path, stream):
    async with gateway_of(FEW, tmp_path) as (gateway, _):
        await ask(gateway, path, stream=stream)
        with saved_garbage() as found:
            for _ in range(TOGETHER):
                await ask(gateway, path, stream=stream)
    assert {name for name, times in found.items() if times >= TOGETHER} == set()


async def test_requests_are_recorded_together(tmp_path):
    async with gateway_of(FEW, tmp_path) as (gateway, opened):
        await ask(gateway, "/v1/chat/completions")
        await opened.usage.flush()
        statements = Counter()

        def note(_connection, _cursor, statement, *_):
            statements[statement.split()[0]] += 1

        event.listen(Engine, "before_cursor_execute", note)
        try:
            began = time.monotonic()
            for _ in range(REQUESTS):
                await ask(gateway, "/v1/chat/completions")
            await opened.usage.flush()
            seconds = time.monotonic() - began
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    # Once a second and at the end; on a slow machine there are more seconds.
    assert 1 <= statements["INSERT"] <= UPSERTS * (2 + seconds), statements
    assert statements["SELECT"] <= 2 + seconds, statements
