"""Embeddings: a span and measurements for each request."""

import asyncio

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from modelwire.errors import RateLimited

TOKENS, DURATION = "gen_ai.client.token.usage", "gen_ai.client.operation.duration"


async def test_each_request_has_a_span_with_what_was_asked_and_used(runtime, service, spans):
    async with runtime() as made:
        with trace.get_tracer("test").start_as_current_span("outer") as outer:
            await made.embed([*"abc"], model="acme/m", batch_size=2, dimensions=2, concurrency=1)
    found = [span for span in spans() if span.name == "embeddings m"]
    assert [span.attributes["gen_ai.usage.input_tokens"] for span in found] == [6, 3]
    span = found[0]
    assert span.kind is SpanKind.CLIENT
    assert span.parent.span_id == outer.get_span_context().span_id
    assert {name: span.attributes[name] for name in span.attributes if "usage" not in name} == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "m",
        "gen_ai.embeddings.dimension.count": 2,
        "server.address": "127.0.0.1",
        "server.port": service.port,
    }


async def test_tokens_and_duration_are_measured(runtime, measured):
    async with runtime() as made:
        await made.embed("a text", model="acme/m")
    ((tokens, count),) = measured()[TOKENS]
    assert (tokens["gen_ai.operation.name"], tokens["gen_ai.token.type"], count) == (
        "embeddings",
        "input",
        1,
    )
    ((duration, _),) = measured()[DURATION]
    assert "error.type" not in duration


async def test_a_failure_is_marked_with_its_code_and_without_the_texts(runtime, service, spans):
    service.status = 429
    async with runtime() as made:
        with pytest.raises(RateLimited):
            await made.embed("a secret text", model="acme/m")
    (span,) = spans()
    assert span.attributes["error.type"] == "rate_limited"
    assert span.status.status_code is StatusCode.ERROR
    assert "a secret text" not in span.to_json()


async def test_a_call_that_is_cancelled_ends_its_span(runtime, service, spans):
    service.hold = True
    async with runtime() as made:
        task = asyncio.create_task(made.embed("a", model="acme/m"))
        await service.holds.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [span.attributes["error.type"] for span in spans()] == ["cancelled"]
