"""What a caller passes as a prompt is checked before a model is looked for."""

import pytest

from modelwire.errors import InvalidMessage
from modelwire.messages import (
    AssistantMessage,
    Context,
    File,
    Image,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.messages.validity import check_context


def user(*blocks):
    return Context([UserMessage(blocks)])


def assistant(*blocks):
    return Context([UserMessage("hi"), AssistantMessage(blocks, "acme", "large")])


def result(*blocks, call_id="c1"):
    return Context([ToolResultMessage(call_id, "f", blocks)])


MISTAKES = [
    (user("hello"), "messages[0].content[0]: is a string; wrap it in Text"),
    (user(Text("a"), 5), "messages[0].content[1]: must be one of Text, Image, "),
    (user(Thinking("x")), "messages[0].content[0]: must be one of Text, "),
    (user(Text(5)), "messages[0].content[0].text: must be a string, not int"),
    (user(Text(None)), "messages[0].content[0].text: must be a string, not None"),
    (user(Image("aGk=", "image/png")), "messages[0].content[0].data: must be bytes, not str"),
    (user(File(b"x", None)), "messages[0].content[0].mime_type: must be a string, not None"),
    (user(SearchResult(1, "t", ["x"])), "messages[0].content[0].source: must be a string"),
    (assistant(Image(b"x", "image/png")), "messages[1].content[0]: must be one of Text, Thinking"),
    (assistant(ToolCall("c1", "f", "{}")), "messages[1].content[0].arguments: must be an object"),
    (assistant(ToolCall(None, "f", {})), "messages[1].content[0].id: must be a string, not None"),
    (result(Text("a"), call_id=5), "messages[0].tool_call_id: must be a string, not int"),
    (result("a"), "messages[0].content[0]: is a string; wrap it in Text"),
    (Context([UserMessage("a")], system_prompt=5), "system_prompt: must be a string, not int"),
]


@pytest.mark.parametrize(("context", "problem"), MISTAKES, ids=lambda value: str(value)[:50])
def test_what_is_no_content_is_named_by_its_place(context, problem):
    with pytest.raises(InvalidMessage) as caught:
        check_context(context)
    assert len(caught.value.problems) == 1
    assert str(caught.value.problems[0]).startswith(problem)


@pytest.mark.parametrize(
    "context", [user(Text("a"), Image(b"x", "image/png")), assistant(), result(), Context()]
)
def test_what_is_well_formed_passes(context):
    check_context(context)


@pytest.mark.parametrize("content", [5, None, b"hello", {"type": "text"}], ids=repr)
@pytest.mark.parametrize(
    "make",
    [
        UserMessage,
        lambda content: AssistantMessage(content, "acme", "large"),
        lambda content: ToolResultMessage("c1", "f", content),
    ],
    ids=["user", "assistant", "result"],
)
def test_content_is_a_string_or_blocks(make, content):
    with pytest.raises(InvalidMessage, match="a string or a list of blocks, not"):
        make(content)
