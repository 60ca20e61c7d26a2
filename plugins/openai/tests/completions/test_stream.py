"""What a stream of chunks means, in each of the ways in which services write it."""

import json
import math

import pytest

from modelwire.authoring import JsonEvent
from modelwire.errors import (
    ContentFiltered,
    MalformedResponse,
    MalformedToolCall,
    Overloaded,
    ProviderError,
    ServerError,
    StreamTruncated,
)
from modelwire.messages import Citation, StopReason, Text, Thinking, ToolCall, Usage
from modelwire_openai.compat import Compat
from modelwire_openai.completions.stream import Translator

TAGS = Compat(think_tags=True)


def piece(index=0, call_id=None, name=None, arguments=None, **more):
    function = {
        key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None
    }
    made = {"index": index, "id": call_id, "type": "function", "function": function, **more}
    return {key: value for key, value in made.items() if value is not None}


def shape(message):
    """A message's content without ids, to compare it."""
    return [
        (
            type(block).__name__,
            (block.name, block.arguments) if isinstance(block, ToolCall) else block.text,
        )
        for block in message.content
    ]


def test_text_is_joined_and_the_finish_reason_kept(assemble, chunk):
    message = assemble(
        chunk(role="assistant", content=""),
        chunk(content="Pa"),
        chunk(content="ris"),
        chunk("stop"),
    )
    assert message.content == [Text("Paris")]
    assert (message.stop_reason, message.raw_stop_reason) == (StopReason.STOP, "stop")
    assert message.response_id == "c1"


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "reasoning_text"])
def test_thinking_comes_in_any_of_three_fields_and_is_signed_with_its_name(assemble, chunk, field):
    message = assemble(
        chunk(**{field: "Hm", "content": None}),
        chunk(**{field: "m."}),
        chunk(content="Yes"),
        chunk("stop"),
    )
    assert message.content == [Thinking("Hmm.", field), Text("Yes")]


def test_only_the_first_thinking_field_of_a_chunk_counts(assemble, chunk):
    message = assemble(
        chunk(reasoning_content="a", reasoning="a"), chunk(content="b"), chunk("stop")
    )
    assert message.thinking == "a"


@pytest.mark.parametrize(
    "pieces",
    [
        ["<think>Hmm.</think>Yes"],
        ["<think>\nHmm.", "</think>", "\n\nYes"],
        list("<think>Hmm.</think>\n\nYes"),
        ["\n<thi", "nk>Hm", "m.</", "think>\n", "Yes"],
        ["<thinking>Hmm.</thinking>Yes"],
        ["<think>Hmm.</thinking>Yes"],
        ["<reasoning>Hmm.</reasoning>", "Yes"],
        ["<reasoning>", "Hmm.", "</reasoning>Yes"],
        list("<reasoning>Hmm.</reasoning>Yes"),
        ["<thought>\nHmm.</thought>\n\nYes"],
    ],
)
def test_think_tags_are_found_wherever_they_are_cut(assemble, chunk, pieces):
    message = assemble(*(chunk(content=text) for text in pieces), chunk("stop"), compat=TAGS)
    assert [block.text for block in message.content] == ["Hmm.", "Yes"]
    assert isinstance(message.content[0], Thinking)


@pytest.mark.parametrize(
    "text",
    [
        "<reasons>x</reasons>y", "<thought", "<THINK>x</THINK>y",
        "Write <think>x</think> so.", "<thin ice", " < 3", "<", "<thinker>", "a</think>b",
    ],
)  # fmt: skip
def test_text_that_only_looks_like_a_tag_stays_text(assemble, chunk, text):
    message = assemble(*(chunk(content=letter) for letter in text), chunk("stop"), compat=TAGS)
    assert message.content == [Text(text)]


def test_tags_are_text_where_the_service_does_not_use_them(assemble, chunk):
    assert assemble(chunk(content="<think>x</think>y"), chunk("stop")).text == "<think>x</think>y"


@pytest.mark.parametrize("name", ["think", "thinking", "reasoning", "thought"])
def test_thinking_is_closed_by_its_own_tag_and_signed_with_it(assemble, chunk, name):
    text = f"<{name}>\nAn </answer> or <think>.</{name}>Yes"
    message = assemble(chunk(content=text), chunk("stop"), compat=TAGS)
    assert message.content == [Thinking("An </answer> or <think>.", f"<{name}>\n"), Text("Yes")]


def test_a_template_may_have_opened_the_tag(assemble, chunk):
    message = assemble(
        chunk(content="Hmm."),
        chunk(content="</think>Yes"),
        chunk("stop"),
        compat=Compat(think_tag_open=True),
    )
    assert shape(message) == [("Thinking", "Hmm."), ("Text", "Yes")]


def test_thinking_that_met_the_limit_is_thinking(assemble, chunk):
    message = assemble(chunk(content="<think>Hmm</th"), chunk("length"), compat=TAGS)
    assert message.content == [Thinking("Hmm</th", "<think>")]
    assert message.stop_reason is StopReason.LENGTH


def test_mistral_thinks_in_parts(assemble, chunk):
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hmm."}]}
    message = assemble(
        chunk(content=[thought]), chunk(content=[{"type": "text", "text": "Yes"}]), chunk("stop")
    )
    assert shape(message) == [("Thinking", "Hmm."), ("Text", "Yes")]


def test_a_refusal_is_text_and_noted(assemble, chunk):
    message = assemble(chunk(refusal="I can"), chunk(refusal="not."), chunk("stop"))
    assert message.text == "I cannot."
    assert message.diagnostics == [{"type": "refusal"}]


def test_blank_text_between_thinking_and_calls_is_no_block(assemble, chunk):
    message = assemble(
        chunk(reasoning="Hm"),
        chunk(content="\n\n"),
        chunk(tool_calls=[piece(0, "a", "f", "{}")]),
        chunk("tool_calls"),
    )
    assert shape(message) == [("Thinking", "Hm"), ("ToolCall", ("f", {}))]


F1, F2 = ("ToolCall", ("f", {"a": 1})), ("ToolCall", ("g", {"b": 2}))

CALLS = {
    "one after another": [[piece(0, "x", "f", "")], [piece(0, arguments='{"a"')], [piece(0, arguments=":1}")],
                          [piece(1, "y", "g", '{"b":2}')]],
    "interleaved": [[piece(0, "x", "f", "")], [piece(1, "y", "g", "")], [piece(0, arguments='{"a"')],
                    [piece(1, arguments='{"b"')], [piece(0, arguments=":1}")], [piece(1, arguments=":2}")]],
    "two in one chunk": [[piece(0, "x", "f", '{"a":1}'), piece(1, "y", "g", '{"b":2}')]],
    "no index": [[piece(None, "x", "f", '{"a":')], [piece(None, arguments="1}")], [piece(None, "y", "g", '{"b":2}')]],
    "no index and no id": [[piece(None, name="f", arguments='{"a":1}'), piece(None, name="g", arguments='{"b":2}')]],
    "arguments as objects": [[piece(0, "x", "f", {"a": 1})], [piece(1, "y", "g", {"b": 2})]],
    "a name on every piece": [[piece(0, "x", "f", '{"a"')], [piece(0, "x", "f", ":1}")], [piece(1, "y", "g", '{"b":2}')]],
    "no ids": [[piece(0, name="f", arguments='{"a":1}')], [piece(1, name="g", arguments='{"b":2}')]],
    "every call numbered 0": [[piece(0, "x", "f", '{"a":1}')], [piece(0, "y", "g", '{"b":2}')]],
    "one id for both": [[piece(0, "x", "f", '{"a":1}')], [piece(1, "x", "g", '{"b":2}')]],
    "null arguments first": [[{"index": 0, "id": "x", "function": {"name": "f", "arguments": None}}],
                             [piece(0, arguments='{"a":1}')], [piece(1, "y", "g", '{"b":2}')]],
    "the whole arguments again": [[piece(0, "x", "f", '{"a":')], [piece(0, arguments="1}")],
                                  [piece(0, arguments='{"a":1}')], [piece(1, "y", "g", '{"b":2}')]],
    "a new id on every piece": [[piece(0, "x", "f", "")], [piece(0, "x2", arguments='{"a":1}')],
                                [piece(1, "y", "g", '{"b":2}')]],
    "the id after the name": [[piece(0, name="f")], [piece(0, "x", arguments='{"a":1}')], [piece(1, "y", "g", '{"b":2}')]],
    "every call numbered 0, with empty ids": [[piece(0, "", "f", '{"a":1}')], [piece(0, "", "g", '{"b":2}')]],
    "every call numbered 0, without ids, in pieces": [[piece(0, name="f", arguments="")], [piece(0, arguments='{"a":1}')],
                                                      [piece(0, name="g", arguments="")], [piece(0, arguments='{"b":')],
                                                      [piece(0, arguments="2}")]],
    "every call numbered 0, the name once more": [[piece(0, "", "f", '{"a":1}')], [piece(0, "", "f", "")],
                                                  [piece(0, "", "g", '{"b":2}')], [piece(0, name="g", arguments="")]],
    "the name and the whole arguments again, without the id": [[piece(0, "x", "f", '{"a":1}')],
                                                               [piece(0, name="f", arguments='{"a": 1}')],
                                                               [piece(1, "y", "g", '{"b":2}')]],
    "snapshots": [[piece(0, "x", "f", "")], [piece(0, arguments='{"a')], [piece(0, arguments='{"a":')],
                  [piece(0, arguments='{"a":1}')], [piece(1, "y", "g", '{"b":2}')]],
    "snapshots with ids and names": [[piece(0, "x", "f", "{")], [piece(0, "x", "f", '{"a":1}')],
                                     [piece(1, "y", "g", "{}")], [piece(1, "y", "g", '{"b":2}')]],
    "a placeholder first": [[piece(0, "x", "f", "{}")], [piece(0, arguments='{"a":1}')], [piece(1, "y", "g", '{"b":2}')]],
    "an empty object first": [[piece(0, "x", "f", {})], [piece(0, arguments={"a": 1})], [piece(1, "y", "g", '{"b":2}')]],
    "again in another spacing": [[piece(0, "x", "f", "")], [piece(0, arguments='{"a":')], [piece(0, arguments=" 1}")],
                                 [piece(0, arguments='{"a":1}')], [piece(1, "y", "g", '{"b":2}')]],
    "arguments before id and name": [[piece(0, arguments='{"a":')], [piece(0, "x", "f", "1}")],
                                     [piece(1, arguments='{"b":2}')], [piece(1, "y", "g", "")]],
    "arguments before the name, no index": [[piece(None, arguments='{"a":')], [piece(None, "x", "f", "1}")],
                                            [piece(None, "y", "g", '{"b":2}')]],
}  # fmt: skip


def test_two_calls_of_one_tool_without_ids_are_two_calls(assemble, chunk):
    calls = [piece(0, "", "f", '{"q":"x"}'), piece(0, "", "f", '{"q":"y"}')]
    message = assemble(*(chunk(tool_calls=[call]) for call in calls), chunk("tool_calls"))
    assert [call.arguments for call in message.tool_calls] == [{"q": "x"}, {"q": "y"}]


def test_two_calls_of_one_tool_without_arguments_first_are_two_calls(assemble, chunk):
    calls = [piece(0, "", "f", '{"q":"x"}'), piece(0, "", "f", ""), piece(0, arguments='{"q":"y"}')]
    message = assemble(*(chunk(tool_calls=[call]) for call in calls), chunk("tool_calls"))
    assert [call.arguments for call in message.tool_calls] == [{"q": "x"}, {"q": "y"}]


def test_two_sets_of_arguments_for_one_call_are_an_error(assemble, chunk):
    calls = [piece(0, "x", "f", '{"q":"x"}'), piece(0, arguments='{"q":"y"}')]
    with pytest.raises(MalformedToolCall, match="differ"):
        assemble(*(chunk(tool_calls=[call]) for call in calls), chunk("tool_calls"))


@pytest.mark.parametrize("finish", ["tool_calls", "function_call", "stop"])
@pytest.mark.parametrize("pieces", CALLS.values(), ids=CALLS)
def test_two_calls_are_two_calls_however_they_are_cut(assemble, chunk, pieces, finish):
    message = assemble(*(chunk(tool_calls=calls) for calls in pieces), chunk(finish))
    assert shape(message) == [F1, F2]
    assert message.stop_reason is StopReason.TOOL_USE
    first, second = message.tool_calls
    assert first.id
    assert second.id
    assert first.id != second.id


def test_text_beside_calls_keeps_its_place(assemble, chunk):
    message = assemble(
        chunk(content="Let me see."),
        chunk(tool_calls=[piece(0, "x", "f", '{"a":1}')]),
        chunk("tool_calls"),
    )
    assert shape(message) == [("Text", "Let me see."), F1]


def test_a_call_without_arguments_has_none(assemble, chunk):
    message = assemble(chunk(tool_calls=[piece(0, "x", "f")]), chunk("tool_calls"))
    assert message.tool_calls == [ToolCall("x", "f", {})]


def test_the_old_function_call_is_a_call(assemble, chunk):
    message = assemble(
        chunk(function_call={"name": "f", "arguments": ""}), chunk(function_call={"arguments": '{"a":1}'}),
        chunk("function_call"),
    )  # fmt: skip
    assert shape(message) == [F1]


def test_tools_have_their_own_names_again(assemble, chunk):
    message = assemble(
        chunk(tool_calls=[piece(0, "x", "a_b_123")]),
        chunk("tool_calls"),
        tool_names={"a_b_123": "a.b"},
    )
    assert message.tool_calls[0].name == "a.b"


@pytest.mark.parametrize("arguments", ['{"a":', '"Paris"', "[1]", "{} trailing"])
def test_a_call_that_is_no_object_is_an_error(assemble, chunk, arguments):
    with pytest.raises(MalformedToolCall):
        assemble(chunk(tool_calls=[piece(0, "x", "f", arguments)]), chunk("tool_calls"))


def test_a_call_without_a_name_is_an_error(assemble, chunk):
    with pytest.raises(MalformedToolCall, match="no name"):
        assemble(chunk(tool_calls=[piece(0, "x", arguments="{}")]), chunk("tool_calls"))


def test_a_call_that_the_limit_cut_is_not_run(assemble, chunk):
    whole, cut = piece(0, "x", "f", '{"a":1}'), piece(1, "y", "g", '{"b":')
    with pytest.raises(MalformedToolCall) as caught:
        assemble(chunk(tool_calls=[whole]), chunk("length", tool_calls=[cut]))
    assert not caught.value.retryable
    assert "max_tokens" in (caught.value.hint or "")


def test_a_call_that_was_whole_at_the_limit_is_kept(assemble, chunk):
    message = assemble(chunk("length", tool_calls=[piece(0, "x", "f", '{"a":1}')]))
    assert shape(message) == [F1]
    assert message.stop_reason is StopReason.LENGTH


@pytest.mark.parametrize(
    ("finish", "kind"),
    [
        ("content_filter", ContentFiltered),
        ("sensitive", ContentFiltered),
        ("insufficient_system_resource", Overloaded),
        ("error", ServerError),
    ],
)
def test_a_finish_reason_may_be_a_failure(assemble, chunk, finish, kind):
    with pytest.raises(kind):
        assemble(chunk(content="So far"), chunk(finish))


def test_an_unknown_finish_reason_is_noted(assemble, chunk):
    message = assemble(chunk(content="Hi"), chunk("because"))
    assert message.raw_stop_reason == "because"
    assert {"type": "unknown_finish_reason", "reason": "because"} in message.diagnostics


@pytest.mark.parametrize(
    "deltas",
    [[{"content": "So far"}], [{"tool_calls": [piece(0, "x", "f", "{}")]}]],
    ids=["text", "a call"],
)
def test_without_a_finish_reason_and_done_the_answer_is_cut(assemble, chunk, deltas):
    with pytest.raises(StreamTruncated):
        assemble(*(chunk(**delta) for delta in deltas), done=False)


def test_an_end_without_done_is_an_end(assemble, chunk):
    assert assemble(chunk(content="Hi"), chunk("stop"), done=False).text == "Hi"


class TestDoneWithoutAFinishReason:
    MISSING = "no_stop_reason"

    def test_it_is_an_end_after_text(self, assemble, chunk):
        message = assemble(chunk(content="Hi"))
        assert (message.text, message.stop_reason) == ("Hi", StopReason.STOP)
        assert message.diagnostics == [{"type": self.MISSING, "taken": "stop"}]

    def test_it_is_an_end_after_whole_calls(self, assemble, chunk):
        message = assemble(chunk(tool_calls=[piece(0, "x", "f", '{"a":1}')]))
        assert message.stop_reason is StopReason.TOOL_USE
        assert message.diagnostics == [{"type": self.MISSING, "taken": "toolUse"}]

    @pytest.mark.parametrize("delta", [{}, {"tool_calls": [piece(0, "x", "f", '{"a":')]}])
    def test_anything_else_is_cut(self, assemble, chunk, delta):
        with pytest.raises(StreamTruncated):
            assemble(chunk(**delta))

    def test_all_of_it_is_cut_where_the_service_must_give_one(self, assemble, chunk):
        with pytest.raises(StreamTruncated):
            assemble(chunk(content="Hi"), compat=Compat(requires_finish_reason=True))


def test_other_choices_are_left_out(assemble, chunk):
    other = {"choices": [{"index": 1, "delta": {"content": "No"}, "finish_reason": "length"}]}
    assert assemble(other, chunk(content="Yes"), other, chunk("stop")).text == "Yes"


@pytest.mark.parametrize(
    "noise",
    [
        {"choices": []},
        {"id": "c1", "choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"id": "c1", "choices": [{"index": 0, "finish_reason": None}]},
        {
            "id": "c1",
            "choices": [{"delta": {"content": None, "tool_calls": None, "reasoning": None}}],
        },
        {"id": "", "model": "", "choices": [], "prompt_filter_results": [{}]},
        {"id": "c1", "object": "", "created": 1.5, "usage": None},
    ],
)
def test_chunks_that_say_nothing_do_no_harm(assemble, chunk, noise):
    assert assemble(noise, chunk(content="Hi"), noise, chunk("stop"), noise).text == "Hi"


@pytest.mark.parametrize(
    "chunk_",
    [{"object": "error", "message": "no", "code": 400}, {"detail": "no"}, {"message": "no"}],
)
def test_an_error_in_disguise_is_an_error(assemble, chunk_):
    with pytest.raises(ProviderError, match="no"):
        assemble(chunk_)


def test_another_kind_of_answer_is_refused(assemble):
    with pytest.raises(MalformedResponse) as caught:
        assemble({"status": "ok"})
    assert not caught.value.retryable


def test_a_whole_answer_is_an_answer(assemble):
    call = {"id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    message = assemble(
        {
            "id": "c1", "model": "m-2",
            "choices": [{"index": 0, "finish_reason": "tool_calls",
                         "message": {"role": "assistant", "content": "Hi", "reasoning": "Hm", "tool_calls": [call]}}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        }, done=False,
    )  # fmt: skip
    assert shape(message) == [("Thinking", "Hm"), ("Text", "Hi"), F1]
    assert message.response_model == "m-2"
    assert (message.usage.input, message.usage.output) == (3, 2)


class TestReasoningDetails:
    def test_opaque_ones_become_the_signature_of_the_thinking(self, assemble, chunk):
        message = assemble(
            chunk(
                reasoning="Hm",
                reasoning_details=[{"type": "reasoning.text", "text": "Hm", "index": 0}],
            ),
            chunk(reasoning_details=[{"type": "reasoning.text", "signature": "s=", "index": 0}]),
            chunk(content="Yes"),
            chunk("stop"),
        )
        thinking, text = message.content
        assert thinking.text == "Hm"
        assert [item.get("signature") for item in json.loads(thinking.signature)] == [None, "s="]
        assert text == Text("Yes")

    def test_they_are_shown_where_there_is_nothing_else(self, assemble, chunk):
        message = assemble(
            chunk(reasoning_details=[{"type": "reasoning.summary", "summary": "Hm"}]),
            chunk(content="Y"),
            chunk("stop"),
        )
        assert message.thinking == "Hm"

    def test_an_encrypted_one_belongs_to_its_call(self, assemble, chunk):
        detail = {"type": "reasoning.encrypted", "id": "x", "data": "AAA="}
        message = assemble(
            chunk(tool_calls=[piece(0, "x", "f", "{}")]),
            chunk(reasoning_details=[detail]),
            chunk("tool_calls"),
        )
        assert json.loads(message.tool_calls[0].signature) == detail


def test_what_google_signs_a_call_with_is_kept(assemble, chunk):
    extra = {"google": {"thought_signature": "abc"}}
    message = assemble(
        chunk(tool_calls=[piece(0, "x", "f", "{}", extra_content=extra)]), chunk("tool_calls")
    )
    assert json.loads(message.tool_calls[0].signature) == {"extra_content": extra}


def test_an_annotation_of_the_text_is_a_citation(assemble, chunk):
    found = {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 2}
    message = assemble(
        chunk(content="Hi"),
        chunk(annotations=[{"type": "url_citation", "url_citation": found}, "odd"]),
        chunk("stop"),
    )
    assert message.content == [
        Text("Hi", citations=[Citation("web", "A", "https://a.example", text_start=0, text_end=2)])
    ]
    assert [note["citation"] for note in message.diagnostics] == ["odd"]


def test_lists_of_sources_and_a_reported_price_are_kept_as_diagnostics(assemble, chunk):
    message = assemble(
        {**chunk(content="Hi"), "citations": ["https://a.example"]},
        chunk("stop", usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.25}),
    )
    kept = {entry["type"]: entry["value"] for entry in message.diagnostics}
    assert kept == {
        "citations": ["https://a.example"],
        "reported_cost": 0.25,
    }


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_usage_that_makes_no_sense_does_not_cost_the_answer(assemble, chunk, number):
    used = {"prompt_tokens": 3, "completion_tokens": number, "cost": number}
    message = assemble(chunk(content="Hi"), chunk("stop", usage=used))
    assert message.text == "Hi"
    assert message.usage == Usage()
    kinds = [entry["type"] for entry in message.diagnostics]
    assert kinds == ["unreadable_usage", "reported_cost"]
    json.dumps(message.diagnostics, allow_nan=False)


@pytest.mark.parametrize(
    "data",
    [
        {"object": "error", "message": "bad key sk-secret"},
        {"detail": "bad key sk-secret"},
        {"choices": [{"delta": {}, "error": {"message": "bad key sk-secret"}}]},
    ],
)
def test_a_secret_in_a_failure_is_hidden_wherever_it_is(data):
    def redact(given):
        return json.loads(json.dumps(given).replace("sk-secret", "<hidden>"))

    translator = Translator("m", Compat(), redact=redact)
    with pytest.raises(ProviderError, match="bad key <hidden>") as caught:
        translator.feed([JsonEvent("message", data)], [])
    assert "sk-secret" not in str(caught.value.__cause__)
