"""Blocks and messages in Python."""

import pytest

from modelwire.errors import InvalidMessage
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantMessage,
    File,
    Image,
    Text,
    Thinking,
    Tool,
    ToolCall,
    Usage,
    UserMessage,
)
from modelwire.models import Model


def test_content_may_be_given_as_a_string():
    assert UserMessage("hi").content == [Text("hi")]


def test_text_thinking_and_calls_are_kept_apart():
    call = ToolCall("c", "t")
    message = AssistantMessage(
        [Thinking("a"), Thinking.from_redacted(b"x"), Text("b"), call, Text("c")], "p", "m"
    )
    assert (message.thinking, message.text, message.tool_calls) == ("a", "bc", [call])


def test_an_image_is_read_with_its_media_type(tmp_path):
    path = tmp_path / "dot.png"
    path.write_bytes(b"\x89PNG")
    image = Image.from_path(path)
    assert image == Image(b"\x89PNG", "image/png")
    assert "4 bytes" in repr(image)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.pdf", "document"), ("a.txt", "document"), ("a.wav", "audio"), ("a.mp4", "video")],
)
def test_a_file_is_read_with_its_name_and_kind(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"x")
    file = File.from_path(tmp_path / name)
    assert (file.data, file.name, file.kind) == (b"x", name, kind)


def test_a_file_without_a_known_ending_is_a_typed_error(tmp_path):
    with pytest.raises(InvalidMessage, match="what kind"):
        File.from_path(tmp_path / "secrets")


@pytest.mark.parametrize("name", ["missing.png", "notes.txt"])
def test_a_file_that_is_no_image_is_a_typed_error(tmp_path, name):
    with pytest.raises(InvalidMessage, match=name):
        Image.from_path(tmp_path / name)


def test_a_notebook_shows_the_text_of_an_answer_and_its_calls():
    content = [Thinking("Hm."), Text("**Yes.**"), ToolCall("c1", "look", {"at": "`x`"})]
    shown = AssistantMessage(content, "acme", "large")._repr_markdown_()
    assert shown == "**Yes.**\n\n*calls the tool* `look`"
    assert AssistantMessage("", "acme", "large")._repr_markdown_() == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (UserMessage("Hi"), "UserMessage(content=[Text(text='Hi')])"),
        (
            AssistantMessage("Hi", "acme", "large", usage=Usage(input=3)),
            "AssistantMessage(content=[Text(text='Hi')], provider='acme', model='large', usage=Usage(input=3))",
        ),
        (Tool("look", "Look."), "Tool(name='look', description='Look.')"),
        (Model("acme", "large"), "Model(provider='acme', id='large')"),
        (CompletionOptions(max_tokens=5), "CompletionOptions(max_tokens=5)"),
    ],
)
def test_a_message_is_represented_in_few_words(value, shown):
    assert repr(value) == shown
