"""A real model behind the wire, and what happens when it fails."""

import importlib.util
import json

import pytest
from bedrock_apis import PLACES, call, sent_events
from botocore.exceptions import ClientError

from modelwire.config import Config
from modelwire.runtime import Runtime
from modelwire_bedrock.emulator import Emulator
from modelwire_bedrock.emulator.contexts import context_of, options_of
from modelwire_bedrock.emulator.local_model import LocalModel

LOCAL = "local/smollm2-135m-instruct"
NOVA = "us.amazon.nova-lite-v1:0"
HELLO = [{"role": "user", "content": [{"text": "What is the capital of France?"}]}]


@pytest.fixture(scope="module")
def with_model():
    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("the engine xllamacpp is not installed")
    embedded = pytest.importorskip("modelwire_local.models")
    if embedded.find_weights() is None:
        pytest.skip(f"the weights are not installed: {embedded.INSTALL_COMMAND}")
    runtime = Runtime(Config.from_document({}, environ={}))
    with Emulator(model=LocalModel(LOCAL, runtime)) as emulator:
        yield emulator


def test_the_model_answers_chat_completions_too(with_model):
    asked = {"role": "user", "content": "What is the capital of France?"}
    request = PLACES["chat"].request(messages=[asked], max_tokens=24, temperature=0.0, stream=True)

    answer = call(with_model, PLACES["chat"], request)

    chunks = [data for _, data in sent_events(answer.data)[:-1]]
    text = "".join(c["choices"][0]["delta"].get("content", "") for c in chunks)
    assert "Paris" in text
    assert chunks[-1]["choices"][0]["finish_reason"] in ("stop", "length")


def test_boto3_streams_from_a_model_on_this_machine(with_model, client_of, read_stream, text_of):
    limit = {"inferenceConfig": {"maxTokens": 24, "temperature": 0.0}}

    events, failure = read_stream(client_of(with_model), messages=HELLO, **limit)

    assert failure is None
    assert "Paris" in text_of(events)
    assert events[-2]["messageStop"]["stopReason"] in ("end_turn", "max_tokens")
    assert events[-1]["metadata"]["usage"]["outputTokens"] > 0


@pytest.mark.extensive("a model answers on the processor")
def test_the_model_calls_tools_and_follows_schemas(with_model):
    city = {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}}}
    city |= {"required": ["city"], "additionalProperties": False}
    tool = {"type": "function", "function": {"name": "look", "parameters": city}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": city}}

    called = call(
        with_model, PLACES["chat"], PLACES["chat"].request(tools=[tool], tool_choice="required")
    ).json()
    said = call(with_model, PLACES["chat"], PLACES["chat"].request(response_format=form)).json()

    function = called["choices"][0]["message"]["tool_calls"][0]["function"]
    for answer in (function["arguments"], said["choices"][0]["message"]["content"]):
        assert json.loads(answer)["city"] in ("Oslo", "Rome")


def test_a_header_puts_a_built_in_model_before_it(with_model):
    headers = {"x-bedrock-emulator-model": "echo"}

    answer = call(with_model, PLACES["chat"], more=headers.items()).json()

    assert answer["choices"][0]["message"]["content"].endswith("You said: Hello")


def test_converse_says_what_the_stream_says(with_model, client_of):
    client = client_of(with_model)

    answer = client.converse(
        modelId=NOVA, messages=HELLO, inferenceConfig={"maxTokens": 3, "temperature": 0.0}
    )

    assert answer["stopReason"] == "max_tokens"
    assert answer["usage"]["outputTokens"] == 3


def test_a_scenario_goes_before_the_model(with_model, client_of):
    with_model.answer("scripted")

    answer = client_of(with_model).converse(modelId=NOVA, messages=HELLO)

    assert answer["output"]["message"]["content"] == [{"text": "scripted"}]


@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_a_model_that_is_not_there_is_an_http_error(client_of, operation):
    runtime = Runtime(Config.from_document({}, environ={}))
    with Emulator(model=LocalModel("local/no-such-model", runtime)) as emulator:
        client = client_of(emulator)
        with pytest.raises(ClientError) as caught:
            getattr(client, operation)(modelId=NOVA, messages=HELLO)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 400


def test_a_request_becomes_a_context():
    request = {
        "system": [{"text": "Be brief."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"text": "Look"},
                    {"image": {"format": "png", "source": {"bytes": b"png"}}},
                    {
                        "document": {
                            "name": "Notes",
                            "format": "txt",
                            "source": {"bytes": b"a note"},
                        }
                    },
                ],
            },
            {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
                    {"reasoningContent": {"redactedContent": b"opaque"}},
                    {"toolUse": {"toolUseId": "1", "name": "look", "input": {"at": 2}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "toolResult": {
                            "toolUseId": "1",
                            "status": "error",
                            "content": [{"text": "no"}, {"json": {"code": 5}}],
                        }
                    },
                    {"text": "And now?"},
                ],
            },
        ],
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}],
            "toolChoice": {"tool": {"name": "look"}},
        },
        "inferenceConfig": {"maxTokens": 9, "stopSequences": ["END"]},
    }

    context, options = context_of(request), options_of(request)

    first, said, result, last = context.messages
    assert context.system_prompt == "Be brief."
    assert [block.text for block in first.content if hasattr(block, "text")] == [
        "Look",
        "[Notes]\na note",
    ]
    assert first.content[1].data == b"png"
    assert said.thinking == "hm"
    assert said.content[1].redacted_data == b"opaque"
    assert said.tool_calls[0].arguments == {"at": 2}
    assert (result.tool_name, result.is_error) == ("look", True)
    assert [block.text for block in result.content] == ["no", '{"code": 5}']
    assert last.content[0].text == "And now?"
    assert context.tools[0].name == "look"
    assert (options.max_tokens, options.stop) == (9, ("END",))
    assert (options.tool_choice.mode, options.tool_choice.name) == ("tool", "look")
