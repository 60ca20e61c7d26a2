"""The few failures that are asked again, each once, and the many that are not."""

import asyncio
from urllib.parse import unquote

import pytest
from attrs import evolve

from modelwire.config import Config
from modelwire.errors import (
    AuthenticationError,
    InvalidRequest,
    NotFound,
    RateLimited,
    RequestTimeout,
)
from modelwire.events import Diagnostic
from modelwire.messages import AssistantMessage, Context, Text, Thinking, Tool, UserMessage
from modelwire.models import Model
from modelwire.transport import Deadlines

EXPIRED = "The security token included in the request is expired"
NO_TOOLS = "This model doesn't support tool use in streaming mode."
STALE = "messages.1.content.0: Invalid `signature` in `thinking` block"
WHOLE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "whole"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


async def whole(exchange):
    await exchange.whole(200, WHOLE)


async def test_throttling_is_left_to_the_caller(server, collect, refuses):
    server.answers(refuses(429, "ThrottlingException", "Slow down.", Retry_After="3"))
    _, error = await collect()
    assert type(error) is RateLimited
    assert (error.retry_after, error.request_id) == (3.0, "request-1")
    assert len(server.received) == 1


async def test_expired_credentials_are_loaded_once_more(server, answer, assemble, collect, refuses):
    server.answers(refuses(403, "ExpiredTokenException", EXPIRED), [*answer("hi")])
    deltas, error = await collect()
    assert error is None
    assert assemble(deltas).content == [Text("hi")]
    assert [
        d.data["path"] for d in deltas if isinstance(d, Diagnostic) and d.type == "retried"
    ] == ["credentials"]


async def test_credentials_that_stay_expired_are_an_error_that_helps(server, collect, refuses):
    server.answers(refuses(403, "ExpiredTokenException", EXPIRED))
    _, error = await collect()
    assert isinstance(error, AuthenticationError)
    assert error.hint
    assert len(server.received) == 2


async def test_credentials_are_read_again_from_the_files(
    server, answer, tmp_path, provider, collect, refuses
):
    def write(key):
        (tmp_path / "credentials").write_text(
            f"[default]\naws_access_key_id = {key}\naws_secret_access_key = x\n"
        )

    async def expired(exchange):
        write("NEWKEY")
        await refuses(403, "ExpiredTokenException", EXPIRED)(exchange)

    write("OLDKEY")
    server.answers(expired, [*answer("hi")])
    _, error = await collect(provider=evolve(provider, extra={}))

    assert error is None
    used = [request.headers["Authorization"] for request in server.received]
    assert "OLDKEY" in used[0]
    assert "NEWKEY" in used[1]


def thought():
    said = [Thinking("hm", "c2ln"), Text("hi")]
    before = AssistantMessage(
        said, "amazon-bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    )
    return Context([UserMessage("hello"), before, UserMessage("and?")])


async def test_a_stale_signature_is_sent_again_without_thinking(
    server, answer, assemble, collect, refuses
):
    server.answers(refuses(400, "ValidationException", STALE), [*answer("hi")])
    deltas, error = await collect(thought())

    assert error is None
    assert assemble(deltas).content == [Text("hi")]
    first, second = (str(request.json) for request in server.received)
    assert "reasoningContent" in first
    assert "reasoningContent" not in second
    assert any(isinstance(d, Diagnostic) and d.type == "retried" for d in deltas)


async def test_a_stale_signature_that_a_frame_reports_is_treated_alike(
    server, answer, event, exception, collect, text_of
):
    start = event("messageStart", {"role": "assistant"})
    failed = exception("validationException", {"message": STALE})
    server.answers([start + failed], [*answer("hi")])
    deltas, error = await collect(thought())
    assert error is None
    assert text_of(deltas) == "hi"


async def test_a_stale_signature_is_asked_again_only_once(server, collect, refuses):
    server.answers(refuses(400, "ValidationException", STALE))
    _, error = await collect(thought())
    assert isinstance(error, InvalidRequest)
    assert len(server.received) == 2


async def test_without_thinking_to_leave_out_the_refusal_is_raised(server, collect, refuses):
    server.answers(refuses(400, "ValidationException", STALE))
    _, error = await collect()
    assert isinstance(error, InvalidRequest)
    assert len(server.received) == 1


BARE = Model("amazon-bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0")


def called(server):
    return [unquote(request.line.split("/")[2]) for request in server.received]


async def test_a_model_that_answers_through_a_profile_is_called_through_it(
    server, answer, collect, text_of
):
    server.answers([*answer("hi")])
    deltas, error = await collect(model=BARE)

    assert error is None
    assert text_of(deltas) == "hi"
    assert called(server) == [f"eu.{BARE.id}"]
    assert "inference profile" in deltas[0].data["reason"]


async def test_a_model_that_turns_out_to_need_a_profile_is_called_through_it(
    server, answer, collect, text_of, refuses
):
    said = "Invocation with on-demand throughput isn\u2019t supported. Use an inference profile."
    server.answers(refuses(400, "ValidationException", said), [*answer("hi")])
    deltas, error = await collect(model=Model("amazon-bedrock", "amazon.new-model-v1:0"))

    assert error is None
    assert text_of(deltas) == "hi"
    assert called(server) == ["amazon.new-model-v1:0", "eu.amazon.new-model-v1:0"]
    told = [d.data["path"] for d in deltas if isinstance(d, Diagnostic) and "path" in d.data]
    assert told[-2:] == ["model", "model"]


async def test_a_profile_that_is_not_there_is_reported(server, collect, refuses):
    server.answers(refuses(400, "ValidationException", "The provided model identifier is invalid."))
    _, error = await collect(model=BARE)
    assert isinstance(error, NotFound)
    assert f"eu.{BARE.id}" in error.hint


async def test_a_chosen_profile_that_does_not_exist_is_replaced_once_and_remembered(
    server, answer, collect, text_of, refuses
):
    model = Model("amazon-bedrock", "anthropic.claude-opus-4-6-v1")
    params = {"region": "ap-northeast-1"}
    said = "The provided model identifier is invalid."
    server.answers(refuses(400, "ValidationException", said), [*answer("hi")], [*answer("again")])
    deltas, error = await collect(model=model, params=params)
    assert error is None
    assert text_of(deltas) == "hi"
    await collect(model=model, params=params)
    jp, apac = (f"{prefix}.{model.id}" for prefix in ("jp", "apac"))
    assert called(server) == [jp, apac, apac]


async def test_a_model_that_only_a_global_profile_serves_is_not_called_unless_that_is_allowed(
    server, answer, collect, provider
):
    server.answers([*answer("hi")])
    model = Model("amazon-bedrock", "xai.grok-4.6")
    _, error = await collect(model=model)
    assert isinstance(error, InvalidRequest)
    assert "global.xai.grok-4.6" in f"{error} {error.hint}"
    assert called(server) == []
    allowed = evolve(provider, extra={**provider.extra, "allowGlobal": True})
    _, error = await collect(model=model, provider=allowed)
    assert error is None
    assert called(server) == ["global.xai.grok-4.6"]


async def test_an_application_profile_is_asked_for_the_model_behind_it(
    server, answer, collect, config
):
    arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/ab12"
    behind = "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0"
    profile = {
        "inferenceProfileName": "mine",
        "inferenceProfileArn": arn,
        "inferenceProfileId": "ab12",
        "models": [{"modelArn": behind}],
        "status": "ACTIVE",
        "type": "APPLICATION",
    }

    async def tell(exchange):
        await exchange.whole(200, profile)

    server.answers(tell, [*answer("hi")])
    environ = {**config.environ, "AWS_ENDPOINT_URL_BEDROCK": server.url}
    _, error = await collect(
        model=Model("amazon-bedrock", arn), reasoning="low", config=Config.empty(environ)
    )

    assert error is None
    asked, sent = server.received
    assert asked.line.startswith("GET /inference-profiles/")
    assert sent.json["additionalModelRequestFields"]["thinking"]["type"] == "enabled"


@pytest.mark.parametrize("message", [NO_TOOLS, "The model is unsupported for streaming."])
async def test_a_model_that_cannot_stream_answers_as_a_whole(
    server, assemble, message, collect, refuses
):
    server.answers(refuses(400, "ValidationException", message), whole)
    deltas, error = await collect()

    assert error is None
    assert assemble(deltas).content == [Text("whole")]
    first, second = (request.line.split()[1] for request in server.received)
    assert first.endswith("/converse-stream")
    assert second.endswith("/converse")


async def test_a_model_that_is_known_not_to_stream_tools_is_not_asked_to(server, assemble, collect):
    server.answers(whole)
    tools = [Tool("look", "Looks.", {"type": "object", "properties": {}})]
    context = Context([UserMessage("hello")], tools=tools)
    llama = Model("amazon-bedrock", "us.meta.llama3-1-70b-instruct-v1:0")
    deltas, error = await collect(context, model=llama)

    assert error is None
    assert assemble(deltas).content == [Text("whole")]
    (request,) = server.received
    assert request.line.split()[1].endswith("/converse")


async def test_the_total_deadline_covers_all_tries(server, collect, refuses):
    async def slow(exchange):
        await asyncio.sleep(0.3)
        await refuses(403, "ExpiredTokenException", EXPIRED)(exchange)

    async def silent(exchange):
        await exchange.reader.read()

    server.answers(slow, silent)
    began = asyncio.get_running_loop().time()
    _, error = await collect(deadlines=Deadlines(total=1.0))
    assert isinstance(error, RequestTimeout)
    assert error.phase == "total"
    assert asyncio.get_running_loop().time() - began >= 0.9


@pytest.mark.parametrize(
    "said", [STALE, "User messages cannot contain reasoning content. Please remove it."]
)
async def test_another_claudes_thinking_is_left_out_where_it_is_refused(
    server, answer, collect, refuses, said
):
    server.answers(refuses(400, "ValidationException", said), [*answer("hi")])
    context = thought()
    context.messages[1].model = "eu.anthropic.claude-opus-4-5-20251101-v1:0"
    _, error = await collect(context)
    assert error is None
    assert ["c2ln" in str(request.json) for request in server.received] == [True, False]
