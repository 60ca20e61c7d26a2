"""The same failure of HTTP is the same error over every wire."""

import gzip
import json
from contextlib import asynccontextmanager

import pytest
from each_wire import EACH_WIRE

from modelwire import Runtime
from modelwire.errors import ModelwireError
from modelwire.testing import ScriptedAnswer, listening
from modelwire.transport import RetryPolicy

TEXT = "Hello you"
PAGE = b"<html><title>Log in</title></html>"


def http(wire, body=b"", *, status="200 OK", kind=None, fields=""):
    """A response whose body has a length."""
    length = "" if status.startswith("204") else f"Content-Length: {len(body)}\r\n"
    return _head(wire, status, kind, length + fields) + body


def _head(wire, status="200 OK", kind=None, fields=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind or wire.stream_type}\r\n{fields}"
    return f"{head}Connection: close\r\n\r\n".encode()


def answer(wire):
    return b"".join(wire.kit.bodies(ScriptedAnswer(TEXT)))


def zipped(wire, data):
    return http(wire, data, fields="Content-Encoding: gzip\r\n")


CHUNKED = "Transfer-Encoding: chunked\r\n"
TRUNCATED = ("stream_truncated", True)
FOREIGN = ("malformed_response", False)
RESPONSES = {
    "an empty 200": (TRUNCATED, http),
    "blank lines": (TRUNCATED, lambda wire: http(wire, b"\n\n")),
    "204": (TRUNCATED, lambda wire: http(wire, status="204 No Content")),
    "206": (
        ("malformed_response", True),
        lambda wire: http(wire, answer(wire), status="206 Partial Content"),
    ),
    "a cut before the first event": (TRUNCATED, lambda wire: _head(wire, fields=CHUNKED)),
    "an end before the first event": (
        TRUNCATED,
        lambda wire: _head(wire, fields=CHUNKED) + b"0\r\n\r\n",
    ),
    "a close before the first event": (TRUNCATED, _head),
    "HTML": (FOREIGN, lambda wire: http(wire, PAGE, kind="text/html")),
    "gzip without its trailer": (
        TRUNCATED,
        lambda wire: zipped(wire, gzip.compress(answer(wire))[:-8]),
    ),
    "half of a gzip": (TRUNCATED, lambda wire: zipped(wire, gzip.compress(answer(wire))[:-30])),
    "gzip that is none": (("malformed_response", True), lambda wire: zipped(wire, answer(wire))),
    "an unsupported encoding": (
        FOREIGN,
        lambda wire: http(wire, answer(wire), fields="Content-Encoding: br\r\n"),
    ),
}


@asynccontextmanager
async def provided(wire, response):
    """The configuration of a provider that gives the same response to every request."""

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.partition(b":")[2]))
        writer.write(response)
        await writer.drain()
        writer.close()

    async with listening(serve) as port:
        url = f"http://127.0.0.1:{port}"
        given = {"baseUrl": url, **wire.kit.settings(url, "sk-key")}
        yield {**given, "api": wire.api, "models": ["m"]}


def runtime_of(wire, **providers):
    return Runtime.from_config(
        {"models": {"providers": providers}},
        environ=dict(wire.kit.environ("http://127.0.0.1:9", "sk-key")),
        retries=RetryPolicy(max_attempts=1),
    )


@asynccontextmanager
async def served(wire, response):
    """A runtime in front of a server that gives the same response to every request."""
    async with provided(wire, response) as provider, runtime_of(wire, p=provider) as runtime:
        yield runtime


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("name", RESPONSES)
async def test_the_same_response_is_the_same_error(wire, name):
    expected, make = RESPONSES[name]
    async with served(wire, make(wire)) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    error = caught.value
    assert (error.code, error.retryable) == expected, error.message
    assert error.message
    assert error.partial.tool_calls == []


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("as_stream", [True, False], ids=["as a stream", "as JSON"])
async def test_an_error_in_json_with_success_is_what_it_says(wire, as_stream):
    body = json.dumps(wire.failure(wire.refusals["throttled"])).encode()
    response = http(wire, body, kind=None if as_stream else "application/json")
    async with served(wire, response) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    assert (caught.value.code, caught.value.retryable) == ("rate_limited", True)
    assert "It failed." in caught.value.message


def document(data, status="200 OK", kind="application/json"):
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return lambda wire: http(wire, body, status=status, kind=kind)


def framed(data, status):
    return document(
        b"data: %s\n\ndata: [DONE]\n\n" % json.dumps(data).encode(), status, "text/event-stream"
    )


SAID = "It failed."
BALANCE = "insufficient balance (1008)"
CREDIT = "Your credit balance is too low to access the API."
BASE_RESP = {"id": "x", "choices": None, "base_resp": {"status_code": 1008, "status_msg": SAID}}
BILLING = ("billing", False, "console")
AUTH = ("auth", False, "API key")
OVERFLOW = ("context_overflow", False, "Shorten")
UNKNOWN = ("not_found", False, "models list")
FAILURES = {
    "JSON that says what failed": (("server_error", True, ""), document({"message": SAID})),
    "JSON with a detail": (("server_error", True, ""), document({"detail": SAID})),
    "JSON with an error": (("server_error", True, ""), document({"error": {"message": SAID}})),
    "a text as the error": (("server_error", True, ""), document({"error": SAID})),
    "JSON under the type of a stream": (
        ("server_error", True, ""), document({"error": {"message": SAID}}, kind=None)
    ),
    "a number beside a message": (BILLING, document({"code": 1113, "msg": SAID})),
    "a number in the error": (
        AUTH, document({"error": {"code": "1002", "message": SAID}})
    ),
    "a base_resp": (BILLING, document(BASE_RESP)),
    "a flat error": (
        ("overloaded", True, ""),
        document({"type": "error", "code": "server_is_overloaded", "message": SAID}),
    ),
    "billing in HTML": (BILLING, document(b"<html>out of credits: %s</html>" % SAID.encode(), kind="text/html")),
    "billing in plain text": (BILLING, document(b"out of credits. It failed.", kind="text/plain")),
    "a wrong path, answered with success": (
        ("not_found", False, "/v1"),
        document({"error": f"Unexpected endpoint or method. {SAID}"}),
    ),
    "billing under 500": (BILLING, document({"error": {"message": f"{BALANCE} {SAID}"}}, "500 Error")),
    "billing under 400": (
        BILLING,
        document(
            {"error": {"type": "invalid_request_error", "message": f"{CREDIT} {SAID}"}}, "400 Bad"
        ),
    ),
    "payment required": (("billing", False, ""), document({"message": SAID}, "402 Payment")),
    "a wrong key": (
        AUTH, document({"error": {"code": "invalid_api_key", "message": SAID}}, "401 No")
    ),
    "an unknown model under 400": (
        UNKNOWN, document({"error": {"message": f"Invalid model name passed. {SAID}"}}, "400 Bad")
    ),
    "an overflow under 400": (
        OVERFLOW, document({"error": {"message": f"prompt is too long. {SAID}"}}, "400 Bad")
    ),
    "an overflow by its code": (
        OVERFLOW, document({"error": {"code": "context_length_exceeded", "message": SAID}}, "400 Bad")
    ),
    "a filter by its code": (
        ("content_filtered", False, ""),
        document({"error": {"code": "content_filter", "message": SAID}}, "400 Bad"),
    ),
    "too often": (("rate_limited", True, ""), document({"error": {"message": SAID}}, "429 Slow")),
    "overloaded by its status": (("overloaded", True, ""), document(SAID.encode(), "529 Busy", "text/plain")),
    "events under 400": (
        UNKNOWN, framed({"error": {"message": f"Invalid model name. {SAID}"}}, "400 Bad")
    ),
    "events under 500": (("server_error", True, ""), framed({"error": {"message": SAID}}, "500 Error")),
    "a page under 502": (
        ("server_error", True, ""),
        document(b"<html><title>%s</title></html>" % SAID.encode(), "502 Bad", "text/html"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("name", FAILURES)
async def test_the_same_failure_has_the_same_code_and_hint(wire, name):
    (code, retryable, hint), make = FAILURES[name]
    async with served(wire, make(wire)) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    error = caught.value
    assert (error.code, error.retryable) == (code, retryable), error.message
    assert SAID in error.message
    assert "{" not in error.message
    assert hint in (error.hint or "")


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize(
    "name", ["a base_resp", "billing in plain text", "a wrong path, answered with success"]
)
async def test_a_fallback_follows_a_failure_with_success(wire, name):
    _, make = FAILURES[name]
    async with (
        provided(wire, make(wire)) as bad,
        provided(wire, http(wire, answer(wire))) as good,
        runtime_of(wire, p=bad, q=good) as runtime,
    ):
        message = await runtime.complete("x", model="p/m", fallbacks=["q/m"])
    assert message.text == TEXT
    assert [attempt.model for attempt in message.attempts] == ["p/m"]


CALL = {"city": "Rome"}
WHOLE = {
    "bedrock-converse-stream": {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"text": TEXT},
                    {"toolUse": {"toolUseId": "c1", "name": "look", "input": CALL}},
                ],
            }
        },
        "stopReason": "tool_use",
        "usage": {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7},
        "metrics": {"latencyMs": 5},
    },
    "openai-completions": {
        "id": "c",
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": TEXT,
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "look", "arguments": json.dumps(CALL)},
                        }
                    ],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
    },
    "openai-responses": {
        "id": "r",
        "object": "response",
        "status": "completed",
        "output": [
            {
                "id": "m1",
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": TEXT}],
            },
            {
                "id": "f1",
                "type": "function_call",
                "call_id": "c1",
                "name": "look",
                "arguments": json.dumps(CALL),
            },
        ],
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
    },
    "anthropic-messages": {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [
            {"type": "text", "text": TEXT},
            {"type": "tool_use", "id": "c1", "name": "look", "input": CALL},
        ],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    },
}


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("kind", [None, "application/json"], ids=["as a stream", "as JSON"])
async def test_a_whole_answer_is_read_where_a_stream_was_asked_for(wire, kind):
    async with served(wire, document(WHOLE[wire.api], kind=kind)(wire)) as runtime:
        message = await runtime.complete("x", model="p/m")
    assert message.text == TEXT
    assert [(call.name, call.arguments) for call in message.tool_calls] == [("look", CALL)]
    assert message.stop_reason.value == "toolUse"
    assert (message.usage.input, message.usage.output) == (3, 4)


@pytest.mark.parametrize("wire", EACH_WIRE)
async def test_an_answer_without_content_is_reported(wire):
    async with served(wire, http(wire, b"".join(wire.kit.bodies(ScriptedAnswer(""))))) as runtime:
        message = await runtime.complete("x", model="p/m")
    assert message.content == []
    assert [each for each in message.diagnostics if each["type"] == "empty_answer"]


@pytest.mark.parametrize("wire", EACH_WIRE)
async def test_plain_text_with_success_is_not_of_the_api(wire):
    async with served(wire, http(wire, b"Please log in: here")) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    assert (caught.value.code, caught.value.retryable) == FOREIGN
    assert "Please log in: here" in caught.value.message


@pytest.mark.parametrize("wire", EACH_WIRE)
@pytest.mark.parametrize("body", [b"{}", b'{"hello": "you"}', b"[]", b"{"])
async def test_json_that_is_no_answer_is_not_of_the_api(wire, body):
    async with served(wire, http(wire, body, kind="application/json")) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    assert (caught.value.code, caught.value.retryable) == FOREIGN


@pytest.mark.parametrize("wire", EACH_WIRE)
async def test_an_encoded_answer_is_read_though_none_was_asked_for(wire):
    async with served(wire, zipped(wire, gzip.compress(answer(wire)))) as runtime:
        message = await runtime.complete("x", model="p/m")
    assert message.text == TEXT
