"""Messages in the form of Chat Completions."""

import base64

import pytest

from modelwire.errors import InvalidMessage
from modelwire.messages import (
    AssistantMessage,
    File,
    Image,
    MediaUrl,
    StopReason,
    Text,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.dictionaries import read_messages

PNG = base64.b64encode(b"\x89PNG").decode()


def call(arguments='{"city": "Bern"}', **changes):
    return {
        "id": "c1",
        "type": "function",
        "function": {"name": "weather", "arguments": arguments},
        **changes,
    }


def test_a_conversation_with_tools_is_read():
    messages, system = read_messages(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            {"role": "user", "content": "How is Bern?", "name": "ada"},
            {"role": "assistant", "content": None, "tool_calls": [call()]},
            {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
            {"role": "assistant", "content": "It is sunny.", "tool_calls": None},
            UserMessage("Thanks."),
        ]
    )
    assert system == "Be brief.\n\nBe kind."
    user, asking, result, answer, thanks = messages
    assert user.content == [Text("How is Bern?")]
    assert asking.content == [ToolCall("c1", "weather", {"city": "Bern"})]
    assert asking.stop_reason is StopReason.TOOL_USE
    assert isinstance(result, ToolResultMessage)
    assert (result.tool_call_id, result.tool_name) == ("c1", "weather")
    assert isinstance(answer, AssistantMessage)
    assert (answer.text, answer.stop_reason) == ("It is sunny.", StopReason.STOP)
    assert thanks.content == [Text("Thanks.")]


def test_images_sounds_and_documents_are_read():
    parts = [
        {"type": "text", "text": "Look."},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
        {
            "type": "file",
            "file": {"file_data": f"data:application/pdf;base64,{PNG}", "filename": "a.pdf"},
        },
        Image(b"x", "image/gif"),
    ]
    ((message,), _) = read_messages([{"role": "user", "content": parts}])
    assert message.content == [
        Text("Look."),
        Image(b"\x89PNG", "image/png"),
        File(b"\x89PNG", "audio/wav"),
        File(b"\x89PNG", "application/pdf", "a.pdf"),
        Image(b"x", "image/gif"),
    ]


@pytest.mark.parametrize(
    ("url", "mime_type"),
    [("https://example.com/a.png?x=1", "image/png"), ("https://example.com/look", "image/*")],
)
def test_an_image_at_an_address_is_the_services_to_fetch(url, mime_type):
    for form in (url, {"url": url}):
        asked = [{"role": "user", "content": [{"type": "image_url", "image_url": form}]}]
        ((message,), _) = read_messages(asked)
        assert message.content == [MediaUrl(url, mime_type)]


def test_without_a_system_message_there_is_none():
    assert read_messages([{"role": "user", "content": "Hi"}])[1] is None


def user(*parts):
    return [{"role": "user", "content": list(parts)}]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ([{"role": "human", "content": "Hi"}], "messages[0].role is 'human'"),
        ([{"content": "Hi"}], "messages[0].role is None"),
        ([{"role": "user"}], "messages[0].content is NoneType"),
        (["Hi"], "messages[0] is str"),
        (
            [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}],
            "messages[1] is a",
        ),
        (user("Hi"), "messages[0].content[0] is of the type 'str'"),
        (user({"type": "video"}), "messages[0].content[0] is of the type 'video'"),
        (user({"type": ["text"]}), "messages[0].content[0] is of the type ['text']"),
        (user({"type": "text", "text": 5}), "messages[0].content[0].text is int"),
        (
            user({"type": "image_url", "image_url": {"url": "file:///a.png"}}),
            "messages[0].content[0].image_url is not a base64 data: URL",
        ),
        (
            user({"type": "image_url", "image_url": "data:image/png;base64,?"}),
            "messages[0].content[0].image_url is not base64",
        ),
        (
            user({"type": "input_audio", "input_audio": {"format": "wav"}}),
            "messages[0].content[0].input_audio.data is not base64",
        ),
        (
            [{"role": "tool", "tool_call_id": "c9", "content": ""}],
            "messages[0].tool_call_id is 'c9'",
        ),
        (
            [{"role": "assistant", "tool_calls": [call("{")]}],
            "The arguments of messages[0].tool_calls[0] are not JSON",
        ),
        (
            [{"role": "assistant", "tool_calls": [call(5)]}],
            "messages[0].tool_calls[0].function.arguments is int",
        ),
        ([{"role": "assistant", "tool_calls": [call(id=None)]}], "messages[0].tool_calls[0].id"),
        (
            [{"role": "assistant", "tool_calls": [{}]}],
            "messages[0].tool_calls[0] is not a function call",
        ),
        ([{"role": "assistant", "content": 5}], "messages[0].content is int"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_place(given, place):
    with pytest.raises(InvalidMessage) as caught:
        read_messages(given)
    assert str(caught.value).startswith(place)
    assert caught.value.hint
