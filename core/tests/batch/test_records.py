"""Rows are read in every shape that is documented, and errors name the line and the field."""

from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.batch import RequestShapes, answer_record, failure_record, parse_row, row_id
from modelwire.dialects import BadRequest, ServedCall
from modelwire.errors import ContentFiltered, InvalidRequest, RateLimited, ToolTurnsExceeded
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantMessage,
    Context,
    Cost,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    Usage,
    UserMessage,
)
from modelwire.messages.codec import message_from_json, message_to_json
from modelwire.models import Model


class PlainDialect:
    """An API whose request is one text, as far as reading needs."""

    api: ClassVar[str] = "plain"
    paths: ClassVar[dict[str, bool | None]] = {"/v1/plain": False, "/model/{model:path}/ask": False}
    batch_members: ClassVar[tuple[str, str]] = ("rowName", "rowInput")

    def read(self, body: Any, _headers: Any, model: Model, upstream: str) -> ServedCall:
        if not isinstance(body.get("text"), str):
            msg = "text must be a string."
            raise BadRequest(msg, param="text")
        call = ServedCall(
            Context([UserMessage(body["text"])], "Be brief."), CompletionOptions(max_tokens=7)
        )
        if upstream == self.api:
            call.pass_on({"extra": model.id})
        else:
            call.note("extra", "It is not passed on.")
        return call


SHAPES = RequestShapes((PlainDialect(),))  # type: ignore[arg-type] - it only reads


def row(data, line=3, **more):
    return parse_row(data, line, shapes=lambda: SHAPES, **more)


def text_of(found):
    return [each.content[0].text for each in found.messages]


def test_a_prompt_is_one_message_of_the_user():
    found = row({"custom_id": "a", "prompt": "Why?", "system": "Be brief.", "max_tokens": 9})
    assert (found.custom_id, found.line, found.system) == ("a", 3, "Be brief.")
    assert text_of(found) == ["Why?"]
    assert found.options == {"max_tokens": 9}
    assert found.context.system_prompt == "Be brief."


@pytest.mark.parametrize(
    ("given", "custom_id"), [({}, "3"), ({"custom_id": None}, "3"), ({"custom_id": 17}, "17")]
)
def test_a_row_without_an_id_has_the_number_of_its_line(given, custom_id):
    assert row({"prompt": "Why?", **given}).custom_id == custom_id


def test_messages_may_have_the_form_of_chat_completions():
    found = row({
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "Sun"},
        ],
    })  # fmt: skip
    assert found.system == "Be brief."
    assert isinstance(found.messages[1], AssistantMessage)
    assert isinstance(found.messages[2], ToolResultMessage)


def test_a_system_prompt_comes_before_system_messages():
    messages = [{"role": "system", "content": "Second."}, {"role": "user", "content": "Hi"}]
    assert row({"messages": messages, "system": "First."}).system == "First.\n\nSecond."


def test_messages_may_have_modelwires_own_form():
    said = [
        UserMessage([Text("What is it?"), Image(b"\x89PNG", "image/png")]),
        AssistantMessage([Thinking("Hm."), ToolCall("c", "f", {"a": 1})], "p", "m"),
        ToolResultMessage("c", "f", "Sun"),
    ]
    found = row({"messages": [message_to_json(each) for each in said]})
    assert list(found.messages) == said


def test_tools_are_read_in_both_forms():
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}}
    own = {"name": "f", "description": "F.", "parameters": parameters}
    found = row({"prompt": "Hi", "tools": [own, {"type": "function", "function": own}]})
    assert found.tools[0] == found.tools[1]
    assert found.tools[0].parameters == parameters


def test_a_request_is_found_by_its_url():
    found = row({
        "custom_id": "a", "method": "POST", "url": "/v1/plain",
        "body": {"model": "gpt", "text": "Why?"},
    })  # fmt: skip
    assert (text_of(found), found.system) == (["Why?"], "Be brief.")
    assert found.options == {"max_tokens": 7, "model": "gpt", "params": {"extra": "gpt"}}


def test_a_url_may_name_the_model():
    line = {"url": "https://host.example/model/a/b/ask", "body": {"text": "Why?"}}
    assert row(line).options["model"] == "a/b"


def test_a_request_is_found_by_its_member():
    found = row({"rowName": "r1", "rowInput": {"text": "Why?"}})
    assert (found.custom_id, text_of(found)) == ("r1", ["Why?"])


def test_what_another_api_lacks_is_noted_and_reported():
    line = {"rowInput": {"text": "Why?"}}
    found = row(line, model=Model("acme", "m"), upstream="other")
    assert "params" not in found.options
    record = answer_record(found, AssistantMessage("So.", "acme", "m"))
    assert record["ignored"] == [{"path": "extra", "reason": "It is not passed on."}]


@pytest.mark.parametrize(
    ("data", "part"),
    [
        ([], "expected an object, found list"),
        ({}, "neither prompt nor messages"),
        ({"promt": "Hi"}, "'promt' is not a field"),
        ({"prompt": " "}, "prompt must be text"),
        ({"prompt": 5}, "prompt must be text"),
        ({"prompt": "a", "messages": []}, "both given"),
        ({"messages": []}, "messages must be a list"),
        ({"messages": "Hi"}, "messages must be a list"),
        ({"messages": [{"role": "system", "content": "Hi"}]}, "only system messages"),
        ({"messages": [{"role": "nobody", "content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "toolResult"}]}, "messages[0] is not valid. toolCallId"),
        ({"prompt": "a", "custom_id": ""}, "custom_id must be text"),
        ({"prompt": "a", "custom_id": True}, "custom_id must be text"),
        ({"prompt": "a", "custom_id": "\ud800"}, "custom_id must be text"),
        ({"prompt": "a", "max_tokens": "5"}, "max_tokens must be a whole number"),
        ({"prompt": "a", "max_token": 5}, "'max_token' is not a field"),
        ({"prompt": "a", "instructions": "x"}, "'instructions' is not a field"),
        ({"prompt": "a", "model": 5}, "model must be a string"),
        ({"prompt": "a", "system": 5}, "system must be a string"),
        ({"prompt": "a", "tools": {}}, "tools must be a list"),
        ({"prompt": "a", "tools": [{"description": "x"}]}, "tools[0] is not a tool"),
        ({"prompt": "a", "tools": [{"type": "web"}]}, "tools[0].type"),
        ({"url": "/v1/other", "body": {}}, "url '/v1/other'"),
        ({"url": "/v1/plain", "method": "GET", "body": {}}, "method must be POST"),
        ({"url": "/v1/plain", "body": []}, "body must be an object"),
        ({"url": "/v1/plain", "body": {"model": 5}}, "body.model must be text"),
        ({"url": "/v1/plain", "body": {}}, "in body, text must be a string"),
        ({"rowInput": {}}, "in rowInput, text must be a string"),
    ],
)
def test_an_error_names_the_line_and_the_field(data, part):
    with pytest.raises(InvalidRequest) as caught:
        row(data)
    assert caught.value.message.startswith("Line 3: ")
    assert part in caught.value.message
    assert not caught.value.retryable


def test_own_data_of_a_row_is_left_out():
    assert row({"prompt": "a", "label": "x", "source": {"a": 1}}).options == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
fields = st.sampled_from([
    "custom_id", "prompt", "messages", "system", "tools", "model", "stop", "params", "url", "body",
    "rowInput", "tool_choice", "fallbacks", "response_schema",
])  # fmt: skip


@given(st.dictionaries(fields, json_values, max_size=4), st.integers(1, 10**9))
@settings(deadline=None)
def test_any_json_is_a_row_or_an_error_that_names_its_line(data, line):
    try:
        found = row(data, line)
    except InvalidRequest as error:
        message = error.message
    else:
        assert row_id(data, line, shapes=lambda: SHAPES) == found.custom_id
        return
    assert message.startswith(f"Line {line}: ")


def test_an_answer_is_the_message_with_its_usage_and_cost():
    found = row({"custom_id": "a", "prompt": "Why?"})
    usage = Usage(3, 4, cost=Cost(0.5, 0.25))
    message = AssistantMessage("So.", "acme", "m", usage=usage)
    record = answer_record(found, message, 2)
    assert list(record) == ["custom_id", "line", "message", "usage", "cost", "attempts"]
    assert message_from_json(record["message"]) == message
    assert (record["custom_id"], record["line"], record["attempts"]) == ("a", 3, 2)
    assert (record["usage"]["totalTokens"], record["cost"]) == (7, 0.75)


def test_an_unknown_cost_is_not_zero():
    record = answer_record(row({"prompt": "Why?"}), AssistantMessage("So.", "acme", "m"))
    assert (record["cost"], record["attempts"]) == (None, 1)


def test_a_failure_has_its_code_and_attempts():
    found = row({"custom_id": "a", "prompt": "Why?"})
    error = RateLimited("Slow down.", provider="acme", model="m", status=429, request_id="r")
    assert failure_record(found, error, 4) == {
        "custom_id": "a",
        "line": 3,
        "error": {
            "code": "rate_limited", "message": "Slow down.", "hint": None, "retryable": True,
            "provider": "acme", "model": "m", "status": 429, "requestId": "r",
        },
        "attempts": 4,
    }  # fmt: skip
    assert failure_record(found, ContentFiltered("No."), 1)["error"]["retryable"] is False
    assert "status" not in failure_record(found, ToolTurnsExceeded("Many."), 1)["error"]
