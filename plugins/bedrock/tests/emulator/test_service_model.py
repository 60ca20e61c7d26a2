"""What botocore's service model forbids is refused in AWS's words."""

import json

import pytest
import urllib3

from modelwire_bedrock.emulator import Emulator

HELLO = {"role": "user", "content": [{"text": "Hello"}]}
TOOL = {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}


@pytest.fixture(scope="module")
def judge():
    with Emulator() as emulator:
        yield emulator


def post(emulator, document, path="/model/us.amazon.nova-lite-v1%3A0/converse"):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    with urllib3.PoolManager() as pool:
        return pool.request("POST", emulator.url + path, body=body)


def named(name):
    return {"tools": [{"toolSpec": {**TOOL["toolSpec"], "name": name}}]}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"toolConfig": named("browser.navigate")},
            (
                "1 validation error detected: Value 'browser.navigate' at "
                "'toolConfig.tools.1.member.toolSpec.name' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: [a-zA-Z0-9_-]+"
            ),
        ),
        (
            {"toolConfig": named("x" * 65)},
            "Member must have length less than or equal to 64",
        ),
        (
            {"toolConfig": {"tools": []}},
            (
                "Value '[]' at 'toolConfig.tools' failed to satisfy constraint: Member must have "
                "length greater than or equal to 1"
            ),
        ),
        (
            {"inferenceConfig": {"temperature": 1.5}},
            (
                "Value '1.5' at 'inferenceConfig.temperature' failed to satisfy constraint: Member "
                "must have value less than or equal to 1"
            ),
        ),
        (
            {"inferenceConfig": {"maxTokens": 0}},
            "Member must have value greater than or equal to 1",
        ),
        (
            {"messages": [{"role": "robot", "content": [{"text": "Hello"}]}]},
            (
                "Value 'robot' at 'messages.1.member.role' failed to satisfy constraint: Member must "
                "satisfy enum value set: [user, assistant"
            ),
        ),
        (
            {"messages": [{"content": [{"text": "Hello"}]}]},
            (
                "Value null at 'messages.1.member.role' failed to satisfy constraint: Member must not "
                "be null"
            ),
        ),
        (
            {"inferenceConfig": {"temperature": 2, "maxTokens": 0}},
            "2 validation errors detected: ",
        ),
        ({"messages": [{"role": "user", "content": [{"unknown": 1}]}]}, "must set one of the"),
        (
            {"messages": [{"role": "user", "content": [{"text": "a", "image": {}}]}]},
            "Member must not be null",
        ),
        ({"system": [{"text": ""}]}, "Member must have length greater than or equal to 1"),
        ({"requestMetadata": {"k" * 257: "v"}}, None),
    ],
)
def test_values_out_of_bounds(judge, change, words):
    answer = post(judge, {"messages": [HELLO], **change})

    if words is None:
        assert answer.status == 200  # keys of maps are not judged
        return
    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"].startswith("ValidationException")
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    "document",
    [
        b"{",
        b"[]",
        {"messages": "Hello"},
        {"messages": [{"role": "user", "content": {"text": "Hello"}}]},
        {"messages": [{"role": "user", "content": [{"text": 5}]}]},
        {"messages": [HELLO], "inferenceConfig": {"maxTokens": "many"}},
        {"messages": [HELLO], "inferenceConfig": {"maxTokens": 1.5}},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"image": {"format": "png", "source": {"bytes": "%"}}}],
                }
            ]
        },
    ],
)
def test_values_of_a_wrong_type(judge, document):
    answer = post(judge, document)

    assert answer.status == 400
    assert answer.headers["x-amzn-errortype"].startswith("SerializationException")


def test_members_that_the_model_does_not_know_are_ignored(judge):
    assert post(judge, {"messages": [HELLO], "novelty": {"a": 1}}).status == 200


@pytest.mark.parametrize("path", ["/", "/model/x/nonesuch", "//model/x/converse"])
def test_an_unknown_operation(judge, path):
    answer = post(judge, {}, path)

    assert answer.status == 404
    assert answer.headers["x-amzn-errortype"].startswith("UnknownOperationException")


def test_every_answer_has_a_request_id_of_its_own(judge):
    ids = {post(judge, {"messages": [HELLO]}).headers["x-amzn-requestid"] for _ in range(3)}

    assert len(ids) == 3
    assert {request.request_id for request in judge.requests} >= ids
