"""Models that take no schema answer by the call of a tool, whose arguments are the text."""

import json
from dataclasses import dataclass

import pytest

from modelwire import Agent, SyncRuntime, Tool
from modelwire.errors import Overloaded, StreamTruncated
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Diagnostic,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.messages import StopReason
from modelwire_bedrock.converse.answer_tool import AnswerByTool
from modelwire_bedrock.emulator import Emulator, Text, ToolUse

NOVA = "us.amazon.nova-lite-v1:0"
OPUS = "us.anthropic.claude-opus-4-1-20250805-v1:0"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


@dataclass
class City:
    name: str


@pytest.mark.parametrize("model", [NOVA, OPUS])
def test_a_model_without_schemas_is_made_to_call_a_tool_that_has_it(build, model):
    request = build(model=model, response_schema=SCHEMA, reasoning="off", cache_retention="none")
    (tool,) = request.payload["toolConfig"]["tools"]
    assert tool["toolSpec"]["name"] == "answer"
    assert tool["toolSpec"]["inputSchema"]["json"]["properties"] == SCHEMA["properties"]
    assert request.payload["toolConfig"]["toolChoice"] == {"tool": {"name": "answer"}}
    assert "outputConfig" not in request.payload
    assert "system" not in request.payload
    assert [change.path for change in request.changes] == ["options.response_schema"]
    assert request.by_tool


@pytest.mark.parametrize(
    ("model", "settings"),
    [
        (NOVA, {"tools": [Tool("look")]}),
        (NOVA, {"response_schema": {"type": "object", "anyOf": [{"type": "string"}]}}),
        (OPUS, {"reasoning": "high"}),
        ("ai21.jamba-instruct-v1:0", {}),
    ],
    ids=["with tools", "no object", "while it thinks", "without tools"],
)
def test_else_the_schema_goes_in_words(build, model, settings):
    request = build(model=model, **{"response_schema": SCHEMA, **settings})
    assert not request.by_tool
    said = json.dumps([request.payload.get("system"), request.payload["messages"]])
    assert "follows this JSON Schema" in said


@pytest.mark.parametrize(
    "model", ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "made-up.model-v1:0"]
)
def test_a_model_that_takes_a_schema_or_may_take_one_gets_it(build, model):
    request = build(model=model, response_schema=SCHEMA)
    assert not request.by_tool
    assert "outputConfig" in request.payload


class Replay:
    """Gives what it is fed, and what it is fed as an exception it raises."""

    ended = False

    def feed(self, events, deltas):
        for event in events:
            if isinstance(event, Exception):
                raise event
            deltas.append(event)

    def end(self):
        raise StreamTruncated("cut")


def translated(*events):
    translator, deltas = AnswerByTool(Replay()), []
    for event in events:
        translator.feed([event], deltas)
    return deltas


CALL = [
    ToolCallStart(1, "t1", "answer"),
    ArgumentsDelta(1, '{"name"'),
    ArgumentsDelta(1, ': "Bern"}'),
    BlockEnd(1),
]
SAID = [TextDelta(1, '{"name"'), TextDelta(1, ': "Bern"}'), BlockEnd(1)]
USED, DONE = Stop(StopReason.TOOL_USE, "tool_use"), Stop(StopReason.STOP, "tool_use")


@pytest.mark.parametrize(
    ("events", "deltas"),
    [
        ([*CALL, USED], [*SAID, DONE]),
        (
            [TextDelta(0, "Let me "), TextDelta(0, "see."), BlockEnd(0), *CALL, USED],
            [*SAID, Diagnostic("text_beside_answer", {"text": "Let me see."}), DONE],
        ),
        ([TextDelta(0, " "), BlockEnd(0), *CALL, USED], [*SAID, DONE]),
        (
            [*CALL, ToolCallStart(2, "t2", "answer"), ArgumentsDelta(2, "{}"), BlockEnd(2), USED],
            [*SAID, DONE],
        ),
        (
            [ToolCallStart(0, "t", "answer"), BlockEnd(0), USED],
            [TextDelta(0, "{}"), BlockEnd(0), DONE],
        ),
        (
            [ThinkingDelta(0, "Hm."), BlockEnd(0), *CALL, USED],
            [ThinkingDelta(0, "Hm."), BlockEnd(0), *SAID, DONE],
        ),
        (
            [TextDelta(0, "No."), BlockEnd(0), Stop(StopReason.STOP)],
            [TextDelta(0, "No."), BlockEnd(0), Stop(StopReason.STOP)],
        ),
        ([*CALL[:2], Stop(StopReason.LENGTH)], [SAID[0], Stop(StopReason.LENGTH)]),
    ],
)
def test_the_arguments_of_the_first_call_are_the_text(events, deltas):
    assert translated(*events) == deltas


def test_what_came_before_a_failure_is_given_first():
    translator, deltas = AnswerByTool(Replay()), []
    with pytest.raises(Overloaded):
        translator.feed([TextDelta(0, "some "), TextDelta(0, "text"), Overloaded("busy")], deltas)
    assert deltas == [TextDelta(0, "some "), TextDelta(0, "text")]
    with pytest.raises(StreamTruncated):
        translator.end()


@pytest.fixture
def emulator():
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def runtime(emulator):
    with SyncRuntime.from_config({}, environ=emulator.environ()) as runtime:
        yield runtime


def test_an_agent_reads_the_call_as_its_output(emulator, runtime):
    emulator.answer([Text("<thinking>Easy.</thinking>"), ToolUse("answer", {"name": "Bern"})])
    result = Agent(f"bedrock/{NOVA}", output=City, runtime=runtime).run_sync("The capital?")
    assert result.output == City("Bern")
    message = result.messages[-1]
    assert (message.stop_reason, message.tool_calls) == (StopReason.STOP, [])
    assert {
        "type": "text_beside_answer",
        "text": "<thinking>Easy.</thinking>",
    } in message.diagnostics
    assert len(emulator.requests) == 1


def test_an_answer_that_does_not_fit_is_asked_for_again_after_the_first(emulator, runtime):
    emulator.answer(ToolUse("answer", {"nome": "Bern"}))
    emulator.answer(ToolUse("answer", {"name": "Bern"}))
    result = Agent(f"bedrock/{NOVA}", output=City, runtime=runtime).run_sync("The capital?")
    assert result.output == City("Bern")
    again = emulator.requests[1].body["messages"]
    assert json.loads(again[1]["content"][0]["text"]) == {"nome": "Bern"}


@pytest.mark.parametrize("model", [NOVA, OPUS])
def test_the_text_of_an_answer_follows_the_schema(runtime, model):
    message = runtime.complete("The capital?", model=f"bedrock/{model}", response_schema=SCHEMA)
    assert set(json.loads(message.text)) == {"name"}


def test_a_stream_gives_the_text_as_it_comes(emulator, runtime):
    emulator.answer(ToolUse("answer", {"name": "B" * 500}))
    stream = runtime.stream("The capital?", model=f"bedrock/{NOVA}", response_schema=SCHEMA)
    assert json.loads("".join(stream.texts())) == {"name": "B" * 500}
