"""Data that is nested too deep, from a model or from the caller: typed errors, and a way to go on."""

import importlib
import json

import pytest

from modelwire.errors import InvalidMessage, InvalidRequest, MalformedToolCall
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantMessage,
    Context,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.codec import message_to_json
from modelwire.sessions import Session

DEEP_CALLER = """
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason

    seen = []

    @hookimpl
    async def stream_completion(model, context, options):
        seen.append((context, options))
        yield TextDelta(0, "so far")
        if model.id != "plain":
            yield ToolCallStart(1, "c", "tool")
            yield ArgumentsDelta(1, ARGUMENTS[model.id])
            yield BlockEnd(1)
        yield Stop(StopReason.STOP)

    ARGUMENTS = {
        "128": '{"a":' * 127 + "{}" + "}" * 127,
        "129": '{"a":' * 128 + "{}" + "}" * 128,
        "600": '{"a":' * 600 + "1" + "}" * 600,
        "lists": '{"a":' + "[" * 600 + "]" * 600 + "}",
        "100000": '{"a":' * 100_000,
        "infinite": '{"a": 1e999}',
        "negative": '{"a": -1e999}',
        "constant": '{"a": Infinity}',
        "digits": '{"a": ' + "9" * 5000 + "}",
    }
"""


def nested(levels):
    data = {}
    for _ in range(levels - 1):
        data = {"a": data}
    return data


def cyclic():
    data = {}
    data["again"] = [data, data]
    return data


@pytest.fixture
def deep(site):
    module = site.provider("deep", DEEP_CALLER)
    site.provider("echo")
    return importlib.import_module(module)


async def test_arguments_at_the_limit_can_be_kept_and_sent_back(deep, make_runtime, tmp_path):
    runtime = make_runtime()
    message = await runtime.complete("x", model="deep/128")
    json.dumps(message_to_json(message))
    with Session.create(tmp_path / "s.jsonl", cwd="/work") as session:
        session.add(message)
    history = [UserMessage("x"), message, ToolResultMessage("c", "tool", "ok")]
    answer = await runtime.complete(history, model="deep/plain")
    assert answer.diagnostics == []
    assert deep.seen[-1][0].messages[1] is message


@pytest.mark.parametrize("model", ["129", "600", "lists", "100000"])
async def test_deeper_arguments_of_a_model_are_a_malformed_call(deep, make_runtime, model):
    with pytest.raises(MalformedToolCall) as caught:
        await make_runtime().complete("x", model=f"deep/{model}")
    assert str(caught.value) == (
        "The call of tool 'tool' has arguments that are nested deeper than 128 levels."
    )
    assert caught.value.partial.text == "so far"
    json.dumps(message_to_json(caught.value.partial), allow_nan=False)


@pytest.mark.parametrize("model", ["infinite", "negative", "constant", "digits"])
async def test_numbers_that_json_does_not_have_are_a_malformed_call(deep, make_runtime, model):
    with pytest.raises(MalformedToolCall, match="hold a number that is not valid JSON") as caught:
        await make_runtime().complete("x", model=f"deep/{model}")
    assert caught.value.partial.text == "so far"


DEEP = pytest.mark.parametrize(
    "value", [nested(129), nested(5000), cyclic()], ids=["129", "5000", "itself"]
)


@DEEP
async def test_a_conversation_that_holds_deep_arguments_goes_on(deep, make_runtime, value):
    call = ToolCall("c", "tool", value)
    history = [
        UserMessage("x"),
        AssistantMessage([Text("I call"), call], "old", "m-1"),
        ToolResultMessage("c", "tool", "ok"),
    ]
    runtime = make_runtime()
    for model in ("deep/plain", "echo/e"):
        message = await runtime.complete(history, model=model)
        assert message.diagnostics[0] == {
            "type": "rewritten",
            "path": "messages[1].content[1].arguments",
            "reason": "The arguments were nested deeper than 128 levels; an empty object is sent.",
        }
        json.dumps(message_to_json(message))
    sent = deep.seen[0][0].messages
    assert sent[1].content == [Text("I call"), ToolCall("c", "tool", {})]
    assert call.arguments is value, "the caller's own message is not changed"


@DEEP
@pytest.mark.parametrize(
    ("place", "error", "call"),
    [
        (
            "tools[1].parameters",
            InvalidMessage,
            lambda value: {"tools": [Tool("a"), Tool("b", "", value)]},
        ),
        ("options.params", InvalidRequest, lambda value: {"params": {"x": value}}),
        ("options.metadata", InvalidRequest, lambda value: {"metadata": {"x": value}}),
        ("options.response_schema", InvalidRequest, lambda value: {"response_schema": value}),
        (
            "options.params",
            InvalidRequest,
            lambda value: {"options": CompletionOptions(params={"x": value})},
        ),
    ],
)
async def test_what_the_caller_gives_is_refused_before_anything_is_asked(
    deep, make_runtime, place, error, call, value
):
    runtime = make_runtime()
    said = f"{place} is nested deeper than 128 levels."
    with pytest.raises(error) as caught:
        runtime.stream("x", model="deep/plain", fallbacks=["echo/e"], **call(value))
    assert str(caught.value) == said
    assert not caught.value.retryable
    with pytest.raises(error):
        await runtime.dry_run("x", model="deep/plain", **call(value))
    assert deep.seen == []


async def test_tools_in_a_context_are_looked_at_too(deep, make_runtime):
    context = Context([UserMessage("x")], tools=[Tool("a", "", nested(600))])
    with pytest.raises(InvalidMessage, match=r"^tools\[0\]\.parameters is nested deeper"):
        make_runtime().stream(context, model="deep/plain")
