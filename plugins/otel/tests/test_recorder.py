"""Real calls through the runtime, recorded by the real SDK."""

import asyncio
import json
import os
import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from modelwire.errors import (
    AuthenticationError,
    Cancelled,
    ConfigError,
    MalformedToolCall,
    StreamTruncated,
)
from modelwire.events import TextDeltaEvent
from modelwire.messages import Context, Tool, ToolResultMessage, UserMessage

USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def chunk(delta, finish=None, usage=None):
    return {
        "id": "chatcmpl-7",
        "model": "gpt-large-2026",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        "usage": usage,
    }


HELLO = [chunk({"content": "Hel"}), chunk({"content": "lo."}), chunk({}, "stop", USAGE)]


async def test_an_answer_is_a_span_with_the_names_of_the_conventions(runtime, service, spans):
    service.chunks = HELLO
    async with runtime() as live:
        await live.complete(
            "Hi", model="acme/large", max_tokens=50, temperature=0.5, stop=["END"], session_id="s-1"
        )
    (span,) = spans()
    found = dict(span.attributes)
    assert found.pop("gen_ai.response.time_to_first_chunk") > 0
    assert (span.name, span.kind, span.status.status_code) == (
        "chat large",
        SpanKind.CLIENT,
        StatusCode.UNSET,
    )
    assert found == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "large",
        "server.address": "127.0.0.1",
        "server.port": service.port,
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.conversation.id": "s-1",
        "gen_ai.response.id": "chatcmpl-7",
        "gen_ai.response.model": "gpt-large-2026",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 8,
        "gen_ai.usage.cache_read.input_tokens": 100,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 3,
    }


async def test_tokens_duration_and_chunks_are_measured(runtime, service, measured):
    service.chunks, service.pause = HELLO, 0.02
    async with runtime() as live:
        await live.complete("Hi", model="acme/measured")
    found = measured()
    tokens = {at["gen_ai.token.type"]: count for at, count in found["gen_ai.client.token.usage"]}
    assert tokens == {"input": 1, "output": 1}
    ((attributes, count),) = found["gen_ai.client.operation.duration"]
    assert count == 1
    assert attributes["gen_ai.request.model"] == "measured"
    assert attributes["gen_ai.response.model"] == "gpt-large-2026"
    assert [n for _, n in found["gen_ai.client.operation.time_to_first_chunk"]] == [1]
    assert [n for _, n in found["gen_ai.client.operation.time_per_output_chunk"]] == [1]


async def test_what_is_said_is_recorded_only_when_asked_for(runtime, service, spans):
    service.chunks = HELLO
    async with runtime() as live:
        await live.complete("My secret plan", model="acme/large", system="Be brief.")
    async with runtime(captureContent=True) as live:
        await live.complete("My open plan", model="acme/large", system="Be brief.")
    silent, telling = spans()
    assert "secret plan" not in silent.to_json()
    assert json.loads(telling.attributes["gen_ai.system_instructions"]) == [
        {"type": "text", "content": "Be brief."}
    ]
    assert json.loads(telling.attributes["gen_ai.input.messages"]) == [
        {"role": "user", "parts": [{"type": "text", "content": "My open plan"}]}
    ]
    assert json.loads(telling.attributes["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "Hello."}],
            "finish_reason": "stop",
        }
    ]


async def test_tool_calls_and_their_results_are_recorded_as_such(runtime, service, spans):
    call = {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": '{"city":'}}
    more = {"index": 0, "function": {"arguments": '"Oslo"}'}}
    service.chunks = [
        chunk({"tool_calls": [call]}),
        chunk({"tool_calls": [more]}),
        chunk({}, "tool_calls", USAGE),
    ]
    context = Context([UserMessage("Rain?")], tools=[Tool("weather", "Tells it.")])
    async with runtime(captureContent=True) as live:
        message = await live.complete(context, model="acme/large")
        service.chunks = HELLO
        context.messages += [message, ToolResultMessage("c1", "weather", "Rain.")]
        await live.complete(context, model="acme/large")
    first, second = spans()
    part = {"type": "tool_call", "id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}
    (said,) = json.loads(first.attributes["gen_ai.output.messages"])
    assert (said["parts"], said["finish_reason"]) == ([part], "tool_call")
    assert json.loads(first.attributes["gen_ai.tool.definitions"])[0]["name"] == "weather"
    assert json.loads(second.attributes["gen_ai.input.messages"])[1:] == [
        {"role": "assistant", "parts": [part]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "c1", "response": "Rain."}],
        },
    ]


async def test_arguments_that_cannot_be_read_are_recorded_as_text(runtime, service, spans):
    deep = "[" * 5_000
    call = {"index": 0, "id": "c1", "function": {"name": "weather", "arguments": deep}}
    service.chunks = [chunk({"tool_calls": [call]}), chunk({}, "tool_calls", USAGE)]
    context = Context([UserMessage("Rain?")], tools=[Tool("weather", "Tells it.")])
    async with runtime(captureContent=True) as live:
        with pytest.raises(MalformedToolCall):
            await live.complete(context, model="acme/large")
    (said,) = json.loads(spans()[0].attributes["gen_ai.output.messages"])
    assert said["parts"][0]["arguments"] == deep


async def test_a_refused_request_is_a_failed_span(runtime, service, spans, measured):
    service.status = 401
    async with runtime() as live:
        with pytest.raises(AuthenticationError):
            await live.complete("Hi", model="acme/refused")
    (span,) = spans()
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["error.type"] == "auth"
    assert "sk-marked-key" not in span.to_json()
    ((attributes, _),) = measured()["gen_ai.client.operation.duration"]
    assert attributes["error.type"] == "auth"


async def test_a_stream_without_an_end_is_a_failed_span_with_what_arrived(runtime, service, spans):
    service.chunks, service.ended = HELLO[:2], False
    async with runtime(captureContent=True) as live:
        with pytest.raises(StreamTruncated):
            await live.complete("Hi", model="acme/large")
    (span,) = spans()
    assert span.attributes["error.type"] == "stream_truncated"
    (said,) = json.loads(span.attributes["gen_ai.output.messages"])
    assert (said["parts"][0]["content"], said["finish_reason"]) == ("Hello.", "error")


async def test_an_answer_that_only_done_ends_is_a_good_span(runtime, service, spans):
    service.chunks = HELLO[:2]
    async with runtime() as live:
        message = await live.complete("Hi", model="acme/large")
    assert message.diagnostics == [{"type": "no_stop_reason", "taken": "stop"}]
    (span,) = spans()
    assert span.status.status_code is StatusCode.UNSET
    assert "error.type" not in span.attributes
    assert span.attributes["gen_ai.response.finish_reasons"] == ("stop",)


async def test_a_cancelled_answer_ends_its_span_and_its_connection(runtime, service, spans):
    service.chunks, service.hold = HELLO[:2], True
    async with runtime() as live:
        stream = live.stream("Hi", model="acme/large")
        with pytest.raises(Cancelled):
            async for event in stream:
                if isinstance(event, TextDeltaEvent):
                    stream.cancel()
        await asyncio.wait_for(service.gone.wait(), 10)
    (span,) = spans()
    assert (span.attributes["error.type"], span.status.status_code) == (
        "cancelled",
        StatusCode.UNSET,
    )


async def test_a_reader_that_leaves_early_ends_the_span_too(runtime, service, spans):
    service.chunks, service.hold = HELLO[:2], True
    async with runtime() as live:
        async with live.stream("Hi", model="acme/large") as stream:
            async for event in stream:
                if isinstance(event, TextDeltaEvent):
                    break
        await asyncio.wait_for(service.gone.wait(), 10)
    (span,) = spans()
    assert span.attributes["error.type"] == "cancelled"


async def test_the_span_is_a_child_of_the_readers_and_does_not_leak_into_it(
    runtime, service, spans
):
    service.chunks = HELLO
    tracer = trace.get_tracer("test")
    async with runtime() as live:
        with tracer.start_as_current_span("agent") as agent:
            async for _ in live.stream("Hi", model="acme/large"):
                assert trace.get_current_span() is agent
    span = next(span for span in spans() if span.name == "chat large")
    assert span.parent.span_id == agent.get_span_context().span_id


async def test_concurrent_answers_do_not_mix(runtime, service, spans):
    service.chunks = HELLO
    async with runtime() as live:
        await asyncio.gather(*(live.complete("Hi", model=f"acme/m{n}") for n in range(20)))
    assert sorted(span.name for span in spans()) == sorted(f"chat m{n}" for n in range(20))
    assert {span.attributes["gen_ai.usage.output_tokens"] for span in spans()} == {8}


async def test_a_wrong_setting_is_named(runtime, service):
    async with runtime(captureContent="yes") as live:
        with pytest.raises(ConfigError, match="captureContent must be true or false"):
            await live.complete("Hi", model="acme/large")


def test_the_usual_variable_switches_content_on():
    from modelwire.config import Config
    from modelwire.warnings import ModelwireWarning
    from modelwire_otel.settings import VARIABLE, Settings

    def captures(environ):
        return Settings.of(Config.empty(environ)).capture

    assert not captures({})
    assert not captures({VARIABLE: "no_content"})
    assert captures({VARIABLE: "SPAN_ONLY"})
    with pytest.warns(ModelwireWarning, match="records content on spans only"):
        assert not captures({VARIABLE: "EVENT_ONLY"})


SILENT = """
import asyncio, sys
from modelwire_otel.plugin import stream_completion

async def deltas():
    yield 1

stream = deltas()
wrapped = stream_completion(None, None, None)
next(wrapped)
try:
    wrapped.send(stream)
except StopIteration as done:
    print(done.value is stream, "modelwire_otel.recorder" in sys.modules)
print("opentelemetry.trace" in sys.modules)
"""


def test_without_an_sdk_nothing_is_put_between_provider_and_reader():
    done = subprocess.run([sys.executable, "-c", SILENT], capture_output=True, text=True)
    assert (done.stdout.split(), done.stderr) == (["True", "False", "False"], "")


def test_importing_the_plugin_imports_no_opentelemetry():
    program = "import modelwire_otel.plugin, sys; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "False")


def test_an_sdk_that_only_a_variable_names_is_found():
    program = "from modelwire_otel.settings import is_recording; print(is_recording())"
    environ = {**os.environ, "OTEL_PYTHON_TRACER_PROVIDER": "sdk_tracer_provider"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environ
    )
    assert (done.stdout.strip(), done.stderr) == ("True", "")


async def test_a_replayed_answer_has_a_span_that_says_so_and_is_not_measured(
    runtime, service, spans, measured, tmp_path
):
    service.chunks = HELLO
    folder = str(tmp_path / "recordings")
    for mode in ("record", "replay"):
        settings = {"recordings": {"mode": mode, "directory": folder, "repeat": True}}
        async with runtime() as live:
            await live.complete("Hi.", model="acme/large", plugins=settings)
    recorded, replayed = spans()
    assert "modelwire.replayed" not in recorded.attributes
    assert replayed.attributes["modelwire.replayed"] is True
    assert replayed.attributes["gen_ai.usage.output_tokens"] == 8
    assert replayed.status.status_code is StatusCode.UNSET
    counts = measured()
    for name in ("gen_ai.client.operation.duration", "gen_ai.client.token.usage"):
        assert all(count == 1 for _, count in counts[name])
