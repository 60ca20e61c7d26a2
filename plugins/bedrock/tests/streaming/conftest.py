"""Recorded streams, an encoder of frames, and a server that speaks bytes."""

import asyncio
import base64
import json
import struct
from contextlib import aclosing
from pathlib import Path
from zlib import crc32

import pytest
from attrs import define, field

from modelwire.config import Config, ProviderConfig
from modelwire.errors import ModelwireError
from modelwire.events import TextDelta, deltas_of
from modelwire.events.assembler import Assembler
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire.models import Model
from modelwire.testing import listening
from modelwire.transport import Transport
from modelwire_bedrock.aws.clients import Clients
from modelwire_bedrock.aws.eventstream import FrameDecoder
from modelwire_bedrock.converse.completion import complete_stream
from modelwire_bedrock.converse.stream import Translator

RECORDINGS = Path(__file__).parents[5] / "shared" / "recordings" / "bedrock"
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


def pytest_generate_tests(metafunc):
    """`recorded_stream` and `recorded_answer` run over everything that AWS answered with 200."""
    for name, operation in (
        ("recorded_stream", "converse-stream"),
        ("recorded_answer", "converse"),
    ):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, recordings(operation), indirect=True)
    if "recorded_refusal" in metafunc.fixturenames:
        metafunc.parametrize("recorded_refusal", recordings(status=400), indirect=True)


def recordings(operation=None, status=200):
    index = RECORDINGS / "INDEX.json"
    if not index.exists():
        skip = pytest.mark.skip(reason="the recorded traffic is not beside this checkout")
        return [pytest.param(None, marks=skip)]
    entries = json.loads(index.read_text())
    files = [
        entry["file"]
        for entry in entries
        if entry["status"] == status and operation in (None, entry["op"])
    ]
    return [pytest.param(file, id=file.removesuffix(".json")) for file in sorted(files)]


def body_of(file):
    recording = json.loads((RECORDINGS / file).read_text())
    return base64.b64decode(recording["response"]["body_b64"])


@pytest.fixture
def recorded_stream(request):
    return body_of(request.param)


@pytest.fixture
def recorded_answer(request):
    return body_of(request.param)


@pytest.fixture
def recorded_refusal(request):
    return body_of(request.param)


def encode_header(name, value):
    raw = name.encode()
    if isinstance(value, str):
        data = value.encode()
        typed = b"\x07" + struct.pack(">H", len(data)) + data
    else:
        kind, data = value
        typed = bytes([kind]) + data
    return bytes([len(raw)]) + raw + typed


def encode_frame(headers, payload=b""):
    """Encode a frame; a header's value is a text, or the number of its type and its bytes."""
    head = b"".join(encode_header(name, value) for name, value in headers)
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    prelude += struct.pack(">I", crc32(prelude))
    message = prelude + head + payload
    return message + struct.pack(">I", crc32(message))


def encode_event(kind, data, padding="abcdefgh"):
    payload = data if isinstance(data, bytes) else json.dumps({**data, "p": padding}).encode()
    return encode_frame(
        [
            (":event-type", kind),
            (":content-type", "application/json"),
            (":message-type", "event"),
        ],
        payload,
    )


def encode_exception(kind, data):
    return encode_frame(
        [
            (":exception-type", kind),
            (":content-type", "application/json"),
            (":message-type", "exception"),
        ],
        json.dumps(data).encode(),
    )


@pytest.fixture(scope="session")
def frame():
    return encode_frame


@pytest.fixture(scope="session")
def event():
    return encode_event


@pytest.fixture(scope="session")
def exception():
    return encode_exception


@pytest.fixture
def translate(event):
    """Translate events given as `(type, data)` or as bytes; `end` says that no more will come."""

    def run(*events, tool_names=None, end=False):
        decoder, translator, deltas = FrameDecoder(), Translator(tool_names), []
        for item in events:
            data = item if isinstance(item, bytes) else event(*item)
            translator.feed(decoder.feed(data), deltas)
        if end:
            translator.end()
        return deltas

    return run


def a_text(index, text):
    return encode_event("contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": text}})


def an_answer(*texts, stop="end_turn"):
    """The events of an answer of one text block, in order."""
    return [
        encode_event("messageStart", {"role": "assistant"}),
        *(a_text(0, text) for text in texts),
        encode_event("contentBlockStop", {"contentBlockIndex": 0}),
        encode_event("messageStop", {"stopReason": stop}),
        encode_event(
            "metadata",
            {
                "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
                "metrics": {"latencyMs": 7},
            },
        ),
    ]


@pytest.fixture(scope="session")
def answer():
    return an_answer


@pytest.fixture(scope="session")
def assemble():
    """Assemble deltas; gives the message, with the events that led to it in `events`."""

    def assemble_all(deltas):
        assembler = Assembler("amazon-bedrock", "a-model")
        for delta in deltas:
            assembler.feed(delta)
        return assembler.finish()[-1].message

    return assemble_all


@define
class ReceivedRequest:
    """A request as it came over the wire."""

    line: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@define
class Exchange:
    """One request and the connection that it came on."""

    request: ReceivedRequest
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def head(self, status=200, **headers):
        lines = [f"HTTP/1.1 {status} Whatever", "x-amzn-RequestId: request-1"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        await self.writer.drain()

    async def whole(self, status, body, content_type="application/json", **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.head(status, Content_Type=content_type, Content_Length=len(data), **headers)
        self.writer.write(data)
        await self.writer.drain()

    async def begin(self, **headers):
        await self.head(
            200,
            Content_Type="application/vnd.amazon.eventstream",
            Transfer_Encoding="chunked",
            **headers,
        )

    async def send(self, data):
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self.writer.drain()

    async def end(self):
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    async def stream(self, *pieces):
        await self.begin()
        for piece in pieces:
            await self.send(piece)
        await self.end()

    def reset(self):
        """Break the connection without a goodbye."""
        self.writer.transport.abort()


@define
class Server:
    """Answers each request with the next handler; the last one stays."""

    url: str = ""
    handlers: list = field(factory=list)
    received: list = field(factory=list)

    def answers(self, *handlers):
        """Say what the requests get, in order; what is not a function is pieces of a stream."""
        self.handlers = [h if callable(h) else _streams(h) for h in handlers]

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *fields = head.split("\r\n")[:-2]
                headers = dict(item.split(": ", 1) for item in fields)
                lower = {name.lower(): value for name, value in headers.items()}
                body = await reader.readexactly(int(lower.get("content-length", 0)))
                request = ReceivedRequest(line, headers, body)
                self.received.append(request)
                handler = self.handlers.pop(0) if len(self.handlers) > 1 else self.handlers[0]
                await handler(Exchange(request, reader, writer))
        finally:
            writer.close()


def _streams(pieces):
    async def handle(exchange):
        await exchange.stream(*pieces)

    return handle


@pytest.fixture(scope="session")
def refuses():
    """Make an answer that is an error of AWS."""

    def make(status, code, message, **headers):
        async def handle(exchange):
            await exchange.whole(status, {"message": message}, x_amzn_ErrorType=code, **headers)

        return handle

    return make


@pytest.fixture
async def server():
    made = Server()
    async with listening(made.serve, backlog=1024) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


@pytest.fixture
async def transport():
    async with Transport(environ={}) as made:
        yield made


@pytest.fixture
def model():
    return Model("amazon-bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0")


@pytest.fixture
def provider(server):
    return ProviderConfig(
        id="amazon-bedrock",
        base_url=server.url,
        region="eu-west-1",
        extra={"accessKeyId": KEY, "secretAccessKey": SECRET},
    )


@pytest.fixture
def config(tmp_path):
    files = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
    return Config.empty({name: str(tmp_path / file) for name, file in files.items()})


@pytest.fixture(scope="session")
def clients():
    return Clients()


@pytest.fixture
def ask(model, provider, config, transport, clients):
    """Begin an answer; gives the generator of its deltas."""

    def begin(context=None, **options):
        given = {"model": model, "config": config, "provider": provider}
        given |= {name: options.pop(name) for name in given if name in options}
        return complete_stream(
            context=context or Context([UserMessage("hello")]),
            options=CompletionOptions(**options),
            transport=transport,
            clients=clients,
            **given,
        )

    return begin


@pytest.fixture
def collect(ask):
    """Take a whole answer: all deltas, and the error that ended them or `None`."""

    async def take(context=None, **options):
        seen = []
        try:
            async with aclosing(ask(context, **options)) as deltas:
                async for arrived in deltas:
                    seen += deltas_of(arrived)
        except ModelwireError as error:
            return seen, error
        return seen, None

    return take


@pytest.fixture(scope="session")
def text_of():
    return lambda deltas: "".join(d.text for d in deltas if isinstance(d, TextDelta))
