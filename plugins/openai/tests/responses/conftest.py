"""Recorded answers, a way to say one event by event, and a server on loopback."""

import base64
import json
import sys
from pathlib import Path

import pytest
from aiohttp import web
from attrs import define, field

from modelwire.authoring import JsonEvent
from modelwire.config import Config
from modelwire.events.assembler import Assembler
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire.models import Model
from modelwire.transport import RetryPolicy, SseDecoder
from modelwire_openai.responses.request import build_request
from modelwire_openai.responses.stream import Translator

# Test modules are imported by their path, so what their tables share must be on it.
sys.path.insert(0, str(Path(__file__).parent))

SHARED = Path(__file__).parents[5] / "shared" / "recordings"


def pytest_generate_tests(metafunc):
    """`recorded` runs over every answer with the status 200 that was recorded."""
    if "recorded" in metafunc.fixturenames:
        metafunc.parametrize("recorded", recordings(), indirect=True)
    if "refused" in metafunc.fixturenames:
        metafunc.parametrize("refused", recordings(status=400), indirect=True)


def recordings(status=200):
    index = SHARED / "openai" / "INDEX.json"
    if not index.exists():
        skip = pytest.mark.skip(reason="the recorded traffic is not beside this checkout")
        return [pytest.param(None, marks=skip)]
    found = [
        SHARED / "openai" / entry["file"]
        for entry in json.loads(index.read_text())
        if entry["op"] == "responses" and entry["status"] == status
    ]
    if status == 200:
        found += (SHARED / "dialects").glob("*/responses_stream.http")
        found = [file for file in found if b"404 Not Found" not in file.read_bytes()[:40]]
    return [pytest.param(file, id=f"{file.parent.name}/{file.stem}") for file in sorted(found)]


@define
class RecordedAnswer:
    """An answer as it came over the wire, and what was asked."""

    body: bytes
    request: dict

    @property
    def events(self):
        decoder = SseDecoder()
        return [json.loads(event.data) for event in (*decoder.feed(self.body), *decoder.end())]

    @property
    def items(self):
        """The items as their own ends gave them, or else the end of the answer."""
        ends = [e["item"] for e in self.events if e["type"] == "response.output_item.done"]
        by_id = {item["id"]: item for item in ends}
        return [by_id.get(item["id"], item) for item in self.response["output"]]

    @property
    def response(self):
        """The whole answer as its last event repeats it."""
        return self.events[-1]["response"]


def read_recording(file):
    if file.suffix == ".http":
        return RecordedAnswer(file.read_bytes().split(b"\r\n\r\n", 1)[1], {})
    data = json.loads(file.read_text())
    return RecordedAnswer(base64.b64decode(data["response"]["body_b64"]), data["request"]["json"])


@pytest.fixture
def recorded(request):
    return read_recording(request.param)


@pytest.fixture
def refused(request):
    return read_recording(request.param)


def assembled(deltas):
    assembler = Assembler("openai", "gpt-5")
    for delta in deltas:
        assembler.feed(delta)
    return assembler.finish()[-1].message


@pytest.fixture(scope="session")
def assemble():
    return assembled


@pytest.fixture(scope="session")
def translate():
    """Translate events; gives the deltas."""

    def all_of(events, **arguments):
        translator = Translator(**arguments)
        deltas = []
        for event in events:
            translator.feed([JsonEvent("message", event)], deltas)
        translator.end()
        return deltas

    return all_of


@pytest.fixture(scope="session")
def message_of(translate):
    return lambda events, **arguments: assembled(translate(events, **arguments))


@pytest.fixture
def build():
    """Build a request for OpenAI."""

    def make(messages=None, model="gpt-5.5", *, system=None, tools=(), **rest):
        if isinstance(model, str):
            model = Model("openai", model)
        given = {key: rest.pop(key) for key in ("dialect", "reasoning_back") if key in rest}
        if "reasoning_back" in given:
            given["reasoning"] = given.pop("reasoning_back")
        messages = [UserMessage("hi")] if messages is None else messages
        context = Context(messages, system, list(tools))
        return build_request(model, context, CompletionOptions(**rest), **given)

    return make


@define
class Answer:
    """What the server answers to one request: pieces of a body."""

    pieces: tuple = ()
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict = field(factory=dict)


@define
class Service:
    """A server on loopback that answers each request with the next answer; the last one stays."""

    url: str = ""
    answers: list = field(factory=list)
    received: list = field(factory=list)

    def says(self, *pieces, **rest):
        self.answers.append(Answer(pieces, **rest))

    def refuses(self, status, error):
        self.says(
            json.dumps({"error": error}).encode(), status=status, content_type="application/json"
        )

    async def handle(self, request):
        self.received.append((request.path, dict(request.headers), await request.json()))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        headers = {"Content-Type": answer.content_type, "x-request-id": "req_1", **answer.headers}
        response = web.StreamResponse(status=answer.status, headers=headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        for piece in answer.pieces:
            await response.write(piece)
        await response.write_eof()
        return response


@pytest.fixture
async def service():
    made = Service()
    app = web.Application()
    app.router.add_post("/v1/responses", made.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/v1"
    yield made
    await runner.cleanup()


def a_config(url, key="k", **provider):
    entry = {"api": "openai-responses", "baseUrl": url, "apiKey": key, **provider}
    return Config.from_document({"models": {"providers": {"mine": entry}}}, environ={})


@pytest.fixture(scope="session")
def config_of():
    return a_config


@pytest.fixture
async def runtime(service, tmp_path):
    from modelwire.runtime import Runtime

    retries = RetryPolicy(max_attempts=1)
    config = a_config(service.url)
    async with Runtime(config, retries=retries, cache_directory=tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def wire():
    """Events as a service sends them."""

    def write(events):
        return b"".join(
            f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
        )

    return write
