"""Every fault that a service can cause, at every stage of an answer, over every wire protocol.

Each cell asks a real server on loopback and demands one typed outcome: what arrived is delivered, once
and in order, the connection is gone, nothing is left running. Then it asks again, with retries: what
is called retryable succeeds with another try if nothing had been said, and all else is asked once.
"""

import ssl
from contextlib import AsyncExitStack

import pytest
import trustme
from attrs import evolve
from each_wire import REPEATED, is_repeated
from extensive_tests import partly_extensive
from fault_matrix import ANSWER, CONNECT, EARLY, END, PAGE, cells, written
from leaks import HeldResources, reached, settled
from wires import ARGUMENTS, PIECES, SAID, TEXTS

from modelwire.errors import ModelwireError, RequestTimeout
from modelwire.events import (
    DoneEvent,
    StartEvent,
    TextDeltaEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.testing import listening
from modelwire.testing.listener import refusing_port
from modelwire.transport import Deadlines

pytestmark = pytest.mark.timeout(240)

PATIENT = Deadlines(connect=60, first_byte=60, idle=60)
TRIES = 8
"""A busy machine may be late again and again where the deadline is short."""


def is_late(cell):
    """Whether a deadline ends the answer."""
    return cell.expected[0] == "timeout" or cell.row.name == "no more bytes arrive"


def deadlines_of(cell):
    """Deadlines of which only the one that the cell is about is short."""
    if not is_late(cell):
        return PATIENT
    early = "connect" if cell.stage == CONNECT else "first_byte"
    return evolve(PATIENT, **{early if cell.stage in EARLY else "idle": 0.4})


async def take(stream):
    """The events of a stream, and the error that ended it, or `None`."""
    events = []
    try:
        async for event in stream:
            events.append(event)
    except ModelwireError as error:
        return events, error
    return events, None


def of(kind, events):
    return [event for event in events if type(event) is kind]


def check_order(events):
    """Nothing is lost or doubled, and whatever ends has begun."""
    texts = [event.delta for event in of(TextDeltaEvent, events)]
    assert tuple(texts) == TEXTS[: len(texts)]
    fragments = [event.delta for event in of(ToolCallDeltaEvent, events)]
    assert "".join(PIECES).startswith("".join(fragments))
    assert len(of(StartEvent, events)) == (1 if events else 0)
    assert len(of(ToolCallStartEvent, events)) <= 1
    assert len(events) == len({(type(event), getattr(event, "delta", None)) for event in events})


def check_answer(stream, events):
    message = stream.message
    assert events[-1] is of(DoneEvent, events)[0]
    assert message is events[-1].message
    assert message.text == "".join(TEXTS)
    assert [call.arguments for call in message.tool_calls] == [ARGUMENTS]


def check_failure(cell, events, error):
    code, retryable = cell.expected
    assert (error.code, error.retryable) == (code, retryable), error.message
    assert error.message
    said = "" if cell.stage in EARLY else SAID.get(cell.stage, "".join(TEXTS))
    assert "".join(event.delta for event in of(TextDeltaEvent, events)) == said
    assert error.partial is not None
    assert error.partial.text == said
    assert error.partial.tool_calls == []
    assert error.partial.error_code == code
    assert not of(DoneEvent, events)
    assert not of(ToolCallEndEvent, events)


async def ask(cell, runtime):
    """Ask once, and check what came."""
    stream = runtime.stream("hi", model=cell.wire.ref, deadlines=deadlines_of(cell))
    events, error = await take(stream)
    check_order(events)
    if cell.expected[0] == ANSWER:
        assert error is None
        check_answer(stream, events)
    else:
        check_failure(cell, events, error)
        assert stream.message is None
    assert await take(stream) == ([], None)  # one outcome is all there is
    return error


def each(cells):
    return partly_extensive(cells, lambda cell: is_repeated(cell.wire), REPEATED, name=str)


@pytest.mark.parametrize("cell", each(cell for cell in cells() if cell.fault is not None))
async def test_a_fault_has_one_outcome_and_leaves_nothing_behind(cell, tmp_path):
    async with cell.wire.start() as server:
        cell.wire.answers(*[cell.fault] * cell.times)
        before = HeldResources.now()
        # Once something was said, nothing is asked again, whatever is allowed.
        early = cell.stage in EARLY
        async with cell.wire.runtime(tmp_path, attempts=1 if early else 2) as runtime:
            error = await ask(cell, runtime)
            if isinstance(error, RequestTimeout):
                assert error.phase in (None, "first_byte" if early else "idle")
            assert await reached(lambda: len(server.requests) == cell.times)
            assert await reached(lambda: cell.wire.ends()[0] is not None)
        assert not await settled(before)
        if not early:
            return

        # And again, with leave to try once more.
        cell.wire.answers(*[cell.fault] * cell.times)
        attempts = TRIES if is_late(cell) else 2
        async with cell.wire.runtime(tmp_path, attempts=attempts) as runtime:
            stream = runtime.stream("hi", model=cell.wire.ref, deadlines=deadlines_of(cell))
            events, again = await take(stream)
            check_order(events)
            if error is None or error.retryable:
                assert again is None
                check_answer(stream, events)
                failed = [attempt.code for attempt in stream.attempts]
                assert set(failed) == {each.code for each in (error,) if each is not None}
                assert len(failed) <= 1 or is_late(cell)
            else:
                assert again.code == error.code
            assert await reached(lambda: len(server.requests) == cell.times + len(stream.attempts))
        assert not await settled(before)


async def refuse_to_talk(reader, writer):
    await reader.read(10_000)
    writer.close()


async def say_nothing(reader, writer):
    await reader.read()
    writer.close()


async def speak_something_else(reader, writer):
    writer.write(b"220 mail.example ESMTP\r\n")
    await say_nothing(reader, writer)


HANDLERS = {
    "no reply to the TLS handshake": say_nothing,
    "a reply that is not HTTP": speak_something_else,
}


@pytest.mark.parametrize("cell", each(cell for cell in cells() if cell.fault is None))
async def test_a_connection_that_cannot_be_used_has_one_outcome(cell, tmp_path):
    tls = None
    if "certificate" in cell.row.name:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    handler = HANDLERS.get(cell.row.name, refuse_to_talk)
    async with AsyncExitStack() as opening:
        if cell.row.name == "nothing listens on the port":
            port = opening.enter_context(refusing_port())
        else:
            port = await opening.enter_async_context(listening(handler, tls=tls))
        before = HeldResources.now()
        scheme = (
            "https" if cell.stage == CONNECT and handler is not speak_something_else else "http"
        )
        url = f"{scheme}://127.0.0.1:{port}"
        async with cell.wire.runtime(tmp_path, url=url) as runtime:
            error = await ask(cell, runtime)
            if isinstance(error, RequestTimeout):
                assert error.phase == "connect"
        assert not await settled(before)


def test_the_page_shows_this_very_table():
    """Update it with `python tests/support/fault_matrix.py`."""
    page = PAGE.read_text()
    assert END in page
    assert written(page) == page
