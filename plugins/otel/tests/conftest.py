"""The real SDK with exporters in memory, and a real runtime over plugins of the tests' own."""

import asyncio
import json

import pytest
from aiohttp import web
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from modelwire import Runtime
from modelwire.transport import RetryPolicy

SPANS = InMemorySpanExporter()
READER = InMemoryMetricReader()


@pytest.fixture(scope="session", autouse=True)
def sdk():
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(SPANS))
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(MeterProvider(metric_readers=[READER]))


@pytest.fixture
def spans():
    SPANS.clear()
    return SPANS.get_finished_spans


@pytest.fixture
def measured():
    """What was measured since the test began: name -> points, each as (attributes, point)."""
    before = _points()

    def read():
        now = _points()
        return {
            name: [
                (dict(attributes), count - before.get(name, {}).get(attributes, (0, 0))[0])
                for attributes, (count, _) in points.items()
                if count > before.get(name, {}).get(attributes, (0, 0))[0]
            ]
            for name, points in now.items()
        }

    return read


def _points():
    data = READER.get_metrics_data()
    found = {}
    for resource in data.resource_metrics if data else []:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                found[metric.name] = {
                    tuple(sorted(point.attributes.items())): (_count(point), point)
                    for point in metric.data.data_points
                }
    return found


def _count(point):
    """How often a histogram was recorded, or what a counter has come to."""
    return point.count if hasattr(point, "count") else point.value


class Service:
    """A real server on loopback that speaks Chat Completions, and answers as it is told."""

    def __init__(self) -> None:
        self.chunks = []
        self.answers = []
        self.status = 200
        self.hold = False
        self.pause = 0.0
        self.refuse_first = 0
        self.headers = {}
        self.ended = True
        self.gone = asyncio.Event()
        self.holds = asyncio.Event()

    async def answer(self, request):
        if self.refuse_first:
            self.refuse_first -= 1
            return web.json_response({"error": {"message": "Busy."}}, status=503)
        if self.status != 200:
            return web.json_response({"error": {"message": "No."}}, status=self.status)
        headers = {"Content-Type": "text/event-stream", **self.headers}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        try:
            for chunk in self.answers.pop(0) if self.answers else self.chunks:
                await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
                await asyncio.sleep(self.pause)
            if self.hold:
                await asyncio.sleep(60)
            if self.ended:
                await response.write(b"data: [DONE]\n\n")
        except (ConnectionError, asyncio.CancelledError):
            self.gone.set()
        return response

    async def embed(self, request):
        if self.status != 200:
            return web.json_response({"error": {"message": "No."}}, status=self.status)
        if self.hold:
            self.holds.set()
            await asyncio.sleep(60)
        texts = (await request.json())["input"]
        data = [{"index": place, "embedding": [0.5, 1.0]} for place in range(len(texts))]
        return web.json_response({"data": data, "usage": {"prompt_tokens": 3 * len(texts)}})


@pytest.fixture
async def service():
    made = Service()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", made.answer)
    app.router.add_post("/v1/embeddings", made.embed)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@pytest.fixture
async def runtime(service, tmp_path):
    """Installed plugins, OpenAI's among them, and the service as a provider `acme`."""

    def make(environ=None, retries=1, **entry):
        document = {
            "models": {
                "providers": {
                    "acme": {
                        "api": "openai-completions",
                        "baseUrl": f"http://127.0.0.1:{service.port}/v1",
                        "apiKey": "sk-marked-key",
                        "models": [
                            {"id": "priced", "name": "P", "cost": {"input": 1, "output": 1000}}
                        ],
                    },
                    "spare": {
                        "api": "openai-completions",
                        "baseUrl": f"http://localhost:{service.port}/v1",
                        "apiKey": "sk-marked-key",
                    },
                }
            },
            "agents": {"entries": {"clerk": {"model": "acme/large"}}},
            "plugins": {"entries": {"modelwire-otel": {"config": entry}}},
        }
        return Runtime.from_config(
            document,
            environ=environ or {},
            retries=RetryPolicy(max_attempts=retries, base=0.0),
            cache_directory=tmp_path,
        )

    return make
