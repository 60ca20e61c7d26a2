"""Each call follows the settings, files and addresses as they are when it is made."""

import cProfile
import json
import pstats

import pytest
from attrs import evolve

from modelwire.config import Config, PluginEntry, PluginsConfig
from modelwire.errors import ConnectionFailed, StreamTruncated
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Diagnostic,
    ResponseInfo,
    Stop,
    ToolCallStart,
)
from modelwire.events.assembler import Assembler
from modelwire.messages import StopReason, ToolCall
from modelwire.models import Model

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
OWN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile"


async def test_keys_that_changed_in_the_files_sign_the_next_request(
    server, answer, tmp_path, provider, collect
):
    def write(key):
        keys = f"[default]\naws_access_key_id = {key}\naws_secret_access_key = x\n"
        (tmp_path / "credentials").write_text(keys)

    server.answers([*answer("hi")])
    owner = evolve(provider, extra={})
    for key in ("FIRSTKEY", "ANOTHERKEY"):
        write(key)
        _, error = await collect(provider=owner)
        assert error is None
        assert f"Credential={key}/" in server.received[-1].headers["Authorization"]
    assert len(server.received) == 2


async def test_a_guardrail_is_that_of_the_present_configuration(server, answer, config, collect):
    def settings(**guardrail):
        entry = PluginEntry(config={"guardrail": guardrail} if guardrail else {})
        return evolve(config, plugins=PluginsConfig(entries={"amazon-bedrock": entry}))

    server.answers([*answer("hi")])
    one = {"guardrailIdentifier": "one", "guardrailVersion": "1"}
    other = {"guardrailIdentifier": "other", "guardrailVersion": "2"}
    for guardrail in (one, other, {}):
        _, error = await collect(config=settings(**guardrail))
        assert error is None
    sent = [request.json.get("guardrailConfig") for request in server.received]
    assert sent == [one, other, None]


@pytest.mark.parametrize(
    ("ending", "path"), [("", ""), ("/", ""), ("/prefix", "/prefix"), ("/prefix/", "/prefix")]
)
async def test_an_address_may_end_in_a_slash(server, answer, provider, collect, ending, path):
    server.answers([*answer("hi")])
    _, error = await collect(provider=evolve(provider, base_url=server.url + ending))
    assert error is None
    assert server.received[0].line.split()[1].startswith(f"{path}/model/eu.anthropic")


@pytest.mark.parametrize(
    "model_id", ["us.anthropic.claude-fable-5", "us.anthropic.claude-mythos-5"]
)
async def test_a_refusal_and_a_cut_are_errors_in_every_family(
    server, answer, collect, text_of, model_id
):
    server.answers([*answer("I will", stop="refusal")], answer("I will")[:3])
    model = Model("amazon-bedrock", model_id)
    for code in ("content_filtered", "stream_truncated"):
        deltas, error = await collect(model=model)
        assert error.code == code
        assert text_of(deltas) == "I will"
        assert Stop not in map(type, deltas)


async def test_a_call_that_is_cut_is_not_among_what_arrived(server, event, answer, collect):
    start = {"toolUse": {"toolUseId": "a", "name": "rm"}}
    piece = {"toolUse": {"input": '{"path": "/'}}
    server.answers([
        answer("x")[0],
        event("contentBlockStart", {"contentBlockIndex": 0, "start": start}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": piece}),
    ])  # fmt: skip
    deltas, error = await collect()
    assert type(error) is StreamTruncated
    assembler = Assembler("amazon-bedrock", "m")
    for delta in deltas:
        assembler.feed(delta)
    assembler.fail(error)
    assert error.partial.content == []
    assert error.partial.diagnostics[-1]["type"] == "incomplete_tool_calls"


async def test_a_connection_that_breaks_before_the_answer_is_reported_as_such(
    server, collect, model
):
    async def handle(exchange):
        exchange.reset()

    server.answers(handle)
    deltas, error = await collect()
    assert type(error) is ConnectionFailed
    assert error.retryable
    assert (error.provider, error.model) == ("amazon-bedrock", model.id)
    assert [d for d in deltas if not isinstance(d, Diagnostic | ResponseInfo)] == []


def behind(*models):
    """What AWS says about an application profile."""
    arns = [{"modelArn": f"arn:aws:bedrock:eu-west-1::foundation-model/{m}"} for m in models]
    return {
        "inferenceProfileName": "mine",
        "inferenceProfileArn": OWN,
        "inferenceProfileId": "ab12",
        "models": arns,
        "status": "ACTIVE",
        "type": "APPLICATION",
    }


@pytest.mark.parametrize(
    ("name", "models", "cached"),
    [
        ("same", [SONNET, SONNET], True),
        ("akin", [SONNET, "anthropic.claude-haiku-4-5-20251001-v1:0"], True),
        ("mixed", [SONNET, "meta.llama3-8b-instruct-v1:0"], False),
        ("none", [], False),
    ],
)
async def test_a_profile_is_taken_for_a_family_only_if_all_its_models_are_of_it(
    server, answer, config, collect, name, models, cached
):
    async def tell(exchange):
        await exchange.whole(200, behind(*models))

    server.answers(tell, [*answer("hi")])
    environ = {**config.environ, "AWS_ENDPOINT_URL_BEDROCK": server.url}
    model = Model("amazon-bedrock", f"{OWN}/{name}")
    _, error = await collect(model=model, config=Config.empty(environ))
    assert error is None
    assert ("cachePoint" in str(server.received[1].json)) is cached


def test_arguments_are_parsed_once_however_many_pieces_they_come_in():
    arguments = {"text": "x" * 20_000}
    text = json.dumps(arguments)

    def calls(size):
        assembler, profile = Assembler("amazon-bedrock", "m"), cProfile.Profile()
        profile.enable()
        assembler.feed(ToolCallStart(0, "a", "write"))
        for start in range(0, len(text), size):
            assembler.feed(ArgumentsDelta(0, text[start : start + size]))
        assembler.feed(BlockEnd(0))
        assembler.feed(Stop(StopReason.TOOL_USE))
        message = assembler.finish()[-1].message
        profile.disable()
        assert message.content == [ToolCall("a", "write", arguments)]
        counted = pstats.Stats(profile).stats.items()
        return sum(found[0] for (_, _, name), found in counted if name == "raw_decode")

    assert calls(10) == calls(len(text)) == 1
