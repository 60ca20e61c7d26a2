from __future__ import annotations

import pytest

from modelwire.messages import (
    AssistantMessage,
    Image,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)

NOVA = "us.amazon.nova-pro-v1:0"
LLAMA = "us.meta.llama4-maverick-17b-instruct-v1:0"

READ = Tool("read", "Reads a file.")
PNG = Image(b"png", "image/png")


def answer(*content, provider="amazon-bedrock", model="m", **rest):
    return AssistantMessage(list(content), provider, model, **rest)


def call(call_id, name="read", arguments=None):
    return ToolCall(call_id, name, {} if arguments is None else arguments)


def result(call_id, *content, name="read", **rest):
    return ToolResultMessage(call_id, name, list(content) or [Text("done")], **rest)


def user_turn(*blocks):
    return {"role": "user", "content": list(blocks)}


def shape(request):
    """Roles, and what kinds of blocks they hold."""
    return [
        (message["role"], [next(iter(block)) for block in message["content"]])
        for message in request.payload["messages"]
    ]


def reasons(request, kind=None):
    return {change.path: change.reason for change in request.changes if kind in (None, change.kind)}


class TestToolResults:
    def test_results_in_a_row_are_one_turn_of_the_user(self, build):
        request = build(
            [
                UserMessage("go"),
                answer(call("a"), call("b")),
                result("a"),
                result("b"),
                UserMessage("so?"),
            ],
            tools=[READ],
            cache_retention="none",
        )
        assert shape(request)[2] == ("user", ["toolResult", "toolResult", "text"])

    def test_a_call_without_a_result_gets_one_that_says_so(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), UserMessage("never mind")],
            tools=[READ],
            cache_retention="none",
        )
        added, text = request.payload["messages"][2]["content"]
        assert added["toolResult"] == {
            "toolUseId": "a",
            "content": [{"text": "No result provided"}],
            "status": "error",
        }
        assert text == {"text": "never mind"}
        assert "messages[1].content[0]" in reasons(request, "added")

    def test_calls_at_the_end_of_the_history_are_answered_too(self, build):
        request = build(
            [UserMessage("go"), answer(call("a"))], tools=[READ], cache_retention="none"
        )
        assert shape(request)[-1] == ("user", ["toolResult"])

    def test_a_result_without_a_call_is_dropped(self, build):
        request = build([UserMessage("go"), result("ghost"), UserMessage("hm")], tools=[READ])
        assert "toolResult" not in str(request.payload["messages"])
        assert "messages[1]" in reasons(request, "dropped")

    def test_a_second_result_of_one_call_is_dropped(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), result("a", Text("1")), result("a", Text("2"))],
            tools=[READ],
            cache_retention="none",
        )
        assert shape(request)[-1] == ("user", ["toolResult"])
        assert "messages[3]" in reasons(request, "dropped")

    def test_a_result_that_comes_after_the_user_spoke_is_still_the_answer(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), UserMessage("wait"), result("a", Text("42"))],
            tools=[READ],
            cache_retention="none",
        )
        [first, second] = request.payload["messages"][-1]["content"]
        assert first["toolResult"]["content"] == [{"text": "42"}]
        assert second == {"text": "wait"}
        assert "messages[3]" in reasons(request, "moved")

    @pytest.mark.parametrize("stopped", [StopReason.ERROR, StopReason.ABORTED])
    def test_a_failed_answer_goes_with_its_results(self, build, stopped):
        request = build(
            [
                UserMessage("go"),
                answer(Text("I will"), call("a"), stop_reason=stopped),
                result("a"),
                UserMessage("again"),
            ],
            tools=[READ],
            cache_retention="none",
        )
        assert request.payload["messages"] == [user_turn({"text": "go"}, {"text": "again"})]
        assert {"messages[1]", "messages[2]"} <= set(reasons(request, "dropped"))

    def test_a_retry_after_a_failed_answer_keeps_its_own_results(self, build):
        request = build(
            [
                UserMessage("go"),
                answer(call("a"), stop_reason=StopReason.ERROR),
                answer(call("a")),
                result("a", Text("42")),
            ],
            tools=[READ],
            cache_retention="none",
        )
        assert request.payload["messages"][-1]["content"][0]["toolResult"]["content"] == [
            {"text": "42"}
        ]

    def test_a_result_of_a_failed_answer_is_not_taken_for_that_of_an_older_call(self, build):
        request = build(
            [
                UserMessage("go"),
                answer(call("a")),
                answer(call("a"), stop_reason=StopReason.ERROR),
                result("a", Text("42")),
            ],
            tools=[READ],
            cache_retention="none",
        )
        [block] = request.payload["messages"][-1]["content"]
        assert block["toolResult"]["content"] == [{"text": "No result provided"}]

    def test_an_empty_result_says_that_there_is_no_output(self, build):
        request = build(
            [
                UserMessage("go"),
                answer(call("a")),
                result("a", Text(" \n"), Image(b"", "image/png")),
            ],
            tools=[READ],
            cache_retention="none",
        )
        [block] = request.payload["messages"][-1]["content"]
        assert block["toolResult"]["content"] == [{"text": "(no output)"}]

    def test_a_tool_that_failed_says_so(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), result("a", is_error=True)],
            tools=[READ],
            cache_retention="none",
        )
        assert request.payload["messages"][-1]["content"][0]["toolResult"]["status"] == "error"

    def test_where_no_status_is_taken_the_text_says_that_a_tool_failed(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), result("a", Text("boom"), is_error=True)],
            "us.writer.palmyra-x4-v1:0",
            tools=[READ],
        )
        assert request.payload["messages"][-1]["content"][0]["toolResult"] == {
            "toolUseId": "a",
            "content": [{"text": "The tool failed:"}, {"text": "boom"}],
        }


class TestTurns:
    def test_blank_text_is_dropped_in_every_role(self, build):
        request = build(
            [
                UserMessage([Text(" "), Text("go")]),
                answer(Text("\n\t"), Text("yes"), call("a")),
                result("a", Text("\ufeff"), Text("42")),
            ],
            tools=[READ],
            cache_retention="none",
        )
        first, second, third = (message["content"] for message in request.payload["messages"])
        assert first == [{"text": "go"}]
        assert second[0] == {"text": "yes"}
        assert third[0]["toolResult"]["content"] == [{"text": "42"}]
        paths = {"messages[0].content[0]", "messages[1].content[0]", "messages[2].content[0]"}
        assert paths <= set(reasons(request, "dropped"))

    def test_a_message_of_nothing_is_dropped_and_its_neighbours_join(self, build):
        request = build(
            [UserMessage("one"), answer(Text(" ")), UserMessage("two")], cache_retention="none"
        )
        assert request.payload["messages"] == [user_turn({"text": "one"}, {"text": "two"})]
        assert "messages[1]" in reasons(request, "dropped")
        assert "messages[2]" in reasons(request, "merged")

    def test_a_message_of_nothing_does_not_part_a_call_from_its_result(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), answer(Text("")), result("a", Text("42"))],
            tools=[READ],
            cache_retention="none",
        )
        assert request.payload["messages"][-1]["content"][0]["toolResult"]["content"] == [
            {"text": "42"}
        ]

    def test_two_answers_in_a_row_are_one(self, build):
        request = build([UserMessage("a"), answer(Text("b")), answer(Text("c")), UserMessage("d")])
        assert shape(request)[1] == ("assistant", ["text", "text"])

    def test_an_empty_history_becomes_a_placeholder(self, build):
        request = build([], cache_retention="none")
        assert request.payload["messages"] == [user_turn({"text": "."})]

    def test_the_user_begins_where_the_family_wants_it(self, build):
        history = [answer(Text("Hello!")), UserMessage("hi")]
        assert [role for role, _ in shape(build(history))] == ["assistant", "user"]
        request = build(history, NOVA, cache_retention="none")
        assert request.payload["messages"][0] == user_turn({"text": "."})
        assert reasons(request, "added")

    def test_an_answer_to_be_continued_stays_last_where_the_family_continues_it(self, build):
        history = [UserMessage("count"), answer(Text("one, two, "))]
        assert build(history).payload["messages"][-1]["content"] == [{"text": "one, two,"}]
        for model in ("us.anthropic.claude-sonnet-4-6", LLAMA):
            messages = build(history, model, cache_retention="none").payload["messages"]
            assert messages[-1] == user_turn({"text": "."})

    def test_thinking_does_not_continue_an_answer(self, build):
        history = [UserMessage("count"), answer(Text("one, two, "))]
        request = build(history, reasoning="low")
        assert shape(request)[-1][0] == "user"

    def test_unpaired_surrogates_are_removed_everywhere_and_pairs_kept(self, build):
        torn = "a\ud83db \ud83d\ude00"
        request = build(
            [
                UserMessage(torn),
                answer(Text(torn), call("a", arguments={torn: [torn, {"x": torn}]})),
                result("a", Text(torn)),
            ],
            system=torn,
            tools=[Tool("read", torn, {"type": "object", "title": torn})],
            cache_retention="none",
        )
        mended = "ab \U0001f600"
        messages = request.payload["messages"]
        assert messages[0]["content"] == [{"text": mended}]
        assert messages[1]["content"][0] == {"text": mended}
        assert messages[1]["content"][1]["toolUse"]["input"] == {mended: [mended, {"x": mended}]}
        assert messages[2]["content"][0]["toolResult"]["content"] == [{"text": mended}]
        assert request.payload["system"] == [{"text": mended}]
        [tool] = request.payload["toolConfig"]["tools"]
        assert tool["toolSpec"]["description"] == mended
        assert tool["toolSpec"]["inputSchema"]["json"]["title"] == mended


class TestWithoutTools:
    HISTORY = (
        UserMessage("go"),
        answer(Text("I look."), call("a", arguments={"path": "x"})),
        result("a", Text("found"), PNG, is_error=True),
        UserMessage("so?"),
    )

    def test_tool_history_is_sent_as_text(self, build):
        request = build(list(self.HISTORY), cache_retention="none")
        assert "toolConfig" not in request.payload
        assert request.payload["messages"] == [
            user_turn({"text": "go"}),
            {
                "role": "assistant",
                "content": [
                    {"text": "I look."},
                    {"text": '[Assistant tool call]: read({"path":"x"})'},
                ],
            },
            user_turn(
                {"text": "[Tool result: read (error)]:"},
                {"text": "found"},
                {"image": {"format": "png", "source": {"bytes": b"png"}}},
                {"text": "so?"},
            ),
        ]

    def test_results_as_text_may_be_beside_text_in_every_family(self, build):
        assert len(build(list(self.HISTORY), LLAMA).payload["messages"]) == 3

    def test_with_tools_the_blocks_are_kept(self, build):
        request = build(list(self.HISTORY), tools=[READ], cache_retention="none")
        assert shape(request)[1] == ("assistant", ["text", "toolUse"])


class TestImages:
    @pytest.mark.parametrize(
        ("mime_type", "kind"),
        [
            ("image/png", "png"),
            ("image/jpeg", "jpeg"),
            ("image/jpg", "jpeg"),
            ("image/gif", "gif"),
            ("IMAGE/WEBP; q=1", "webp"),
        ],
    )
    def test_media_types_become_formats(self, build, mime_type, kind):
        request = build([UserMessage([Image(b"x", mime_type)])])
        assert request.payload["messages"][0]["content"][0]["image"]["format"] == kind

    def test_another_kind_of_image_is_refused_with_its_place(self, build):
        from modelwire.errors import InvalidMessage

        with pytest.raises(InvalidMessage) as caught:
            build([UserMessage("hi"), UserMessage([Text("look"), Image(b"x", "image/tiff")])])
        assert caught.value.problems[0].path == "messages[1].content[1].mimeType"

    def test_an_image_without_data_is_dropped(self, build):
        request = build(
            [UserMessage([Text("look"), Image(b"", "image/png")])], cache_retention="none"
        )
        assert request.payload["messages"] == [user_turn({"text": "look"})]

    def test_a_model_of_text_gets_one_placeholder_for_images_in_a_row(self, build):
        from modelwire.models import Model

        model = Model("amazon-bedrock", "us.anthropic.claude-sonnet-4-6", input=("text",))
        request = build(
            [UserMessage([PNG, PNG, Text("look"), PNG]), answer(call("a")), result("a", PNG)],
            model,
            tools=[READ],
            cache_retention="none",
        )
        placeholder = {"text": "(image omitted: model does not support images)"}
        first, _, last = (message["content"] for message in request.payload["messages"])
        assert first == [placeholder, {"text": "look"}, placeholder]
        assert last[0]["toolResult"]["content"] == [
            {"text": "(tool image omitted: model does not support images)"}
        ]

    def test_images_stay_in_the_result_where_the_family_takes_them(self, build):
        for model in (NOVA, LLAMA, "us.anthropic.claude-sonnet-4-6"):
            request = build(
                [UserMessage("go"), answer(call("a")), result("a", PNG)], model, tools=[READ]
            )
            [part] = request.payload["messages"][-1]["content"][0]["toolResult"]["content"]
            assert "image" in part

    def test_images_follow_the_result_where_it_takes_none(self, build):
        request = build(
            [
                UserMessage("go"),
                answer(call("a")),
                result("a", Text("here"), PNG),
                UserMessage("so?"),
            ],
            "qwen.qwen3-vl-235b-a22b-instruct-v1:0",
            tools=[READ],
        )
        outcome, label, image, said = request.payload["messages"][-1]["content"]
        assert outcome["toolResult"]["content"] == [
            {"text": "here"},
            {"text": '(see attached images labeled "Images from tool result a:")'},
        ]
        assert label == {"text": "Images from tool result a:"}
        assert "image" in image
        assert said == {"text": "so?"}

    def test_a_turn_parts_images_from_results_that_stand_alone(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), result("a", PNG)],
            "us.mistral.pixtral-large-2502-v1:0",
            tools=[READ],
        )
        assert shape(request)[2:] == [
            ("user", ["toolResult"]),
            ("assistant", ["text"]),
            ("user", ["text", "image"]),
        ]

    def test_images_of_a_tool_that_failed_follow_its_result_with_claude(self, build):
        request = build(
            [UserMessage("go"), answer(call("a")), result("a", PNG, is_error=True)],
            tools=[READ],
            cache_retention="none",
        )
        assert shape(request)[-1] == ("user", ["toolResult", "text", "image"])
