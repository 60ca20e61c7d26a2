"""CountTokens is asked about the request that would be sent."""

from urllib.parse import unquote

import pytest

from modelwire.errors import InvalidRequest, MalformedResponse
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, Tool, UserMessage
from modelwire_bedrock.converse.token_count import count_input_tokens

CONTEXT = Context([UserMessage("hello")], "Be brief.", [Tool("look")])


@pytest.fixture
def count(model, provider, config, transport, clients):
    async def run(context=CONTEXT, **options):
        return await count_input_tokens(
            model,
            context,
            CompletionOptions(**options),
            provider,
            config,
            transport,
            clients=clients,
        )

    return run


def answers(body, status=200):
    async def handle(exchange):
        await exchange.whole(status, body)

    return handle


async def test_the_whole_request_is_counted(server, count):
    server.answers(answers({"inputTokens": 42}))
    assert await count(max_tokens=9, temperature=0.5) == 42
    (asked,) = server.received
    path = unquote(asked.line.split()[1])
    assert path == "/model/anthropic.claude-sonnet-4-5-20250929-v1:0/count-tokens"
    counted = asked.json["input"]["converse"]
    assert counted["messages"] == [{"role": "user", "content": [{"text": "hello"}]}]
    assert counted["system"] == [{"text": "Be brief."}]
    assert [tool["toolSpec"]["name"] for tool in counted["toolConfig"]["tools"]] == ["look"]
    assert "inferenceConfig" not in counted
    assert "Authorization" in asked.headers


async def test_a_model_that_cannot_be_counted_is_an_error_that_names_it(
    server, count, refuses, model
):
    said = "The provided model doesn't support counting tokens."
    server.answers(refuses(400, "ValidationException", said))
    with pytest.raises(InvalidRequest, match="counting tokens") as caught:
        await count()
    assert caught.value.model == model.id


@pytest.mark.parametrize("body", [{}, {"inputTokens": "many"}, {"inputTokens": -1}, [], b"no"])
async def test_an_answer_without_a_number_is_malformed(server, count, body):
    server.answers(answers(body))
    with pytest.raises(MalformedResponse):
        await count()
