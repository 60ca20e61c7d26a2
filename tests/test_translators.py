"""Every translator keeps the one protocol: events in, deltas out, an end that is checked."""

import inspect
import json
import sys
from functools import partial
from pathlib import Path

import pytest
from attrs import frozen

import modelwire
from modelwire.authoring import JsonEvent, StreamEnd, Translator, parse_json, until_fault
from modelwire.errors import ServerError, StreamTruncated
from modelwire.events.assembler import Assembler
from modelwire.messages import StopReason, Text, ToolCall
from modelwire.testing import ScriptedAnswer
from modelwire.transport import SseDecoder
from modelwire_anthropic.messages.stream import Translator as MessagesTranslator
from modelwire_anthropic.testing import MessagesWire
from modelwire_bedrock.aws.eventstream import FrameDecoder
from modelwire_bedrock.converse.response import AnswerTranslator
from modelwire_bedrock.converse.stream import Translator as ConverseTranslator
from modelwire_bedrock.testing import ConverseStreamWire
from modelwire_local.chat.stream import Translator as LocalTranslator
from modelwire_openai.compat import Compat
from modelwire_openai.completions.stream import Translator as ChatTranslator
from modelwire_openai.responses.stream import Translator as ResponsesTranslator
from modelwire_openai.testing import ChatCompletionsWire, ResponsesWire

CONTENT = [Text("one two three"), ToolCall("call_1", "look", {"at": ["sky", None]})]
ANSWER = ScriptedAnswer(CONTENT, stop_reason=StopReason.TOOL_USE)
TEMPLATE = Path(modelwire.__file__).parent / "cli" / "plugin" / "template" / "src"


def of_sse(wire):
    """The events of the answer as a client gives them."""
    decoder = SseDecoder()
    events = [*decoder.feed(b"".join(wire.bodies(ANSWER))), *decoder.end()]
    texts = [event.data for event in events if event.data != "[DONE]"]
    end = StreamEnd(marked=len(texts) < len(events))
    return [*(JsonEvent("message", parse_json(text)) for text in texts), end]


def of_converse():
    return [*FrameDecoder().feed(b"".join(ConverseStreamWire().bodies(ANSWER)))]


def of_whole_converse():
    call = {"toolUse": {"toolUseId": "call_1", "name": "look", "input": CONTENT[1].arguments}}
    message = {"role": "assistant", "content": [{"text": CONTENT[0].text}, call]}
    return [json.dumps({"output": {"message": message}, "stopReason": "tool_use"}).encode()]


def of_local():
    def chunk(delta, finish=None):
        return {"id": "x", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    function = {"name": "look", "arguments": json.dumps(CONTENT[1].arguments)}
    return [
        *(chunk({"content": text}) for text in ("one ", "two ", "three")),
        chunk({"tool_calls": [{"index": 0, "id": "call_1", "function": function}]}),
        chunk({}, "tool_calls"),
        {"id": "x", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
    ]


def acme():
    """The translator of the plugin that `modelwire plugin new` writes."""
    sys.path.insert(0, str(TEMPLATE))
    try:
        from modelwire_acme.chat.stream import Translator as AcmeTranslator
    finally:
        sys.path.remove(str(TEMPLATE))
    return AcmeTranslator()


def of_acme():
    call = {"type": "tool_call", "index": 1, "id": "call_1", "name": "look"}
    arguments = json.dumps(CONTENT[1].arguments)
    data = [
        {"type": "start", "id": "response-1"},
        *({"type": "text", "index": 0, "text": text} for text in ("one ", "two ", "three")),
        {"type": "block_end", "index": 0},
        call,
        {"type": "arguments", "index": 1, "text": arguments},
        {"type": "block_end", "index": 1},
        {"type": "end", "reason": "tool_use", "usage": {"input": 1, "output": 2}},
    ]
    return [*(JsonEvent("message", each) for each in data), StreamEnd()]


@frozen
class Case:
    """A translator and the events of the answer.

    Attributes:
        end: How many of the events are its end.
        stop: How many there are from the one with the stop reason on.
    """

    make: object
    events: object
    end: int = 1
    stop: int = 2


CASES = {
    "anthropic messages": Case(partial(MessagesTranslator, {}), partial(of_sse, MessagesWire()), 2),
    "bedrock converse-stream": Case(ConverseTranslator, of_converse),
    "bedrock converse": Case(AnswerTranslator, of_whole_converse, stop=1),
    "local": Case(partial(LocalTranslator, "local", "m"), of_local),
    "openai completions": Case(
        partial(ChatTranslator, "m", Compat()), partial(of_sse, ChatCompletionsWire())
    ),
    "openai responses": Case(ResponsesTranslator, partial(of_sse, ResponsesWire()), 2),
    "template": Case(acme, of_acme, 2),
}


@pytest.fixture(params=CASES.values(), ids=CASES)
def case(request):
    return request.param


def translated(translator, events):
    deltas = []
    translator.feed(events, deltas)
    return deltas


def test_it_has_the_one_signature(case):
    translator = case.make()
    for name in ("feed", "end"):
        own = inspect.signature(getattr(translator, name))
        due = inspect.signature(getattr(Translator, name))
        assert len(own.parameters) == len(due.parameters) - 1
        assert own.return_annotation == "None"


def test_the_answer_comes_whole(case):
    assembler = Assembler("p", "m")
    translator = case.make()
    assembler.feed_all(translated(translator, case.events()), [])
    translator.end()
    message = assembler.finish()[-1].message
    assert message.text == CONTENT[0].text
    (call,) = message.tool_calls
    assert (call.name, call.arguments) == (CONTENT[1].name, CONTENT[1].arguments)
    assert message.stop_reason is StopReason.TOOL_USE


def test_how_events_come_together_changes_nothing(case):
    events = case.events()
    at_once = translated(case.make(), iter(events))
    translator = case.make()
    one_by_one = [delta for event in events for delta in translated(translator, [event])]
    assert one_by_one == at_once


def test_it_has_ended_when_the_answer_has(case):
    translator = case.make()
    for event in case.events()[: -case.end]:
        translated(translator, [event])
        assert translator.ended is False
    translated(translator, case.events()[-case.end :])
    assert translator.ended is True
    translator.end()


def test_events_after_the_end_are_ignored(case):
    translator = case.make()
    translated(translator, case.events())
    assert translated(translator, case.events()) == []
    translator.end()


def test_an_answer_without_its_end_is_cut(case):
    events = case.events()
    for kept in range(len(events) - case.stop + 1):
        translator = case.make()
        translated(translator, events[:kept])
        with pytest.raises(StreamTruncated):
            translator.end()


def test_what_came_before_a_fault_is_kept(case):
    """The events may be read as they are asked for, and that may fail."""
    events = case.events()
    fault = ServerError("It broke.")

    def breaking():
        yield from events[: -case.end]
        raise fault

    deltas, raised = until_fault(case.make().feed, breaking())
    assert raised is fault
    assert deltas == translated(case.make(), events[: -case.end])
