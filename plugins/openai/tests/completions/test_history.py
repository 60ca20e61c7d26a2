"""A conversation, from whatever provider, as this API takes it."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantMessage,
    Context,
    Image,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_openai.compat import Compat
from modelwire_openai.completions.request import build_request
from modelwire_openai.servers import FOREIGN, SERVERS, server_of

MODEL = Model("acme", "m")
PNG = Image(b"\x89PNG", "image/png")
HI = UserMessage("Hi")


def own(*content, **kinds):
    """What the model itself said earlier."""
    return AssistantMessage(list(content), "acme", "m", api="openai-completions", **kinds)


def foreign(*content, **kinds):
    """What a model of another provider said."""
    return AssistantMessage(
        list(content), "amazon-bedrock", "claude", api="bedrock-converse-stream", **kinds
    )


def built(*messages, compat=None, model=MODEL):
    return build_request(model, Context(list(messages)), CompletionOptions(), compat=compat)


def said(*messages, **kinds):
    return built(*messages, **kinds).payload["messages"]


def noted(request):
    return [(change.kind, change.path) for change in request.changes]


def call(call_id="x", name="f", arguments=None):
    return ToolCall(call_id, name, arguments or {})


def result(call_id="x", text="12", name="f", **kinds):
    return ToolResultMessage(call_id, name, text, **kinds)


def test_a_turn_with_a_call_and_its_result():
    assert said(HI, own(Text("I look."), call(arguments={"a": "ü"})), result()) == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [
                {"id": "x", "type": "function", "function": {"name": "f", "arguments": '{"a":"ü"}'}}
            ],
        },
        {"role": "tool", "content": "12", "tool_call_id": "x"},
    ]


class TestThinking:
    @pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "reasoning_text"])
    def test_the_models_own_goes_back_in_the_field_that_it_came_in(self, field):
        message = said(HI, own(Thinking("Hm", field), Text("Yes")), HI)[1]
        assert message == {"role": "assistant", "content": "Yes", field: "Hm"}

    def test_that_of_another_model_is_not_sent(self):
        request = built(HI, foreign(Thinking("Hm", "sig="), Text("Yes")), HI)
        assert request.payload["messages"][1] == {"role": "assistant", "content": "Yes"}
        assert noted(request) == [("dropped", "messages[1].content[0]")]

    def test_of_another_model_of_the_same_provider_too(self):
        other = AssistantMessage([Thinking("Hm", "reasoning"), Text("Yes")], "acme", "m2")
        assert said(HI, other, HI)[1] == {"role": "assistant", "content": "Yes"}

    def test_what_came_in_tags_is_not_sent_back(self):
        request = built(HI, own(Thinking("Hm"), Text("Yes")), HI)
        assert request.payload["messages"][1] == {"role": "assistant", "content": "Yes"}
        assert noted(request) == [("dropped", "messages[1].content[0]")]

    def test_that_of_another_model_is_not_text_even_where_the_models_own_is(self):
        compat = Compat(requires_thinking_as_text=True)
        message = said(HI, foreign(Thinking("Hm", "x"), Text("Yes")), HI, compat=compat)[1]
        assert message["content"] == "Yes"

    def test_the_configuration_may_ask_for_it_as_text(self):
        compat = Compat(requires_thinking_as_text=True)
        assert (
            said(HI, own(Thinking("Hm", "reasoning"), Text("Yes")), HI, compat=compat)[1]["content"]
            == "Hm\n\nYes"
        )

    @pytest.mark.parametrize("opening", ["<think>", "<think>\n", "<reasoning>", "<thought>"])
    def test_in_tags_it_goes_back_in_them_where_the_model_needs_it(self, opening):
        compat = Compat(think_tags=True, requires_thinking_in_tags=True)
        thinking = Thinking("Hm", opening)
        message = said(HI, own(thinking, Text("Yes"), call()), result(), compat=compat)[1]
        closing = f"</{opening.strip()[1:]}"
        assert message["content"] == f"{opening}Hm{closing}\n\nYes"
        message = said(HI, own(thinking, call()), result(), compat=compat)[1]
        assert message["content"] == f"{opening}Hm{closing}"
        assert message["tool_calls"]

    def test_in_tags_it_goes_to_no_other_model(self):
        compat = Compat(think_tags=True, requires_thinking_in_tags=True)
        message = said(HI, foreign(Thinking("Hm", "<think>"), Text("Yes")), HI, compat=compat)[1]
        assert message["content"] == "Yes"

    def test_in_a_field_it_goes_back_in_the_field_also_where_tags_are_needed(self):
        compat = Compat(requires_thinking_in_tags=True)
        message = said(HI, own(Thinking("Hm", "reasoning"), Text("Yes")), HI, compat=compat)[1]
        assert (message["reasoning"], message["content"]) == ("Hm", "Yes")

    @pytest.mark.parametrize("thinking", [Thinking.from_redacted(b"x"), Thinking("", "sig=")])
    def test_without_text_it_is_dropped(self, thinking):
        request = built(HI, foreign(thinking, Text("Yes")), HI)
        assert request.payload["messages"][1]["content"] == "Yes"
        assert noted(request) == [("dropped", "messages[1].content[0]")]

    def test_a_turn_of_thinking_alone_is_dropped(self):
        request = built(HI, own(Thinking("Hm", "reasoning")), UserMessage("Go on"))
        assert len(request.payload["messages"]) == 1
        assert ("dropped", "messages[1]") in noted(request)

    def test_deepseek_wants_the_field_in_every_turn(self):
        compat = server_of("deepseek").compat
        messages = said(
            HI,
            own(Thinking("Hm", "reasoning_content"), call()),
            result(),
            own(Text("Yes")),
            HI,
            compat=compat,
        )
        assert messages[1]["reasoning_content"] == "Hm"
        assert messages[3]["reasoning_content"] == ""

    def test_deepseek_takes_that_of_others_there(self):
        messages = said(
            HI,
            foreign(Thinking("Hm", "sig="), call()),
            result(),
            compat=server_of("deepseek").compat,
        )
        assert messages[1]["reasoning_content"] == "Hm"
        assert messages[1]["content"] is None

    def test_opaque_details_go_back_as_they_came(self):
        details = [{"type": "reasoning.text", "text": "Hm", "signature": "s="}]
        message = said(HI, own(Thinking("Hm", json.dumps(details)), Text("Yes")), HI)[1]
        assert message == {"role": "assistant", "content": "Yes", "reasoning_details": details}

    def test_what_signs_a_call_goes_back_with_it(self):
        extra = {"extra_content": {"google": {"thought_signature": "abc"}}}
        detail = {"type": "reasoning.encrypted", "id": "y", "data": "A="}
        calls = (
            ToolCall("x", "f", {}, json.dumps(extra)),
            ToolCall("y", "f", {}, json.dumps(detail)),
        )
        message = said(HI, own(*calls), result("x"), result("y"))[1]
        assert message["tool_calls"][0]["extra_content"] == extra["extra_content"]
        assert message["reasoning_details"] == [detail]

    def test_that_of_others_does_not(self):
        message = said(
            HI, foreign(ToolCall("x", "f", {}, '{"type":"reasoning.encrypted"}')), result()
        )[1]
        assert "reasoning_details" not in message

    def test_mistral_takes_no_further_keys(self):
        compat = server_of("mistral").compat
        message = said(HI, own(Thinking("Hm", "reasoning"), Text("Yes")), HI, compat=compat)[1]
        assert message.keys() == {"role", "content"}


class TestIds:
    def ids(self, *messages, **kinds):
        written = said(*messages, **kinds)
        calls = [entry["id"] for message in written for entry in message.get("tool_calls", ())]
        results = [message["tool_call_id"] for message in written if message["role"] == "tool"]
        return calls, results

    def test_the_services_own_stay(self):
        assert self.ids(HI, own(call("functions.f:0")), result("functions.f:0")) == (
            ["functions.f:0"],
            ["functions.f:0"],
        )

    def test_others_become_legal_and_stay_apart(self):
        long = "toolu_" + "a" * 60
        calls, results = self.ids(
            HI, foreign(call(long + "1"), call(long + "2"), call("a:b"), call("a.b")),
            result(long + "2"), result(long + "1"), result("a.b"), result("a:b"),
        )  # fmt: skip
        assert len(set(calls)) == 4
        assert all(len(wire) <= 40 and wire.replace("_", "a").isalnum() for wire in calls)
        assert results == [calls[1], calls[0], calls[3], calls[2]]

    def test_of_two_joined_by_a_bar_the_first_is_the_calls(self):
        assert self.ids(HI, foreign(call("call_1|fc_1")), result("call_1|fc_1")) == (
            ["call_1"],
            ["call_1"],
        )

    def test_one_that_comes_again_gets_another(self):
        calls, results = self.ids(
            HI, own(call("call_0")), result("call_0"), own(call("call_0")), result("call_0")
        )
        assert len(set(calls)) == 2
        assert calls == results

    def test_mistral_wants_nine_characters(self):
        compat = server_of("mistral").compat
        calls, results = self.ids(
            HI,
            foreign(call("toolu_1"), call("abcdefghi")),
            result("toolu_1"),
            result("abcdefghi"),
            compat=compat,
        )
        assert [len(wire) for wire in calls] == [9, 9]
        assert calls[1] == "abcdefghi"
        assert calls == results

    def test_the_change_is_recorded(self):
        assert ("rewritten", "messages[1].content[0].id") in noted(
            built(HI, foreign(call("a.b")), result("a.b"))
        )


class TestResults:
    def test_images_follow_the_last_result_of_a_run(self):
        messages = said(
            HI,
            own(call("x"), call("y")),
            result("x", [Text("see"), PNG]),
            result("y", [PNG]),
            UserMessage("Nice?"),
        )
        assert [message["role"] for message in messages] == [
            "user",
            "assistant",
            "tool",
            "tool",
            "user",
        ]
        assert [message["content"] for message in messages[2:4]] == ["see", "(see attached image)"]
        kinds = [part["type"] for part in messages[4]["content"]]
        assert kinds == ["text", "image_url", "image_url", "text"]
        assert messages[4]["content"][0]["text"] == "Attached image(s) from tool result:"

    def test_an_empty_one_says_so(self):
        request = built(HI, own(call()), result(text=" "))
        assert request.payload["messages"][2]["content"] == "(no output)"
        assert ("added", "messages[2]") in noted(request)

    def test_the_tools_name_where_it_is_wanted(self):
        compat = Compat(requires_tool_result_name=True)
        assert said(HI, own(call()), result(), compat=compat)[2]["name"] == "f"

    def test_the_assistant_speaks_in_between_where_that_is_wanted(self):
        compat = Compat(requires_assistant_after_tool_result=True)
        messages = said(HI, own(call()), result(), UserMessage("Go on"), compat=compat)
        assert messages[3] == {"role": "assistant", "content": "I have processed the tool results."}
        assert said(HI, own(call()), result(), compat=compat)[-1]["role"] == "tool"


class TestRepairs:
    def test_a_call_without_a_result_gets_one(self):
        request = built(HI, own(call()), UserMessage("Well?"))
        assert request.payload["messages"][2]["content"] == "No result provided"
        assert request.payload["messages"][3]["content"] == "Well?"
        assert noted(request) == [("added", "messages[1].content[0]")]

    def test_also_at_the_end(self):
        assert said(HI, own(call()))[-1]["role"] == "tool"

    def test_a_result_without_a_call_is_dropped(self):
        request = built(HI, result(), own(Text("Yes")), HI)
        assert [message["role"] for message in request.payload["messages"]] == [
            "user",
            "assistant",
            "user",
        ]
        assert noted(request) == [("dropped", "messages[1]")]

    @pytest.mark.parametrize("reason", [StopReason.ERROR, StopReason.ABORTED])
    def test_a_failed_answer_goes_with_its_results(self, reason):
        request = built(
            HI, own(Text("So"), call(), stop_reason=reason), result(), UserMessage("Again")
        )
        (message,) = request.payload["messages"]
        assert [part["text"] for part in message["content"]] == ["Hi", "Again"]
        assert noted(request) == [
            ("dropped", "messages[1]"),
            ("dropped", "messages[2]"),
            ("merged", "messages[3]"),
        ]

    def test_a_result_comes_before_what_the_user_says(self):
        request = built(HI, own(call()), UserMessage("Well?"), result())
        assert [message["role"] for message in request.payload["messages"]] == [
            "user",
            "assistant",
            "tool",
            "user",
        ]
        assert noted(request) == [("moved", "messages[3]")]

    def test_two_turns_in_a_row_are_one(self):
        messages = said(
            HI, UserMessage("there"), own(Text("a")), own(Text("b")), HI, compat=FOREIGN
        )
        assert [message["content"] for message in messages] == ["Hi\nthere", "a\n\nb", "Hi"]

    @pytest.mark.parametrize("content", [[], [Text("")], [Text(" \n")], [Image(b"", "image/png")]])
    def test_blank_messages_are_dropped(self, content):
        request = built(UserMessage(content), HI, own(Text(" ")), UserMessage(list(content)))
        assert request.payload["messages"] == [{"role": "user", "content": "Hi"}]
        assert ("dropped", "messages[0]") in noted(request)

    def test_unpaired_surrogates_leave_and_pairs_stay(self):
        request = built(
            UserMessage("a\ud83db\ud83c\udf88"),
            own(call(arguments={"a": "\ud83d"})),
            result(text="\ude00x"),
        )
        messages = request.payload["messages"]
        assert messages[0]["content"] == "ab🎈"
        assert json.loads(messages[1]["tool_calls"][0]["function"]["arguments"]) == {"a": ""}
        assert messages[2]["content"] == "x"
        assert [kind for kind, _ in noted(request)] == ["rewritten"] * 3

    def test_arguments_that_are_no_object_become_one(self):
        broken = call()
        broken.arguments = ["x"]
        request = built(HI, own(broken), result())
        assert request.payload["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"
        assert ("rewritten", "messages[1].content[0].arguments") in noted(request)


def test_empty_tools_go_with_calls_where_gateways_want_them():
    messages = [HI, own(call()), result()]
    assert built(*messages, compat=FOREIGN).payload["tools"] == []
    assert "tools" not in built(*messages).payload
    assert "tools" not in built(HI, compat=FOREIGN).payload


TEXTS = st.text(max_size=8)
IDS = st.sampled_from(["a", "b", "a.b", "call_1|fc_1", "x" * 50, "x" * 49 + "y", ""])
CALLS = st.builds(
    ToolCall, IDS, st.sampled_from(["f", "g.h", "ü"]), st.dictionaries(TEXTS, TEXTS, max_size=2)
)
BLOCKS = st.one_of(
    st.builds(Text, TEXTS),
    st.builds(
        Thinking, TEXTS, st.sampled_from([None, "reasoning", "s=", '[{"data":"x"}]', "[1]", "{"])
    ),
    CALLS,
)
MESSAGES = st.lists(
    st.one_of(
        st.builds(UserMessage, st.lists(st.one_of(st.builds(Text, TEXTS), st.just(PNG)), max_size=3)),
        st.builds(
            AssistantMessage, st.lists(BLOCKS, max_size=4), st.sampled_from(["acme", "b"]), st.just("m"),
            stop_reason=st.sampled_from([StopReason.STOP, StopReason.TOOL_USE, StopReason.ABORTED]),
        ),
        st.builds(ToolResultMessage, IDS, st.just("f"), st.lists(st.builds(Text, TEXTS), max_size=2)),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=150)
@given(MESSAGES, st.sampled_from([Compat(), FOREIGN, *(server.compat for server in SERVERS)]))
def test_whatever_was_said_the_request_is_well_formed(messages, compat):
    written = said(HI, *messages, compat=compat)
    waiting: list[str] = []
    seen: set[str] = set()
    for message in written:
        if message["role"] == "tool":
            waiting.remove(message["tool_call_id"])
            assert message["content"]
            continue
        assert not waiting, "a call has no result"
        assert message["content"] or message.get("tool_calls")
        for entry in message.get("tool_calls", ()):
            assert entry["id"]
            assert entry["id"] not in seen
            assert isinstance(json.loads(entry["function"]["arguments"]), dict)
            waiting.append(entry["id"])
            seen.add(entry["id"])
    assert not waiting
    roles = [message["role"] for message in written if message["role"] != "tool"]
    assert all(first != second or first != "user" for first, second in pairwise(roles))
    json.dumps(written, ensure_ascii=False).encode()  # UTF-8 can say all of it
