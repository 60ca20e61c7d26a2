"""How a conversation becomes the items of a request."""

import json

import pytest
from responses_events import REASONING, added, call_item, done, end, said

from modelwire.errors import InvalidMessage
from modelwire.messages import (
    AssistantMessage,
    File,
    Image,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model

PNG = Image(b"\x89PNG", "image/png")
SIGNED = Thinking("Let me see.", json.dumps(REASONING))


def assistant(*content, model="gpt-5.5", provider="openai", api="openai-responses", **more):
    return AssistantMessage(list(content), provider, model, api, **more)


def signed_text(text, item_id="msg_1", phase=None):
    return Text(text, json.dumps({"v": 1, "id": item_id, **({"phase": phase} if phase else {})}))


def words(text):
    return {"role": "user", "content": [{"type": "input_text", "text": text}]}


def items(request, kind):
    return [item for item in request.payload["input"] if item.get("type") == kind]


def kinds(request):
    return [(change.kind, change.path) for change in request.changes]


def test_what_the_user_says(build):
    png = "data:image/png;base64,iVBORw=="
    pdf = "data:application/pdf;base64,JVBERg=="
    message = UserMessage([Text("Look"), PNG, File(b"%PDF", "application/pdf", "a.pdf")])
    request = build([message])
    assert request.payload["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Look"},
                {"type": "input_image", "detail": "auto", "image_url": png},
                {"type": "input_file", "filename": "a.pdf", "file_data": pdf},
            ],
        }
    ]
    assert request.changes == ()


def test_a_file_without_a_name_gets_one(build):
    (item,) = build([UserMessage([File(b"%PDF", "application/pdf")])]).payload["input"]
    assert item["content"][0]["filename"] == "file.pdf"


def test_sound_and_blind_models_get_placeholders(build):
    request = build([UserMessage([File(b"RIFF", "audio/wav")])])
    assert request.payload["input"] == [words("(audio omitted: this API does not take it)")]
    assert kinds(request) == [("rewritten", "messages[0].content[0]")]
    blind = Model("openai", "gpt-5", input=("text",))
    request = build([UserMessage([PNG, PNG])], blind)
    assert request.payload["input"] == [words("(image omitted: model does not support images)")]


def test_an_image_of_a_strange_kind_is_named(build):
    with pytest.raises(InvalidMessage, match=r"messages\[0\].content\[1\].mimeType"):
        build([UserMessage([Text("a"), Image(b"II", "image/tiff")])])


@pytest.mark.parametrize("blank", ["", "  \n", "\ufeff"])
def test_blank_text_is_not_sent(blank, build):
    request = build([UserMessage("a"), UserMessage(blank), assistant(Text(blank))])
    assert request.payload["input"] == [words("a")]
    assert ("dropped", "messages[1]") in kinds(request)
    assert ("dropped", "messages[2]") in kinds(request)


def test_a_conversation_without_a_word_gets_one(build):
    request = build([UserMessage("")], system="Be kind.")
    assert request.payload["input"] == [words(".")]
    assert request.payload["instructions"] == "Be kind."
    assert ("added", "messages") in kinds(request)


def test_unpaired_surrogates_go_and_pairs_stay(build):
    request = build([UserMessage("a\ud83d b \ud83d\ude00")], system="x\udc00y")
    assert request.payload["input"] == [words("a b \U0001f600")]
    assert request.payload["instructions"] == "xy"


def test_the_models_own_answer_goes_back_as_it_came(build):
    call = ToolCall("call_1|fc_1", "weather", {"city": "Zürich"})
    said = assistant(SIGNED, signed_text("I look.", phase="commentary"), call)
    request = build([UserMessage("q"), said, ToolResultMessage(call.id, "weather", "12 °C")])
    assert request.payload["input"][1:] == [
        REASONING,
        {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "phase": "commentary",
            "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
        },
        {
            "type": "function_call",
            "id": "fc_1",
            "call_id": "call_1",
            "name": "weather",
            "arguments": '{"city":"Zürich"}',
        },
        {"type": "function_call_output", "call_id": "call_1", "output": "12 °C"},
    ]
    assert request.changes == ()


def test_an_old_session_has_the_bare_id_as_signature(build):
    request = build([UserMessage("q"), assistant(Text("Hi", "msg_9"))])
    assert items(request, "message")[0]["id"] == "msg_9"


@pytest.mark.parametrize(
    ("model", "provider", "api"),
    [
        ("gpt-5.4", "openai", "openai-responses"),
        ("gpt-5.5", "azure", "openai-responses"),
        ("gpt-5.5", "openai", "openai-completions"),
        ("claude", "amazon-bedrock", "bedrock-converse-stream"),
    ],
)
def test_another_models_answer_goes_without_ids_and_thinking(model, provider, api, build):
    call = ToolCall("call_1|fc_1", "weather", {})
    said = assistant(SIGNED, signed_text("Hi"), call, model=model, provider=provider, api=api)
    request = build([UserMessage("q"), said, ToolResultMessage(call.id, "weather", "ok")])
    assert not any("id" in item for item in request.payload["input"])
    assert items(request, "reasoning") == []
    texts = [item["content"][0]["text"] for item in items(request, "message")]
    assert texts == ["Hi"]
    assert [item["call_id"] for item in items(request, "function_call")] == ["call_1"]
    assert [item["call_id"] for item in items(request, "function_call_output")] == ["call_1"]
    assert kinds(request) == [("dropped", "messages[1].content[0]")]


@pytest.mark.parametrize(
    "thinking",
    [
        Thinking.from_redacted(b"opaque"),
        Thinking("", json.dumps(REASONING)),
        Thinking("  ", "reasoning_content"),
    ],
)
def test_thinking_that_says_nothing_to_another_model_is_dropped(thinking, build):
    said = assistant(thinking, Text("Hi"), provider="amazon-bedrock", model="claude", api=None)
    request = build([UserMessage("q"), said])
    assert len(request.payload["input"]) == 2
    assert kinds(request) == [("dropped", "messages[1].content[0]")]


@pytest.mark.parametrize(
    "item",
    [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": None},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "a"}]},
    ],
)
def test_reasoning_of_which_only_the_id_is_left_is_unknown_to_a_service_without_memory(item, build):
    said = assistant(Thinking("a", json.dumps(item)), signed_text("Hi"))
    request = build([UserMessage("q"), said])
    assert items(request, "reasoning") == []
    assert "id" not in items(request, "message")[0], "its id would call for the reasoning"
    assert kinds(request) == [("dropped", "messages[1].content[0]")]
    stored = build([UserMessage("q"), said], params={"store": True})
    assert items(stored, "reasoning") == [item]


def test_reasoning_in_the_clear_goes_back(build):
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [],
        "content": [{"type": "reasoning_text", "text": "Hm."}],
    }
    request = build([UserMessage("q"), assistant(Thinking("Hm.", json.dumps(item)), Text("Hi"))])
    assert items(request, "reasoning") == [item]


def test_reasoning_that_led_to_nothing_is_not_sent(build):
    messages = [UserMessage("q"), assistant(SIGNED, stop_reason=StopReason.LENGTH)]
    request = build([*messages, UserMessage("go on")])
    assert request.payload["input"] == [words("q"), words("go on")]
    assert ("dropped", "messages[1]") in kinds(request)


def test_an_item_is_sent_once_under_its_id(build):
    twice = [assistant(SIGNED, signed_text("Hi")), assistant(SIGNED, signed_text("Hi"))]
    request = build([UserMessage("q"), twice[0], UserMessage("again"), twice[1]])
    assert len(items(request, "reasoning")) == 1
    assert [item.get("id") for item in items(request, "message")] == ["msg_1", None]


def test_reasoning_can_be_left_out_with_all_ids(build):
    call = ToolCall("call_1|fc_1", "weather", {})
    messages = [UserMessage("q"), assistant(SIGNED, call), ToolResultMessage(call.id, "w", "ok")]
    assert build(messages).has_item_ids
    request = build(messages, reasoning_back=False)
    assert not request.has_item_ids
    assert [item.get("type") for item in request.payload["input"]] == [
        None,
        "function_call",
        "function_call_output",
    ]


def test_what_the_services_own_tools_did_goes_back_to_its_place(build, message_of):
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {}}
    more = {**search, "id": "ws_2"}
    foreign = {"type": "computer_call", "id": "cu_1"}
    events = [
        done(0, REASONING),
        done(1, search),
        done(2, more),
        done(3, foreign),
        *said(["Hi"], output=4),
    ]
    message = message_of([*events, end()])
    message.provider, message.model, message.api = "openai", "gpt-5.5", "openai-responses"
    request = build([UserMessage("q"), message])
    assert [item.get("id") for item in request.payload["input"]] == [
        None,
        "rs_1",
        "ws_1",
        "ws_2",
        "msg_1",
    ]
    assert items(build([UserMessage("q"), message], "gpt-5.4"), "web_search_call") == []


def test_calls_of_one_id_stay_apart(build):
    """Recorded of Bedrock: every answer's first call is `call_0`."""
    first, second = ToolCall("call_0|fc_1", "a", {}), ToolCall("call_0|fc_2", "b", {})
    request = build(
        [
            UserMessage("q"),
            assistant(first),
            ToolResultMessage(first.id, "a", "one"),
            assistant(second),
            ToolResultMessage(second.id, "b", "two"),
        ]
    )
    calls = [item["call_id"] for item in items(request, "function_call")]
    results = {item["call_id"]: item["output"] for item in items(request, "function_call_output")}
    assert calls[0] == "call_0"
    assert len(set(calls)) == 2
    assert [results[call] for call in calls] == ["one", "two"]


@pytest.mark.parametrize("bad", ["x" * 65, "x" * 200, "tool use:1", ""])
def test_ids_of_other_services_become_legal(bad, build):
    good = "call_1"
    calls = [ToolCall(bad, "a", {}), ToolCall(good, "a", {})]
    messages = [
        UserMessage("q"),
        assistant(*calls, provider="amazon-bedrock", api="bedrock-converse-stream"),
        *(ToolResultMessage(call.id, "a", f"r{i}") for i, call in enumerate(calls)),
    ]
    request = build(messages)
    wire = [item["call_id"] for item in items(request, "function_call")]
    assert all(0 < len(each) <= 64 for each in wire)
    assert [item["call_id"] for item in items(request, "function_call_output")] == wire
    assert wire[1] == good
    assert build(messages).payload == request.payload, "a cached prompt stays valid"


def test_names_of_tools_are_made_legal_in_the_history_too(build):
    call = ToolCall("call_1|fc_1", "browser.navigate", {})
    request = build([UserMessage("q"), assistant(call), ToolResultMessage(call.id, call.name, "x")])
    (item,) = items(request, "function_call")
    assert request.tool_names == {item["name"]: "browser.navigate"}
    assert item["name"].startswith("browser_navigate_")


def test_a_call_without_a_result_gets_one(build):
    call = ToolCall("call_1", "weather", {})
    for after in ([], [UserMessage("go on")], [assistant(Text("Hm"))]):
        request = build([UserMessage("q"), assistant(call), *after])
        (result,) = items(request, "function_call_output")
        assert result["output"] == "No result provided"
        assert request.payload["input"].index(result) == 2
        assert ("added", "messages[1].content[0]") in kinds(request)


def test_results_without_a_call_are_dropped(build):
    stopped = assistant(ToolCall("call_1", "a", {}), stop_reason=StopReason.ABORTED)
    result = ToolResultMessage("call_1", "a", "late")
    request = build([UserMessage("q"), stopped, result, UserMessage("go on")])
    assert request.payload["input"] == [words("q"), words("go on")]
    assert kinds(request) == [("dropped", "messages[1]"), ("dropped", "messages[2]")]
    request = build([UserMessage("q"), result])
    assert request.payload["input"] == [words("q")]


def test_results_stand_before_what_the_user_says(build):
    calls = [ToolCall("call_1", "a", {}), ToolCall("call_2", "a", {})]
    results = [ToolResultMessage("call_2", "a", "two"), ToolResultMessage("call_1", "a", "one")]
    request = build(
        [UserMessage("q"), assistant(*calls), results[0], UserMessage("wait"), results[1]]
    )
    outputs = [item.get("output") for item in request.payload["input"][3:]]
    assert outputs == ["two", "one", None]
    assert ("moved", "messages[4]") in kinds(request)


@pytest.mark.parametrize(
    ("content", "failed", "output"),
    [
        ("12", False, "12"),
        ([Text("a"), Text("b")], False, "a\nb"),
        ("", False, "(no output)"),
        ("no such city", True, "The tool failed:\nno such city"),
    ],
)
def test_results_as_text(content, failed, output, build):
    call = ToolCall("call_1", "a", {})
    result = ToolResultMessage("call_1", "a", content, is_error=failed)
    request = build([UserMessage("q"), assistant(call), result])
    assert items(request, "function_call_output")[0]["output"] == output


@pytest.mark.parametrize("content", [[PNG], [Text("see"), PNG]])
def test_results_with_images(content, build):
    call = ToolCall("call_1", "a", {})
    request = build([UserMessage("q"), assistant(call), ToolResultMessage("call_1", "a", content)])
    output = items(request, "function_call_output")[0]["output"]
    assert [part["type"] for part in output] == ["input_text", "input_image"][2 - len(content) :]


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({"n": 2**60, "x": float("nan")}, f'{{"n":{2**60},"x":null}}'),
        ({"s": "a\ud83d"}, '{"s":"a"}'),
        ([1], "{}"),
    ],
)
def test_arguments_are_json(arguments, sent, build):
    call = ToolCall("call_1", "a", arguments)
    request = build([UserMessage("q"), assistant(call)])
    assert items(request, "function_call")[0]["arguments"] == sent
    assert ("rewritten", "messages[1].content[0].arguments") in kinds(request)


def test_a_streamed_answer_goes_back_under_the_ids_that_it_came_with(build, message_of):
    events = [
        added(0, REASONING),
        done(0, REASONING),
        *said(["Hi"], output=1),
        done(2, call_item('{"a":1}')),
    ]
    message = message_of([*events, end()])
    message.model, message.api = "gpt-5.5", "openai-responses"
    request = build([UserMessage("q"), message])
    assert [item.get("id") for item in request.payload["input"]][1:4] == ["rs_1", "msg_1", "fc_1"]
    assert items(request, "reasoning") == [REASONING]
