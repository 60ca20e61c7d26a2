"""What a stream of ConverseStream says becomes deltas: text, thinking, calls, images."""

import base64
import cProfile
import json
import pstats
from types import MappingProxyType

import pytest
from converse_events import block_stop, delta, stop, tool_input, tool_start

from modelwire.errors import (
    MalformedToolCall,
)
from modelwire.events import (
    BlockEnd,
    Diagnostic,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.messages import StopReason, Text, Thinking, ToolCall
from modelwire_bedrock.aws.eventstream import Frame, FrameDecoder
from modelwire_bedrock.converse.stream import Translator


def test_text_and_thinking_become_deltas(translate):
    assert translate(
        ("messageStart", {"role": "assistant"}),
        delta(0, reasoningContent={"text": "hm"}),
        delta(0, reasoningContent={"signature": "c2ln"}),
        delta(1, text="hello"),
        block_stop(1),
        stop(),
    ) == [
        ThinkingDelta(0, "hm"),
        SignatureDelta(0, "c2ln"),
        TextDelta(1, "hello"),
        BlockEnd(1),
        Stop(StopReason.STOP, "end_turn"),
    ]


def test_thinking_and_text_under_one_index_are_both_kept(translate, assemble):
    deltas = translate(
        delta(0, reasoningContent={"text": "hm"}),
        delta(0, reasoningContent={"signature": "sig"}),
        delta(0, text="hello"),
        stop(),
    )
    assert assemble(deltas).content == [Thinking("hm", "sig"), Text("hello")]


def test_a_signature_without_text_is_kept(translate, assemble):
    deltas = translate(
        delta(0, reasoningContent={"text": "", "signature": "sig"}), block_stop(0), stop()
    )
    assert assemble(deltas).content == [Thinking("", "sig")]


def test_interleaved_tool_calls_are_kept_apart(translate, assemble):
    deltas = translate(
        tool_start(0),
        tool_start(1, "list"),
        tool_input(1, '{"b":'),
        tool_input(0, '{"a":'),
        tool_input(0, "1}"),
        tool_input(1, "2}"),
        block_stop(1),
        block_stop(0),
        stop("tool_use"),
    )
    assert assemble(deltas).content == [
        ToolCall("call-0", "look", {"a": 1}),
        ToolCall("call-1", "list", {"b": 2}),
    ]


def test_a_tool_gets_its_own_name_back(translate):
    deltas = translate(tool_start(0, "fs_read_1a2b"), tool_names={"fs_read_1a2b": "fs.read"})
    assert deltas == [ToolCallStart(0, "call-0", "fs.read")]


@pytest.mark.parametrize("given", [{"city": "Paris"}, '{"city": "Paris"}'])
def test_input_that_comes_with_the_start_is_used(translate, assemble, given):
    deltas = translate(tool_start(0, input=given), block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("call-0", "look", {"city": "Paris"})]


@pytest.mark.parametrize("given", [{}, {"city": "Par"}])
def test_fragments_replace_what_came_with_the_start(translate, assemble, given):
    deltas = translate(
        tool_start(0, input=given),
        tool_input(0, ""),
        tool_input(0, '{"city": '),
        tool_input(0, '"Paris"}'),
        block_stop(0),
        stop("tool_use"),
    )
    assert assemble(deltas).content == [ToolCall("call-0", "look", {"city": "Paris"})]


def test_a_call_without_input_has_no_arguments(translate, assemble):
    deltas = translate(tool_start(0), tool_input(0, ""), block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("call-0", "look", {})]


def test_no_digit_of_a_number_is_lost(translate, assemble):
    text = b'{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"b","input":{"n":123456789012345678901234567890}}}}'
    deltas = translate(("contentBlockStart", text), block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("a", "b", {"n": 123456789012345678901234567890})]


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "null", '"text"', '{"a": NaN}'])
def test_tool_input_that_is_no_object_is_an_error_and_no_call_is_complete(
    translate, assemble, arguments
):
    deltas = translate(
        tool_start(0),
        tool_input(0, "{}"),
        block_stop(0),
        tool_start(1),
        tool_input(1, arguments),
        block_stop(1),
        stop("tool_use"),
    )
    with pytest.raises(MalformedToolCall):
        assemble(deltas)


def test_a_tool_call_that_is_never_stopped_is_an_error(translate, assemble):
    with pytest.raises(MalformedToolCall, match="never ended"):
        assemble(translate(tool_start(0), tool_input(0, "{}"), stop("tool_use")))


def test_text_and_thinking_that_are_never_stopped_end_with_the_message(translate, assemble):
    deltas = translate(
        delta(0, reasoningContent={"redactedContent": base64.b64encode(b"xyz").decode()}),
        delta(1, reasoningContent={"text": "hm"}),
        delta(2, text="hello"),
        stop(),
    )
    assert assemble(deltas).content == [
        Thinking.from_redacted(b"xyz"),
        Thinking("hm"),
        Text("hello"),
    ]


def test_a_large_input_of_many_fragments_is_joined(translate, assemble):
    arguments = {"lines": [f"line {n} of a long file" for n in range(5_000)]}
    text = json.dumps(arguments)
    pieces = [tool_input(0, text[i : i + 50]) for i in range(0, len(text), 50)]
    deltas = translate(tool_start(0), *pieces, block_stop(0), stop("tool_use"))
    assert assemble(deltas).content == [ToolCall("call-0", "look", arguments)]


def test_an_image_that_the_model_draws_is_kept(translate):
    halves = [base64.b64encode(part).decode() for part in (b"first half,", b" second half")]
    deltas = translate(
        (
            "contentBlockStart",
            {"contentBlockIndex": 0, "start": {"image": {"format": "png"}}},
        ),
        *(delta(0, image={"source": {"bytes": half}}) for half in halves),
        block_stop(0),
    )
    data = base64.b64encode(b"first half, second half").decode()
    kept = Diagnostic("image_output", {"contentBlockIndex": 0, "format": "png", "data": data})
    assert deltas == [kept, BlockEnd(0)]


def test_a_tool_that_the_service_runs_is_no_call_for_the_caller(translate, assemble):
    result = {"toolUseId": "call-0", "status": "success", "type": "web"}
    deltas = translate(
        tool_start(0, "search", type="server_tool_use"),
        tool_input(0, '{"q": '),
        tool_input(0, "1}"),
        block_stop(0),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolResult": result}}),
        delta(1, toolResult=[{"text": "found"}]),
        block_stop(1),
        delta(2, text="It is so."),
        stop(),
    )
    message = assemble(deltas)

    assert message.content == [Text("It is so.")]
    assert message.diagnostics == [
        {
            "type": "server_tool_use",
            "contentBlockIndex": 0,
            "id": "call-0",
            "name": "search",
            "input": '{"q": 1}',
        },
        {
            "type": "server_tool_result",
            "contentBlockIndex": 1,
            "id": "call-0",
            "status": "success",
            "content": [{"text": "found"}],
        },
    ]


def test_what_is_not_known_is_skipped(translate):
    assert (
        translate(
            ("initial-response", {}),
            ("brandNewEvent", {"a": 1}),
            delta(0, hologram={"x": 1}),
            ("contentBlockStart", {"contentBlockIndex": 0, "start": {"hologram": {}}}),
            ("messageStart", {"role": "assistant", "mood": "good"}),
        )
        == []
    )


def frames_of(event, texts):
    """Text under one index, with an event of another kind in the middle, as frames."""
    half = len(texts) // 2
    data = [event(*delta(0, text=text)) for text in texts]
    data.insert(half, event(*tool_start(1)))
    return [*FrameDecoder().feed(b"".join(data))]


def test_text_is_the_same_whether_frames_share_their_headers_or_not(event):
    """That they do is what makes it quick; nothing else depends on it."""
    frames = frames_of(event, [f"{n} " * (n % 7) for n in range(100)])
    apart = [Frame(MappingProxyType(dict(frame.headers)), frame.payload) for frame in frames]
    shared, found = [], []
    Translator().feed(frames, shared)
    Translator().feed(apart, found)
    assert found == shared
    assert sum(isinstance(d, TextDelta) for d in shared) == 100


def test_a_frame_of_text_is_known_by_its_headers_alone(event):
    def looks(texts):
        profile = cProfile.Profile()
        frames = frames_of(event, texts)
        profile.enable()
        Translator().feed(frames, [])
        profile.disable()
        calls = pstats.Stats(profile).stats.items()
        return sum(counted[0] for (_, _, name), counted in calls if name == "_take")

    assert looks(["a"] * 1_000) == looks([f"{n} of many sizes" * (n % 9) for n in range(200)]) == 2


@pytest.mark.parametrize(
    ("deltas", "content"),
    [
        ([{"text": "a\ud83d"}, {"text": "\ude00b"}], Text("a😀b")),
        ([{"text": "a\ud83d"}], Text("a\ufffd")),
        (
            [{"reasoningContent": {"text": "\ud83d"}}, {"reasoningContent": {"text": "\ude00"}}],
            Thinking("😀"),
        ),
    ],
)
def test_a_character_in_two_events_is_one(translate, assemble, deltas, content):
    events = [("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}) for delta in deltas]
    arrived = translate(*events, ("messageStop", {"stopReason": "end_turn"}), end=True)
    assert assemble(arrived).content == [content]


def test_a_character_in_two_pieces_of_arguments_is_one(translate, assemble):
    pieces = [{"toolUse": {"input": '{"a": "\ud83d'}}, {"toolUse": {"input": '\ude00"}'}}]
    arrived = translate(
        (
            "contentBlockStart",
            {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "c", "name": "t"}}},
        ),
        *(("contentBlockDelta", {"contentBlockIndex": 0, "delta": piece}) for piece in pieces),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "tool_use"}),
    )
    assert assemble(arrived).tool_calls[0].arguments == {"a": "😀"}
