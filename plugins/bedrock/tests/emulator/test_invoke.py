"""InvokeModel: the bodies of each family, read by boto3; streams and errors."""

import json

import pytest
from botocore.exceptions import ClientError

from modelwire_bedrock.emulator import RedactedThinking, Text, Thinking, ToolUse

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = [{"role": "user", "content": "Hello"}]
NOVA_HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]
MESSAGES = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": HELLO}
LOOK = {"name": "look", "input_schema": {"type": "object"}}

# The model, what is asked, how to find the text of an answer, and of a chunk of a stream.
FAMILIES = {
    "Anthropic": (
        CLAUDE,
        MESSAGES,
        lambda body: body["content"][0]["text"],
        lambda chunk: chunk.get("delta", {}).get("text", ""),
    ),
    "Nova": (
        "us.amazon.nova-lite-v1:0",
        {
            "schemaVersion": "messages-v1",
            "messages": NOVA_HELLO,
            "inferenceConfig": {"maxTokens": 100},
        },
        lambda body: body["output"]["message"]["content"][0]["text"],
        lambda chunk: chunk.get("contentBlockDelta", {}).get("delta", {}).get("text", ""),
    ),
    "Titan Text": (
        "amazon.titan-text-express-v1",
        {"inputText": "Hello", "textGenerationConfig": {"maxTokenCount": 100}},
        lambda body: body["results"][0]["outputText"],
        lambda chunk: chunk["outputText"],
    ),
    "Llama": (
        "us.meta.llama4-maverick-17b-instruct-v1:0",
        {"prompt": "Hello", "max_gen_len": 100},
        lambda body: body["generation"],
        lambda chunk: chunk["generation"],
    ),
    "Mistral": (
        "mistral.mistral-7b-instruct-v0:2",
        {"prompt": "<s>[INST] Hello [/INST]", "max_tokens": 100},
        lambda body: body["outputs"][0]["text"],
        lambda chunk: chunk["outputs"][0]["text"],
    ),
    "Command R": (
        "cohere.command-r-v1:0",
        {
            "message": "Hello",
            "chat_history": [{"role": "USER", "message": "Hi"}],
            "max_tokens": 100,
        },
        lambda body: body["text"],
        lambda chunk: chunk.get("text", ""),
    ),
    "Command": (
        "cohere.command-text-v14",
        {"prompt": "Hello", "max_tokens": 100},
        lambda body: body["generations"][0]["text"],
        lambda chunk: chunk["text"],
    ),
    "DeepSeek R1": (
        "us.deepseek.r1-v1:0",
        {"prompt": "Hello", "max_tokens": 100},
        lambda body: body["choices"][0]["text"],
        lambda chunk: chunk["choices"][0]["text"],
    ),
    "gpt-oss": (
        "openai.gpt-oss-120b-1:0",
        {"messages": [{"role": "system", "content": "Be brief."}, *HELLO], "max_tokens": 100},
        lambda body: body["choices"][0]["message"]["content"],
        lambda chunk: "".join(c["delta"].get("content") or "" for c in chunk["choices"]),
    ),
}


def invoke(client, model, body, **more):
    answer = client.invoke_model(modelId=model, body=json.dumps(body), **more)
    return json.loads(answer["body"].read()), answer["ResponseMetadata"]["HTTPHeaders"]


def stream(client, model, body):
    answer = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))
    return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_is_answered_in_its_own_body(emulator, runtime, family):
    model, body, text, _ = FAMILIES[family]
    emulator.answer("It is sunny in Oslo.")

    answer, headers = invoke(runtime, model, body)

    assert text(answer) == "It is sunny in Oslo."
    assert int(headers["x-amzn-bedrock-input-token-count"]) > 0
    assert int(headers["x-amzn-bedrock-output-token-count"]) > 0
    assert emulator.requests[-1].operation == "InvokeModel"


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_streams_in_its_own_chunks(emulator, runtime, family):
    model, body, _, text = FAMILIES[family]
    emulator.answer("It is sunny in Oslo.")

    chunks = stream(runtime, model, body)

    assert "".join(map(text, chunks)) == "It is sunny in Oslo."
    assert len([chunk for chunk in chunks if text(chunk)]) > 1
    assert chunks[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0
    assert not any("amazon-bedrock-invocationMetrics" in chunk for chunk in chunks[:-1])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_says_that_an_answer_was_cut(emulator, runtime, family):
    model, body, text, _ = FAMILIES[family]
    emulator.answer("word " * 1000)

    answer, headers = invoke(runtime, model, body)

    reasons = ("max_tokens", "length", "LENGTH", "MAX_TOKENS")
    assert any(f'"{reason}"' in json.dumps(answer) for reason in reasons), answer
    assert len(text(answer)) == 400
    assert headers["x-amzn-bedrock-output-token-count"] == "100"


def test_claude_thinks_and_calls_tools(emulator, runtime):
    said = [Thinking("Hm.", "c2ln"), RedactedThinking(b"x"), Text("Look:"), ToolUse("look", {"a": 1}, id="t1")]  # fmt: skip
    emulator.answer(said, times=2)
    body = {**MESSAGES, "tools": [LOOK], "tool_choice": {"type": "auto"}}

    whole, _ = invoke(runtime, CLAUDE, body)
    chunks = stream(runtime, CLAUDE, body)

    assert whole["stop_reason"] == "tool_use"
    assert [block["type"] for block in whole["content"]] == [
        "thinking", "redacted_thinking", "text", "tool_use",
    ]  # fmt: skip
    assert whole["content"][3] == {
        "type": "tool_use",
        "id": "t1",
        "name": "look",
        "input": {"a": 1},
    }
    assert chunks[0]["type"] == "message_start"
    starts = [c["content_block"]["type"] for c in chunks if c["type"] == "content_block_start"]
    assert starts == ["thinking", "redacted_thinking", "text", "tool_use"]
    pieces = [
        c["delta"].get("partial_json", "") for c in chunks if c["type"] == "content_block_delta"
    ]
    assert json.loads("".join(pieces)) == {"a": 1}
    assert [c["type"] for c in chunks[-2:]] == ["message_delta", "message_stop"]


def test_a_second_turn_with_results_is_read(emulator, runtime):
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
    result = {
        "type": "tool_result",
        "tool_use_id": "t1",
        "content": [{"type": "text", "text": "sun"}],
    }
    history = [
        *HELLO,
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]

    answer, _ = invoke(runtime, CLAUDE, {**MESSAGES, "messages": history, "tools": [LOOK]})

    assert answer["content"][0]["text"].endswith("You said: sun")


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        (CLAUDE, {"messages": HELLO, "max_tokens": 5}, "anthropic_version: Field required"),
        (CLAUDE, {**MESSAGES, "anthropic_version": "2026-10-21"}, "Input should be 'bedrock-2023-05-31'"),
        ("us.anthropic.claude-opus-5", {**MESSAGES, "anthropic_version": "x"}, "Input should be"),
        (CLAUDE, {**MESSAGES, "max_tokens": None}, "max_tokens: Field required"),
        (CLAUDE, [], "Malformed input request"),
        (CLAUDE, {**MESSAGES, "max_tokens": "5"}, "#/max_tokens: expected type: Integer"),
        (CLAUDE, {**MESSAGES, "messages": [{"role": "user", "content": [{"type": "x"}]}]}, "tag 'x'"),
        ("us.anthropic.claude-opus-5-5", {**MESSAGES, "temperature": 1}, "`temperature` is deprecated"),
        ("us.anthropic.claude-nonesuch", MESSAGES, "The provided model identifier is invalid."),
        (CLAUDE.removeprefix("us."), MESSAGES, "on-demand throughput"),
        ("us.meta.llama4-maverick-17b-instruct-v1:0", {}, "required key [prompt] not found"),
        ("us.openai.gpt-6-sol", {"messages": HELLO}, "no body format of openai.gpt-6-sol"),
    ],
)  # fmt: skip
def test_a_body_that_the_model_does_not_take_is_refused(runtime, model, body, words):
    with pytest.raises(runtime.exceptions.ValidationException) as refused:
        invoke(runtime, model, body)

    message = refused.value.response["Error"]["Message"]
    assert words in message
    assert not message.startswith("The model returned")


def test_a_body_that_is_no_json_is_refused(runtime):
    for body in ("{", "[" * 100_000, b"\xff"):
        with pytest.raises(runtime.exceptions.ValidationException, match="Malformed input"):
            runtime.invoke_model(modelId=CLAUDE, body=body)


def test_tokens_of_an_invocation_are_counted(runtime):
    counted = runtime.count_tokens(
        modelId=CLAUDE.removeprefix("us."),
        input={"invokeModel": {"body": json.dumps(MESSAGES)}},
    )

    assert counted["inputTokens"] > 0


def test_an_operation_that_the_emulator_lacks_is_named(runtime):
    with pytest.raises(ClientError) as refused:
        runtime.list_async_invokes()

    error = refused.value.response["Error"]
    assert error["Code"] == "UnknownOperationException"
    assert "does not have the operation ListAsyncInvokes. It has ApplyGuardrail" in error["Message"]


EMBEDDINGS = {
    "titan v1": ("amazon.titan-embed-text-v1", lambda t: {"inputText": t}, "embedding", 1536),
    "titan v2": (
        "amazon.titan-embed-text-v2:0",
        lambda t: {"inputText": t, "dimensions": 256, "normalize": True},
        "embedding",
        256,
    ),
    "titan multimodal": (
        "amazon.titan-embed-image-v1",
        lambda t: {"inputText": t, "embeddingConfig": {"outputEmbeddingLength": 384}},
        "embedding",
        384,
    ),
    "cohere v3": (
        "cohere.embed-english-v3",
        lambda t: {"texts": [t], "input_type": "search_query"},
        "embeddings",
        1024,
    ),
    "cohere v4": (
        "us.cohere.embed-v4:0",
        lambda t: {"texts": [t], "input_type": "search_query", "output_dimension": 512},
        "embeddings",
        512,
    ),
    "nova": (
        "amazon.nova-2-multimodal-embeddings-v1:0",
        lambda t: {
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX",
                "embeddingDimension": 384,
                "text": {"truncationMode": "END", "value": t},
            },
        },
        "embeddings",
        384,
    ),
}


def embedded(client, case, text):
    model, body, key, _ = EMBEDDINGS[case]
    found = invoke(client, model, body(text))[0][key]
    found = found[0] if isinstance(found[0], (list, dict)) else found
    return found["embedding"] if isinstance(found, dict) else found


@pytest.mark.parametrize("case", EMBEDDINGS)
def test_texts_that_share_words_have_vectors_that_are_alike(runtime, case):
    cat, kitten, tax = (
        embedded(runtime, case, text)
        for text in ("the cat sat on the mat", "a cat on a mat", "quarterly tax return")
    )

    def likeness(one, other):
        return sum(a * b for a, b in zip(one, other, strict=True))

    assert len(cat) == EMBEDDINGS[case][3]
    assert likeness(cat, cat) == pytest.approx(1)
    assert likeness(cat, kitten) > likeness(cat, tax)


def test_the_forms_of_an_embedding(runtime):
    kinds = ["float", "int8", "uint8", "binary", "ubinary"]
    body = {"texts": ["a", "b"], "input_type": "classification", "embedding_types": kinds}

    by_type = invoke(runtime, "cohere.embed-english-v3", body)[0]["embeddings"]

    assert {kind: len(vectors) for kind, vectors in by_type.items()} == dict.fromkeys(kinds, 2)
    assert [len(by_type[kind][0]) for kind in kinds] == [1024, 1024, 1024, 128, 128]
    assert all(-128 <= value <= 127 for value in by_type["binary"][0] + by_type["int8"][0])
    assert all(0 <= value <= 255 for value in by_type["ubinary"][0] + by_type["uint8"][0])


def _nova(**params):
    text = {"truncationMode": "END", "value": "a"}
    params = {"embeddingPurpose": "GENERIC_INDEX", "text": text, **params}
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


QUERY = {"input_type": "search_query"}


@pytest.mark.parametrize(
    ("model", "body", "said"),
    [
        ("amazon.titan-embed-text-v2:0", {}, r"#: required key \[inputText\] not found"),
        ("amazon.titan-embed-text-v2:0", {"inputText": "a", "dimensions": 100}, "#/dimensions"),
        ("amazon.titan-embed-text-v2:0", {"inputText": ""}, "expected minLength: 1, actual: 0"),
        (
            "amazon.titan-embed-text-v2:0",
            {"inputText": "word " * 9000},
            "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token",
        ),
        (
            "amazon.titan-embed-text-v1",
            {"inputText": "a", "dimensions": 256},
            r"#: extraneous key \[dimensions\] is not permitted",
        ),
        ("amazon.titan-embed-image-v1", {}, "inputText"),
        (
            "cohere.embed-english-v3",
            {"texts": ["a"] * 97, **QUERY},
            "#/texts: expected maximum item count: 96, found: 97",
        ),
        (
            "cohere.embed-english-v3",
            {"texts": ["a", "a" * 2049], **QUERY},
            "#/texts/1: expected maxLength: 2048, actual: 2049, please reformat your input and",
        ),
        (
            "cohere.embed-english-v3",
            {"inputText": "a"},
            (
                r"#: required key \[texts\] not found#: required key \[input_type\] not found"
                r"#: extraneous key \[inputText\] is not permitted, please reformat"
            ),
        ),
        ("cohere.embed-english-v3", {"texts": ["a"], "input_type": "query"}, "#/input_type"),
        ("cohere.embed-english-v3", {"texts": ["a"], **QUERY, "truncate": "LEFT"}, "#/truncate"),
        ("cohere.embed-english-v3", {"texts": [], **QUERY}, "minimum item count"),
        ("us.cohere.embed-v4:0", {"texts": ["a"], "images": ["b"], **QUERY}, "exactly one"),
        ("amazon.nova-2-multimodal-embeddings-v1:0", _nova(embeddingPurpose="SEARCH"), "Purpose"),
        ("amazon.nova-2-multimodal-embeddings-v1:0", _nova(embeddingDimension=512), "Dimension"),
        ("amazon.nova-2-multimodal-embeddings-v1:0", _nova(text={"value": "a"}), "truncationMode"),
    ],
)
def test_an_embedding_model_refuses_what_it_does_not_take(runtime, model, body, said):
    with pytest.raises(runtime.exceptions.ValidationException, match=said):
        invoke(runtime, model, body)


def test_a_vector_is_normalized_by_default(runtime):
    body = {"inputText": "the cat sat on the mat", "normalize": False}
    vector = invoke(runtime, "amazon.titan-embed-text-v2:0", body)[0]["embedding"]
    assert sum(value * value for value in vector) > 2


def test_an_embedding_model_does_not_stream(runtime):
    with pytest.raises(runtime.exceptions.ValidationException, match="streaming"):
        stream(runtime, "amazon.titan-embed-text-v2:0", {"inputText": "a"})
