"""An API for tests, and a real server on loopback that speaks it."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from modelwire.authoring import JsonApi
from modelwire.errors import ServerError
from modelwire.events import ResponseInfo
from modelwire.testing import WireServer, listening
from modelwire.transport import Transport, error_from_status, explain_body

KEY = "sk-a-key-of-some-length"


def error_of_response(status, headers, body, *, provider, model):
    said = explain_body(body)
    return error_from_status(status, said, headers=headers, provider=provider, model=model)


def error_in_stream(payload, *, provider, model, request_id):
    return ServerError(f"said: {payload}", provider=provider, model=model, request_id=request_id)


def reports_failure(name, data):
    return name == "error" or (isinstance(data, dict) and "error" in data)


def make_api(**settings):
    given = {
        "provider": "acme",
        "headers": {"Authorization": f"Bearer {KEY}"},
        "error_of_response": error_of_response,
        "error_in_stream": error_in_stream,
        "reports_failure": reports_failure,
        "name": "acme-chat",
        "done": "[DONE]",
    }
    return JsonApi(**{**given, **settings})


@pytest.fixture(scope="session")
def api_with():
    return make_api


@pytest.fixture
def server():
    with WireServer() as made:
        yield made


@pytest.fixture
async def transport():
    async with Transport(environ={}) as made:
        yield made


@pytest.fixture(scope="session")
def taken():
    """Take all that a stream gives, in one list; what came before an error is in it too."""

    async def take(stream, arrived=None):
        arrived = [] if arrived is None else arrived
        async for together in stream:
            arrived += [together] if isinstance(together, ResponseInfo) else together
        return arrived

    return take


@pytest.fixture
def kept():
    """Serve a body to each request of a connection; gives the address, and the connections made."""

    @asynccontextmanager
    async def serve(body):
        connections = []

        async def answer(reader, writer):
            connections.append(writer)
            with suppress(asyncio.IncompleteReadError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    await reader.readexactly(int(head.partition("content-length:")[2].split()[0]))
                    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    writer.write(b"%x\r\n%s\r\n" % (len(body), body))
                    await writer.drain()
                    writer.write(b"0\r\n\r\n")
                    await writer.drain()
            writer.close()

        async with listening(answer) as port:
            yield f"http://127.0.0.1:{port}", connections

    return serve
