"""Requests with a kept frame: the same as those that are built from their beginning."""

import pytest

from modelwire.hookspecs import CompletionOptions, ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Citation,
    Context,
    File,
    StopReason,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_bedrock.converse import request as building
from modelwire_bedrock.converse import request_frame
from modelwire_bedrock.converse.request import build_request

MODELS = (
    "anthropic.claude-3-haiku-20240307-v1:0",
    "anthropic.claude-3-7-sonnet-20250219-v1:0",
    "us.anthropic.claude-opus-5",
    "amazon.nova-2-lite-v1:0",
    "amazon.titan-text-express-v1",
    "openai.gpt-oss-120b-1:0",
    "deepseek.r1-v1:0",
    "acme.unheard-of-v1:0",
)
OPTIONS = (
    {},
    {"temperature": 1, "max_tokens": 100},
    {"temperature": 1.5, "top_p": 0.5, "stop": ("END", " ")},
    {"reasoning": "high"},
    {"reasoning": "off", "cache_retention": "long"},
    {"cache_retention": "none"},
)


def said(text):
    return AssistantMessage([Text(text)], "amazon-bedrock", MODELS[0])


CONVERSATIONS = (
    [UserMessage("Hello")],
    [UserMessage([Text("One"), Text("Two")])],
    [UserMessage("Hello"), said("Hi"), UserMessage("And now?")],
    [UserMessage("Hello"), said("Hi"), UserMessage("\ud800 is no text")],
    [UserMessage(" ")],
    [UserMessage([])],
    [],
    [UserMessage([Text("One"), Text("\n")])],
    [UserMessage("\udc00 alone")],
    [UserMessage([Text("Said", citations=[Citation("web", cited_text="It")])])],
    [said("Said by the assistant alone")],
    [UserMessage("Hello"), UserMessage("Hello?")],
    [UserMessage("Hello"), said("It goes on with ")],
    [said("I begin"), UserMessage("Then I")],
    [
        UserMessage("Hello"),
        AssistantMessage([Thinking("Hm"), Text("Hi")], "x", "y"),
        UserMessage("?"),
    ],
    [
        UserMessage("Hello"),
        AssistantMessage([Text("H")], "x", "y", StopReason.ERROR),
        UserMessage("?"),
    ],
    [UserMessage([Text("Read it"), File(b"text", "text/plain", "a.txt")])],
    [
        UserMessage("Do it"),
        AssistantMessage([ToolCall("c1", "look", {})], "amazon-bedrock", MODELS[0]),
        ToolResultMessage("c1", "look", "There"),
    ],
)
HELLO, HI = Context(CONVERSATIONS[0]), Context(CONVERSATIONS[2])


@pytest.fixture(autouse=True)
def frames():
    request_frame._frames.clear()
    yield request_frame._frames
    request_frame._frames.clear()


def build(model, context, options=None, **others):
    return build_request(model, context, options or CompletionOptions(), **others)


def from_the_beginning(model, context, options=None, **others):
    kept = dict(request_frame._frames)
    request_frame._frames.clear()
    try:
        return build(model, context, options, **others)
    finally:
        request_frame._frames.clear()
        request_frame._frames.update(kept)


def shown(request):
    """All of a request, with the order of its keys and the kinds of its numbers."""
    return repr((request.payload, request))


@pytest.fixture
def built(monkeypatch):
    """The conversations whose requests were built from their beginning."""
    seen = []
    build_all = building._build

    def counting(model, context, *others):
        seen.append(context)
        return build_all(model, context, *others)

    monkeypatch.setattr(building, "_build", counting)
    return seen


@pytest.mark.parametrize("model_id", MODELS)
@pytest.mark.parametrize("system", [None, "Be brief.", " "])
def test_a_request_is_the_same_with_a_frame_of_another_conversation(model_id, system):
    model = Model("amazon-bedrock", model_id)
    for given in OPTIONS:
        options = CompletionOptions(**given)
        build(model, Context(CONVERSATIONS[0], system), options)
        for messages in CONVERSATIONS:
            context = Context(messages, system)
            expected = from_the_beginning(model, context, options)
            assert shown(build(model, context, options)) == shown(expected), (given, messages)


def test_a_second_conversation_is_not_built_from_its_beginning(built):
    model = Model("amazon-bedrock", MODELS[0])
    for context in (HELLO, HI, HELLO):
        build(model, context)
    assert built == [HELLO]


def test_a_frame_keeps_no_conversation(frames):
    build(Model("amazon-bedrock", MODELS[0]), Context([UserMessage("Between us")]))
    assert len(frames) == 1
    assert "Between us" not in repr([frame.request.payload for frame in frames.values()])


def test_requests_with_one_frame_share_no_messages():
    model = Model("amazon-bedrock", MODELS[2])
    one, two = build(model, HELLO), build(model, HELLO)
    assert one.payload is not two.payload
    assert one.payload["messages"][0] is not two.payload["messages"][0]


@pytest.mark.parametrize(
    "changed",
    [
        {"max_tokens": 7},
        {"temperature": 0.5},
        {"top_p": 0.5},
        {"stop": ("END",)},
        {"reasoning": "low"},
        {"cache_retention": "none"},
        {"metadata": {"team": "a"}},
        {"params": {"topK": 3}},
        {"response_schema": {"type": "object", "properties": {}}},
    ],
    ids=lambda changed: next(iter(changed)),
)
@pytest.mark.parametrize("model_id", [MODELS[1], MODELS[0]])
def test_a_frame_is_for_its_options_alone(changed, model_id):
    model = Model("amazon-bedrock", model_id, reasoning=True)
    options = CompletionOptions(**changed)
    build(model, HELLO)
    expected = from_the_beginning(model, HI, options)
    assert shown(build(model, HI, options)) == shown(expected)
    build(model, HI, options)
    assert shown(build(model, HI)) == shown(from_the_beginning(model, HI))


def test_numbers_of_another_kind_are_sent_as_they_are():
    model = Model("amazon-bedrock", MODELS[0])
    sent = [
        build(model, HELLO, CompletionOptions(temperature=value)).payload["inferenceConfig"]
        for value in (1, 1.0)
    ]
    assert [repr(config["temperature"]) for config in sent] == ["1", "1.0"]


@pytest.mark.parametrize(
    "others",
    [
        {"settings": {"guardrail": {"guardrailIdentifier": "g", "guardrailVersion": "1"}}},
        {"environ": {"PI_CACHE_RETENTION": "long"}},
        {"region": "us-gov-west-1"},
        {"base_model": MODELS[4]},
        {"configured_limit": 9},
    ],
    ids=lambda others: next(iter(others)),
)
def test_a_frame_is_for_its_configuration_alone(others):
    model = Model("amazon-bedrock", MODELS[2])
    build(model, HELLO)
    expected = from_the_beginning(model, HI, **others)
    assert shown(build(model, HI, **others)) == shown(expected)


def test_what_is_changed_in_place_between_two_calls_is_sent():
    model = Model("amazon-bedrock", MODELS[2])
    settings, environ = {}, {}
    options = CompletionOptions()
    messages = [UserMessage("Hello")]
    tool = Tool("look", "Looks.", {"type": "object", "properties": {}})
    context = Context(messages)

    def same():
        given = {"settings": settings, "environ": environ}
        expected = shown(from_the_beginning(model, context, options, **given))
        assert shown(build(model, context, options, **given)) == expected
        return expected

    seen = [same()]
    context.messages.append(said("Hi"))
    context.messages.append(UserMessage("And?"))
    seen.append(same())
    options.params["serviceTier"] = "flex"
    seen.append(same())
    options.params.clear()
    options.metadata["team"] = "a"
    seen.append(same())
    options.metadata.clear()
    settings["guardrail"] = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    seen.append(same())
    settings.clear()
    environ["PI_CACHE_RETENTION"] = "long"
    seen.append(same())
    environ.clear()
    context = Context(messages, tools=[tool])
    seen.append(same())
    tool.parameters["properties"]["path"] = {"type": "string"}
    seen.append(same())
    assert [seen.index(each) for each in seen] == list(range(len(seen)))


def test_another_model_of_the_same_id_has_a_frame_of_its_own(built):
    first = Model("amazon-bedrock", MODELS[2], max_tokens=100)
    second = Model("amazon-bedrock", MODELS[2], max_tokens=200, reasoning=False)
    build(first, HELLO)
    assert shown(build(second, HI)) == shown(from_the_beginning(second, HI))
    assert built[0] is HELLO
    assert HI in built


def test_frames_are_limited(frames):
    model = Model("amazon-bedrock", MODELS[0])
    for number in range(request_frame._MOST_FRAMES * 2 + 1):
        build(model, Context(CONVERSATIONS[0], f"Prompt {number}"))
        assert 0 < len(frames) <= request_frame._MOST_FRAMES


def test_a_demanded_call_has_no_frame(frames):
    model = Model("amazon-bedrock", MODELS[0])
    tool = Tool("look", "Looks.", {"type": "object", "properties": {}})
    choice = CompletionOptions(tool_choice=ToolChoice("any"))
    build(model, Context(CONVERSATIONS[0], tools=[tool]), choice)
    assert not frames
