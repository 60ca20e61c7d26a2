"""The embedded model behind every door: a real model, without any provider."""

import pytest
from gateway_server import running

from modelwire.runtime import Runtime

MODEL = "local/smollm2-135m-instruct"
QUESTION = "What is the capital of France?"
SAID = [{"role": "user", "content": QUESTION}]


@pytest.fixture
async def gateway(tmp_path):
    async with (
        Runtime.from_config({}, environ={"HOME": str(tmp_path)}) as runtime,
        running(runtime) as made,
    ):
        yield made


def chat(answer):
    return answer["choices"][0]["message"]["content"]


def messages(answer):
    return answer["content"][0]["text"]


def responses(answer):
    return answer["output"][0]["content"][0]["text"]


def converse(answer):
    return answer["output"]["message"]["content"][0]["text"]


@pytest.mark.parametrize(
    ("path", "body", "text_of"),
    [
        ("/v1/chat/completions", {"messages": SAID, "max_completion_tokens": 30}, chat),
        ("/v1/messages", {"messages": SAID, "max_tokens": 30}, messages),
        ("/v1/responses", {"input": QUESTION, "max_output_tokens": 30}, responses),
        (
            f"/model/{MODEL}/converse",
            {
                "messages": [{"role": "user", "content": [{"text": QUESTION}]}],
                "inferenceConfig": {"maxTokens": 30},
            },
            converse,
        ),
    ],
)
async def test_it_answers_at_every_door(gateway, path, body, text_of):
    body = {**body, "model": MODEL} if path.startswith("/v1") else body
    status, _, answer = await gateway.post(path, body)
    assert status == 200, answer
    assert "Paris" in text_of(answer)
    record = await gateway.record()
    assert (record.model, record.cost) == (MODEL, 0)
    assert record.usage.output > 0


async def test_it_streams(gateway):
    body = {"model": "default", "messages": SAID, "max_tokens": 30, "stream": True}
    events = await gateway.events("/v1/chat/completions", body)
    pieces = [data["choices"][0]["delta"].get("content", "") for _, data in events[:-1]]
    assert "Paris" in "".join(pieces)
    assert len([piece for piece in pieces if piece]) > 1
