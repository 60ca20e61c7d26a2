"""One answer through a real runtime, a real connection and a server on loopback."""

import json

import pytest
from responses_events import REASONING, created, done, end, message_item, said, text, usage

from modelwire.errors import (
    AuthenticationError,
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    RateLimited,
    ServerError,
    StreamTruncated,
)
from modelwire.messages import AssistantMessage, StopReason, Text, Thinking, UserMessage

OWN = AssistantMessage(
    [Thinking("Let me see.", json.dumps(REASONING)), Text("Hi", '{"v":1,"id":"msg_1"}')],
    "mine",
    "gpt-5",
    "openai-responses",
)
HISTORY = [UserMessage("q"), OWN, UserMessage("go on")]
STALE = "The encrypted content gAAA... could not be verified."


@pytest.fixture
def answer(wire):
    return wire([created(), *said(["Hel", "lo"]), end()])


async def test_an_answer(service, runtime, answer):
    service.says(answer)
    message = await runtime.complete("hello", model="mine/gpt-5", system="Be kind.")
    assert message.text == "Hello"
    assert message.usage.input == 10
    ((path, headers, body),) = service.received
    assert path == "/v1/responses"
    assert headers["Authorization"] == "Bearer k"
    assert body["instructions"] == "Be kind."
    assert body["store"] is False
    assert body["include"] == ["reasoning.encrypted_content"]


async def test_the_connection_is_used_again(service, runtime, answer):
    service.says(answer)
    for _ in range(2):
        assert (await runtime.complete("hello", model="mine/gpt-5")).text == "Hello"
    assert len(service.received) == 2


async def test_a_conversation_goes_on_with_what_the_service_gave(service, runtime, wire):
    first = [created(), done(0, REASONING), *said(["Hi"], output=1), end()]
    service.says(wire(first))
    message = await runtime.complete("q", model="mine/gpt-5")
    await runtime.complete([UserMessage("q"), message, UserMessage("go on")], model="mine/gpt-5")
    sent = service.received[-1][2]["input"]
    assert sent[1] == REASONING
    assert sent[2]["id"] == "msg_1"


async def test_what_was_changed_is_on_the_message(service, runtime, answer):
    service.says(answer)
    message = await runtime.complete("hello", model="mine/gpt-5", stop=("END",))
    assert message.diagnostics == [
        {
            "type": "dropped",
            "path": "options.stop",
            "reason": "The Responses API knows no stop sequences.",
        }
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        {"message": STALE, "code": "invalid_encrypted_content", "type": "invalid_request_error"},
        {"message": STALE, "code": None, "type": "invalid_request_error"},
        {
            "message": "Item 'rs_1' of type 'reasoning' was provided without its required following item."
        },
        {
            "message": "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false."
        },
    ],
)
@pytest.mark.parametrize("status", [400, 404])
async def test_an_item_that_is_not_taken_back_is_left_out_once(
    refusal, status, service, runtime, answer
):
    service.refuses(status, refusal)
    service.says(answer)
    message = await runtime.complete(HISTORY, model="mine/gpt-5")
    assert message.text == "Hello"
    (_, _, first), (_, _, second) = service.received
    assert first["input"][1] == REASONING
    assert [item.get("type") for item in second["input"]] == [None, "message", None]
    assert not any("id" in item for item in second["input"])
    assert [entry["type"] for entry in message.diagnostics] == ["retried", "dropped"]


async def test_an_item_that_is_still_refused_is_an_error(service, runtime):
    service.refuses(400, {"message": STALE})
    with pytest.raises(InvalidRequest, match="could not be verified"):
        await runtime.complete(HISTORY, model="mine/gpt-5")
    assert len(service.received) == 2


async def test_other_refusals_are_not_repeated(service, runtime):
    service.refuses(400, {"message": "Unknown parameter: 'x'."})
    with pytest.raises(InvalidRequest, match="Unknown parameter"):
        await runtime.complete(HISTORY, model="mine/gpt-5")
    service.refuses(400, {"message": STALE})
    service.answers.pop(0)
    with pytest.raises(InvalidRequest):
        await runtime.complete("hello", model="mine/gpt-5")
    assert len(service.received) == 2


async def test_a_wrong_key_is_said_without_the_key(service, runtime):
    service.refuses(401, {"message": "Incorrect API key provided: k.", "code": "invalid_api_key"})
    with pytest.raises(AuthenticationError):
        await runtime.complete("hello", model="mine/gpt-5")


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        ([text(0, "Hi")], StreamTruncated),
        ([text(0, "Hi"), end("failed", error={"code": "server_error", "message": "Oh"})], ServerError),
        ([text(0, "Hi"), {"type": "error", "code": "rate_limit_exceeded", "message": "Oh"}], RateLimited),
    ],
)  # fmt: skip
async def test_what_came_before_a_failure_is_kept(events, kind, service, runtime, wire):
    service.says(wire([created(), *events]))
    with pytest.raises(kind) as caught:
        await runtime.complete("hello", model="mine/gpt-5")
    assert caught.value.partial.text == "Hi"
    assert caught.value.partial.response_id == "resp_1"
    assert caught.value.provider == "mine"
    assert caught.value.model == "gpt-5"


async def test_a_key_in_a_failure_is_hidden(service, tmp_path, wire, config_of):
    from modelwire.runtime import Runtime
    from modelwire.transport import RetryPolicy

    secret = "sk-very-secret-1234"
    error = {"code": "server_error", "message": f"upstream refused {secret}"}
    service.says(wire([end("failed", error=error)]))
    config = config_of(service.url, secret)
    async with Runtime(
        config, retries=RetryPolicy(max_attempts=1), cache_directory=tmp_path
    ) as runtime:
        with pytest.raises(ServerError) as caught:
            await runtime.complete("hello", model="mine/gpt-5")
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value.__cause__)


async def test_an_answer_at_once_is_taken_too(service, runtime):
    response = end(output=[message_item("Hello")])["response"]
    service.says(json.dumps(response).encode(), content_type="application/json")
    assert (await runtime.complete("hello", model="mine/gpt-5")).text == "Hello"


async def test_a_page_is_no_answer(service, runtime):
    service.says(b"<html><title>Sign in</title></html>", content_type="text/html")
    with pytest.raises(MalformedResponse, match="Sign in"):
        await runtime.complete("hello", model="mine/gpt-5")


async def test_a_limit_passed_over_in_silence_is_seen(service, runtime, wire):
    service.says(wire([*said(["Hi"]), end(usage=usage(output=8))]))
    message = await runtime.complete("hello", model="mine/gpt-4o", max_tokens=8)
    assert message.stop_reason is StopReason.LENGTH


async def test_a_refused_connection_is_reported(tmp_path, config_of):
    from modelwire.runtime import Runtime
    from modelwire.transport import RetryPolicy

    config = config_of("http://127.0.0.1:1/v1")
    async with Runtime(
        config, retries=RetryPolicy(max_attempts=1), cache_directory=tmp_path
    ) as runtime:
        with pytest.raises(ConnectionFailed):
            await runtime.complete("hello", model="mine/gpt-5")
