"""What is used of libraries beyond their public interface, tried against the installed versions.

`docs/library-internals.md` lists it: what uses it, for what, and what happens without it. A test that
fails here names the row; the code that it names has to be looked at before the library is upgraded.
"""

import asyncio
import platform
import re
import ssl
import struct
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import boto3
import botocore.session
import pytest
import trustme
import uvicorn
from aiohttp.payload import Payload
from botocore.awsrequest import AWSRequest, AWSResponse, HeadersDict
from botocore.credentials import CredentialResolver, RefreshableCredentials
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from modelwire.testing import listening
from modelwire.transport.body_reader import BodyReader
from modelwire_bedrock.aws.service_data import endpoints, operation_of

PAGE = Path(__file__).parents[1] / "docs" / "library-internals.md"
PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"


@asynccontextmanager
async def answering(answer, *, reset=False):
    """A server that answers the first request of a connection, and then closes or resets that."""
    serving = []

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        await asyncio.sleep(0.05)  # a reset overtakes what was not read yet
        if reset:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(1, 13, linger)  # SO_LINGER
            writer.transport.abort()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async with listening(serve) as port, aiohttp.ClientSession() as session:
        yield session, f"http://127.0.0.1:{port}"
        await asyncio.gather(*serving)


async def wait_for(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n"


async def reader_class():
    async with answering(CHUNKED) as (session, url), session.get(url) as response:
        reader = response.content
        assert type(reader) is aiohttp.StreamReader
        reader.__class__ = BodyReader
        # What it reads and writes beside what its own methods are for.
        assert reader._loop is asyncio.get_running_loop()
        assert reader._protocol.connected
        assert reader._waiter is None
        assert reader._high_water > 0
        if not reader._buffer:
            waiter = reader.arrival()
            assert reader._waiter is waiter
            await waiter
        await wait_for(lambda: reader._size == 5)
        assert list(reader._buffer) == [b"abc", b"de"]
        assert reader.take() == b"abcde"
        assert not reader._eof
        await wait_for(lambda: reader._exception is not None)
        with pytest.raises(RuntimeError, match="closed"):
            reader.arrival()


async def reader_chunks():
    async with answering(CHUNKED) as (session, url), session.get(url) as response:
        reader = response.content
        await wait_for(lambda: reader._size == 5)
        assert list(reader._http_chunk_splits) == [3, 5]
        response.connection.protocol.pause_reading()
        response.connection.protocol.resume_reading()


async def protocol_closed():
    async with answering(PARTIAL) as (session, url), session.get(url) as response:
        closed = response.connection.protocol.closed
        assert isinstance(closed, asyncio.Future)
        assert not closed.done()
        await asyncio.wait([closed], timeout=20)
        assert closed.done()
        closed.exception()


async def protocol_exception():
    async with answering(PARTIAL, reset=True) as (session, url), session.get(url) as response:
        protocol = response.connection.protocol
        assert protocol.exception() is None
        await wait_for(lambda: protocol.exception() is not None)


async def transport_abort():
    async with answering(PARTIAL) as (session, url), session.get(url) as response:
        transport = response.connection.transport
        transport.abort()
        assert transport.is_closing()


class Pieces(Payload):
    _autoclose = True

    def decode(self, encoding="utf-8", errors="strict"):
        return self._value.decode(encoding, errors)

    async def write(self, writer):
        await writer.write(self._value)


async def autoclose():
    assert "_autoclose" in vars(Payload)
    payload = Pieces(b"abc")
    assert payload.autoclose
    written = []

    class Writer:
        async def write(self, data):
            written.append(data)

    for _ in range(2):
        await payload.write(Writer())
    assert written == [b"abc", b"abc"]


async def disconnected_message():
    for sent in (b"", b"HTTP/1.1 200 OK\r\nContent-Le"):
        async with answering(sent) as (session, url):
            with pytest.raises(aiohttp.ServerDisconnectedError) as caught:
                await session.post(url)
        assert isinstance(caught.value.message, str) is (not sent)


def a_client():
    return boto3.client(
        "bedrock-runtime",
        region_name="eu-west-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
    )


async def connector_methods():
    calls = []

    class Noting(aiohttp.TCPConnector):
        async def connect(self, *args, **given):
            calls.append("connect")
            connection = await super().connect(*args, **given)
            calls.append("connected")
            return connection

        async def _create_connection(self, *args, **given):
            calls.append("create")
            return await super()._create_connection(*args, **given)

    async def serve(reader, writer):
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async with (
        listening(serve) as port,
        aiohttp.ClientSession(connector=Noting()) as session,
    ):
        for _ in range(2):
            async with session.get(f"http://127.0.0.1:{port}") as response:
                await response.read()
    assert calls == ["connect", "create", "connected", "connect", "connected"]


async def buffer_sizes():
    authority = trustme.CA()
    ours, theirs = (
        ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT)
    )
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    for server_tls, client_tls in ((None, None), (ours, theirs)):
        received = []

        class Receiver(asyncio.Protocol):
            def data_received(self, data, received=received):
                received.append(len(data))

        async def serve(reader, writer):
            await reader.readexactly(1)
            writer.write(bytes(10_000))
            await writer.drain()
            writer.close()

        async with listening(serve, tls=server_tls) as port:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_connection(Receiver, "127.0.0.1", port, ssl=client_tls)
            receiver = getattr(transport, "_ssl_protocol", transport)
            assert (receiver is transport) is (client_tls is None)
            assert isinstance(receiver.max_size, int)
            receiver.max_size = 1_000
            transport.write(b"x")
            await wait_for(lambda: sum(received) == 10_000)  # noqa: B023 - it ends in this round
            transport.close()
        # With TLS, what was read from one record is handed over together.
        assert client_tls or max(received) == 1_000


PARAMS = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "hi"}]}]}


class Body:
    def stream(self):
        return iter((b"{}",))


def handed_over(client):
    """What botocore's events give: the signer, and the request that would be sent."""
    found = {}

    def before_call(params, **_):
        params["headers"]["X-Own"] = "1"

    def before_sign(request_signer, signature_version, **_):
        found.update(signer=request_signer, version=signature_version)

    def before_send(request, **_):
        found["request"] = request
        return AWSResponse(request.url, 200, HeadersDict(), Body())

    client.meta.events.register("before-call", before_call)
    client.meta.events.register("before-sign", before_sign)
    client.meta.events.register_last("before-send", before_send)
    client.converse(**PARAMS)
    return found


async def client_events():
    found = handed_over(a_client())
    assert found["version"] == "v4"
    assert b"hi" in found["request"].body
    assert found["request"].headers["X-Own"] == b"1"
    assert found["request"].headers["Authorization"].startswith(b"AWS4-HMAC-SHA256 Credential=")


async def auth_instance():
    signer = handed_over(a_client())["signer"]
    request = AWSRequest("POST", "https://bedrock.example/x", headers={}, data=b"{}")
    signer.get_auth_instance("bedrock", "eu-west-1", "v4").add_auth(request)
    assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


async def input_shape():
    service = a_client().meta.service_model
    protocol = getattr(service, "resolved_protocol", None) or service.metadata["protocol"]
    shape = service.operation_model("Converse").input_shape
    assert protocol == "rest-json"
    assert shape.members["modelId"].serialization["location"] == "uri"
    assert shape.members["additionalModelRequestFields"].is_document_type
    assert shape.members["messages"].member.metadata["required"] == ["role", "content"]
    assert shape.members["messages"].member.members["content"].member.is_tagged_union


async def method_mapping():
    names = a_client().meta.method_to_api_mapping
    assert (names["converse"], names["converse_stream"]) == ("Converse", "ConverseStream")


async def data_files():
    for name in ("converse", "converse_stream", "count_tokens"):
        assert operation_of(name) is not None
    assert endpoints().url("us-east-1") == "https://bedrock-runtime.us-east-1.amazonaws.com"


def credentials(seconds):
    def refresh():
        expiry = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        return {"access_key": "NEW", "secret_key": "s", "token": "t", "expiry_time": expiry}

    expiry = datetime.now(UTC) + timedelta(seconds=seconds)
    return RefreshableCredentials("OLD", "s", "t", expiry, refresh, "test")


async def frozen_credentials():
    source = credentials(3600)
    assert source._frozen_credentials.access_key == "OLD"
    assert source.get_frozen_credentials().access_key == "OLD"


async def refresh_needed():
    assert credentials(60).refresh_needed(refresh_in=120)
    assert not credentials(3600).refresh_needed(refresh_in=120)


async def component():
    resolver = botocore.session.Session().get_component("credential_provider")
    assert isinstance(resolver, CredentialResolver)
    assert callable(resolver.load_credentials)


@asynccontextmanager
async def served_by_uvicorn():
    """The protocol of a connection and its cycle, while the application answers a request."""
    seen = asyncio.get_running_loop().create_future()
    looked_at = asyncio.Event()

    async def application(scope, receive, send):
        seen.set_result(receive.__self__)
        assert send.__self__ is receive.__self__
        await looked_at.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    config = uvicorn.Config(application, http=HttpToolsProtocol, lifespan="off", log_config=None)
    config.load()
    state = uvicorn.server.ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: HttpToolsProtocol(config, state, {}), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    try:
        async with asyncio.timeout(20):
            cycle = await seen
            yield cycle.on_response.__self__, cycle
            looked_at.set()
            assert (await reader.readline()).startswith(b"HTTP/1.1 204")
    finally:
        writer.close()
        server.close()
        await server.wait_closed()


async def uvicorn_protocol():
    async with served_by_uvicorn() as (protocol, cycle):
        assert type(protocol) is HttpToolsProtocol
        assert protocol.cycle is cycle
        assert not protocol.pipeline
        assert {
            *("data_received", "pause_writing", "resume_writing", "on_message_begin", "on_url"),
            *("on_header", "on_headers_complete", "on_body", "on_message_complete"),
            *("on_response_complete", "timeout_keep_alive_handler", "send_400_response"),
            "_start_asgi_task",
        } <= set(dir(protocol))
        assert protocol.timeout_keep_alive == protocol.config.timeout_keep_alive
        assert protocol.server_state.total_requests == 0


async def uvicorn_cycle():
    async with served_by_uvicorn() as (protocol, cycle):
        assert isinstance(cycle, RequestResponseCycle)
        assert (cycle.more_body, cycle.waiting_for_100_continue, cycle.disconnected) == (False,) * 3
        assert (cycle.response_started, cycle.response_complete) == (False, False)
        assert (bytes(cycle.body), cycle.keep_alive) == (b"{}", True)
        assert cycle.flow.write_paused is False
        assert cycle.flow is protocol.flow
        assert all(isinstance(part, bytes) for field in cycle.default_headers for part in field)
        assert cycle.message_event.is_set()
        assert cycle.transport is protocol.transport


INTERNALS = {
    ("aiohttp", "StreamReader"): reader_class,
    ("aiohttp", "StreamReader._http_chunk_splits"): reader_chunks,
    ("aiohttp", "Connection.protocol.closed"): protocol_closed,
    ("aiohttp", "Connection.protocol.exception()"): protocol_exception,
    ("aiohttp", "Connection.transport.abort()"): transport_abort,
    ("aiohttp", "Payload._autoclose"): autoclose,
    ("aiohttp", "ServerDisconnectedError.message"): disconnected_message,
    ("aiohttp", "TCPConnector.connect`, `TCPConnector._create_connection"): connector_methods,
    ("asyncio", "transport.max_size`, `transport._ssl_protocol.max_size"): buffer_sizes,
    ("botocore", "before-call`, `before-sign`, `before-send"): client_events,
    ("botocore", "RequestSigner.get_auth_instance"): auth_instance,
    ("botocore", "OperationModel.input_shape"): input_shape,
    ("botocore", "meta.method_to_api_mapping"): method_mapping,
    ("botocore", "botocore/data"): data_files,
    ("botocore", "RefreshableCredentials._frozen_credentials"): frozen_credentials,
    ("botocore", "RefreshableCredentials.refresh_needed"): refresh_needed,
    ("botocore", "Session.get_component"): component,
    ("uvicorn", "HttpToolsProtocol"): uvicorn_protocol,
    ("uvicorn", "RequestResponseCycle"): uvicorn_cycle,
}
ROW = re.compile(
    r"^\| (aiohttp|asyncio|botocore|uvicorn) \| `(.*?)` \| `(modelwire[\w.]*)` \| ", re.MULTILINE
)


@pytest.mark.parametrize(("library", "name"), INTERNALS)
async def test_an_internal_is_what_it_was(library, name):
    try:
        await INTERNALS[library, name]()
    except Exception as error:  # noqa: BLE001 - whatever it is, it names the row
        users = {row[:2]: row[2] for row in ROW.findall(PAGE.read_text())}
        libraries = {"aiohttp": aiohttp, "botocore": botocore, "uvicorn": uvicorn}
        installed = getattr(libraries.get(library), "__version__", platform.python_version())
        pytest.fail(
            f"{library} {installed} has changed `{name}`, which {users[library, name]} uses; "
            f"see docs/library-internals.md. {type(error).__name__}: {error}"
        )


def test_the_page_lists_what_is_tried():
    assert [row[:2] for row in ROW.findall(PAGE.read_text())] == list(INTERNALS)


@pytest.mark.parametrize("module", sorted({row[2] for row in ROW.findall(PAGE.read_text())}))
def test_a_module_that_the_page_names_is_there(module):
    import importlib

    importlib.import_module(module)
