"""LangChain's messages as contexts of modelwire."""

import base64

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from modelwire.errors import InvalidMessage, InvalidRequest
from modelwire.hookspecs import ToolChoice
from modelwire.messages import (
    AssistantMessage,
    File,
    Image,
    MediaUrl,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire_langchain.messages import SIGNATURES, context_of
from modelwire_langchain.tools import schema_of, tool_choice_of, tool_of

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

PNG = b"\x89PNG\r\n"
DATA = base64.b64encode(PNG).decode()


def test_system_messages_join_the_system_prompt_wherever_they_are():
    context = context_of(
        [
            SystemMessage("Be brief."),
            HumanMessage("Hello"),
            SystemMessage([{"type": "text", "text": "Be kind."}]),
            ChatMessage("Be quick.", role="developer"),
            ChatMessage("Sure?", role="user"),
        ]
    )

    assert context.system_prompt == "Be brief.\n\nBe kind.\n\nBe quick."
    assert [message.content for message in context.messages] == [[Text("Hello")], [Text("Sure?")]]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "text", "text": "Hi"}, Text("Hi")),
        ({"type": "text-plain", "text": "Hi"}, Text("Hi")),
        ({"type": "image", "base64": DATA, "mime_type": "image/png"}, Image(PNG, "image/png")),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{DATA}"}},
            Image(PNG, "image/png"),
        ),
        (
            {"type": "image", "source_type": "base64", "data": DATA, "mime_type": "image/png"},
            Image(PNG, "image/png"),
        ),
        (
            {"type": "image", "url": "https://example.com/a.png?x=1"},
            MediaUrl("https://example.com/a.png?x=1", "image/png"),
        ),
        (
            {
                "type": "file",
                "base64": DATA,
                "mime_type": "application/pdf",
                "extras": {"filename": "a"},
            },
            File(PNG, "application/pdf", "a"),
        ),
        ({"type": "audio", "base64": DATA, "mime_type": "audio/wav"}, File(PNG, "audio/wav")),
        (
            {"type": "video", "url": "https://example.com/a"},
            MediaUrl("https://example.com/a", "video/mp4"),
        ),
    ],
)
def test_content_is_read_from_standard_blocks_and_from_older_ones(block, part):
    (message,) = context_of([HumanMessage([block])]).messages

    assert isinstance(message, UserMessage)
    assert message.content == [part]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (HumanMessage([{"type": "text", "text": "Hi"}, {"type": "hologram"}]), "message 1, block 1: blocks of the type"),
        (HumanMessage([{"type": "image", "file_id": "f"}]), "message 1, block 0: give its content"),
        (HumanMessage([{"type": "image", "base64": "%%"}]), "message 1, block 0: its base64"),
        (FunctionMessage("x", name="f"), "message 1: a FunctionMessage"),
        (ChatMessage("x", role="critic"), "message 1: a ChatMessage"),
        (RemoveMessage("x"), "message 1: a RemoveMessage"),
    ],
)  # fmt: skip
def test_what_no_model_gets_is_refused_with_its_place(message, said):
    with pytest.raises(InvalidMessage, match=said):
        context_of([HumanMessage("Hello"), message])


def test_calls_and_results_keep_their_names_and_signatures():
    call = {"name": "look", "args": {"city": "Oslo"}, "id": "a", "type": "tool_call"}
    said = AIMessage(
        "Let me see.", tool_calls=[call], additional_kwargs={SIGNATURES: {"a": "c2ln"}}
    )
    picture = {"type": "image", "base64": DATA, "mime_type": "image/png"}

    answer, first, second = context_of(
        [
            said,
            ToolMessage([picture], tool_call_id="a", status="error"),
            ToolMessage("sunny", tool_call_id="b"),
        ]
    ).messages

    assert isinstance(answer, AssistantMessage)
    assert answer.content == [Text("Let me see."), ToolCall("a", "look", {"city": "Oslo"}, "c2ln")]
    assert isinstance(first, ToolResultMessage)
    assert (first.tool_name, first.is_error, first.content) == (
        "look",
        True,
        [Image(PNG, "image/png")],
    )
    assert (second.tool_name, second.is_error, second.content) == ("tool", False, [Text("sunny")])


def test_thinking_goes_back_with_the_model_that_made_it():
    blocks = [
        {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "c2ln"}},
        {"type": "reasoning", "reasoning": "", "extras": {"signature": "b3A=", "redacted": True}},
        {"type": "text", "text": "Paris."},
    ]
    metadata = {"model_provider": "modelwire", "model_name": "openrouter/vendor/model"}

    (answer,) = context_of([AIMessage(blocks, response_metadata=metadata)]).messages

    assert isinstance(answer, AssistantMessage)
    assert (answer.provider, answer.model) == ("openrouter", "vendor/model")
    assert answer.content == [
        Thinking("Hm.", "c2ln"),
        Thinking("", "b3A=", redacted=True),
        Text("Paris."),
    ]


def test_a_tool_that_is_no_function_is_refused():
    with pytest.raises(InvalidRequest, match="'web_search'"):
        tool_of({"type": "web_search"})


def test_a_choice_that_is_none_is_refused():
    assert tool_choice_of(False) is None
    assert tool_choice_of("none") == ToolChoice("none")
    with pytest.raises(InvalidRequest, match="tool_choice is 5"):
        tool_choice_of(5)


def test_the_schema_of_a_response_format_is_found():
    schema = {"type": "object", "properties": {}}

    assert schema_of(None) is None
    assert schema_of({"type": "json_object"}) == {"type": "object"}
    assert (
        schema_of({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}) == schema
    )
    with pytest.raises(InvalidRequest, match="response_format"):
        schema_of({"type": "text"})
