"""An event loop that was held up by the program is no stall of the service."""

import asyncio
import contextlib
import socket
import threading
import time

import pytest

from modelwire.transport import Deadlines, Request, Transport

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
IDLE = 0.3


def hold_the_loop():
    time.sleep(IDLE * 2)


class Punctual:
    """A service in a thread of its own, which sends its last piece when it is told to."""

    def __init__(self, first):
        self.first = first
        self.now, self.sent = threading.Event(), threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)

    def serve(self):
        with contextlib.suppress(OSError), self.listening.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(HEAD + self.first)
            self.now.wait()
            connection.sendall(b"4\r\nlast\r\n0\r\n\r\n")
            self.sent.set()
            connection.recv(1)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.now.set()
        self.listening.close()
        self.thread.join()


@pytest.mark.may_block("the program holds the loop here, and that is what is tested")
@pytest.mark.parametrize(
    ("first", "limits"),
    [
        (b"5\r\nfirst\r\n", Deadlines(first_byte=None, idle=IDLE)),
        (b"", Deadlines(first_byte=IDLE, idle=None)),
    ],
    ids=["idle", "first byte"],
)
async def test_what_arrived_while_the_loop_was_held_is_read(first, limits):
    with Punctual(first) as service:
        async with (
            Transport() as transport,
            transport.send(Request("GET", service.url), deadlines=limits) as response,
        ):
            received, waits = [], asyncio.Event()

            async def read():
                if not first:
                    asyncio.get_running_loop().call_soon(waits.set)
                async for piece in response.iter_bytes():
                    received.append(piece)
                    asyncio.get_running_loop().call_soon(waits.set)

            reading = asyncio.ensure_future(read())
            await waits.wait()
            service.now.set()
            service.sent.wait()
            hold_the_loop()
            await reading
    assert b"".join(received) in (b"firstlast", b"last")


@pytest.mark.may_block("the program holds the loop here, and that is what is tested")
async def test_a_head_that_arrived_while_the_loop_was_held_is_read():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with Transport() as transport:

            async def ask():
                request, limits = Request("GET", url), Deadlines(first_byte=IDLE)
                async with transport.send(request, deadlines=limits) as response:
                    return response.status

            asking = asyncio.ensure_future(ask())
            loop = asyncio.get_running_loop()
            with await loop.run_in_executor(None, lambda: listening.accept()[0]) as connection:
                await loop.run_in_executor(None, connection.recv, 65536)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                hold_the_loop()
                assert await asking == 204


@pytest.mark.may_block("the program holds the loop here, and that is what is tested")
async def test_a_service_that_is_silent_is_late_though_the_loop_was_held():
    with Punctual(b"5\r\nfirst\r\n") as service:
        limits = Deadlines(first_byte=None, idle=IDLE)
        async with (
            Transport() as transport,
            transport.send(Request("GET", service.url), deadlines=limits) as response,
        ):
            pieces = response.iter_bytes()
            assert await anext(pieces) == b"first"
            reading = asyncio.ensure_future(anext(pieces))
            await asyncio.sleep(0)
            hold_the_loop()
            with pytest.raises(TimeoutError) as caught:
                await reading
    assert caught.value.phase == "idle"
