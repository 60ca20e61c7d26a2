"""Sessions that hold data which is nested too deep are read, go on, and are written again."""

import json

import pytest

from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, Text, ToolCall, ToolResultMessage, UserMessage
from modelwire.messages.codec import message_to_json
from modelwire.sessions import Session, read_session
from modelwire.sessions.reader import read_header

HEADER = {"type": "session", "version": 3, "id": "5f0c0c3e", "timestamp": "", "cwd": "/work"}


def nested(levels):
    return '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)


def kept(path, arguments):
    """A session with a call of a tool, as a program wrote it that knew no limit."""
    messages = [
        {"role": "user", "content": "Hello"},
        {
            "role": "assistant",
            "provider": "actor",
            "model": "x",
            "content": [
                {"type": "text", "text": "I call"},
                {"type": "toolCall", "id": "c", "name": "tool", "arguments": {"at": "here"}},
            ],
        },
        {"role": "toolResult", "toolCallId": "c", "toolName": "tool", "content": "ok"},
    ]
    lines = [json.dumps(HEADER)]
    parent = None
    for number, message in enumerate(messages):
        line = {"type": "message", "id": str(number), "parentId": parent, "message": message}
        lines.append(json.dumps(line).replace('{"at": "here"}', arguments))
        parent = str(number)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize("levels", [129, 200, 600, 800])
def test_a_call_with_deep_arguments_is_read_without_what_is_too_deep(tmp_path, levels):
    path = kept(tmp_path / "s.jsonl", nested(levels))
    before = path.read_bytes()
    with Session.open(path) as session:
        (note,) = session.notes
        assert "nested deeper than 128 levels" in note.message
        assert note.line == 3
        messages = session.conversation().messages
        assert messages[1].content[0] == Text("I call")
        assert messages[1].tool_calls[0].name == "tool"
        for message in messages:
            message_to_json(message)
        session.add(UserMessage("go on"))
        session.save_as(tmp_path / "copy.jsonl")
    assert path.read_bytes().startswith(before), "what was written stays as it is"
    assert read_session(tmp_path / "copy.jsonl").notes == ()


def test_a_call_at_the_limit_is_read_as_it_is(tmp_path):
    path = kept(tmp_path / "s.jsonl", nested(128))
    with Session.open(path) as session:
        assert session.notes == ()
        arguments = session.conversation().messages[1].tool_calls[0].arguments
    assert json.dumps(arguments, separators=(",", ":")) == nested(128)


def test_a_line_that_python_cannot_read_is_left_out_and_noted(tmp_path):
    path = kept(tmp_path / "s.jsonl", nested(100_000))
    with Session.open(path) as session:
        note = next(note for note in session.notes if note.line == 3)
        assert "nested deeper than 128 levels" in note.message
        assert [type(m) for m in session.conversation().messages] == [
            UserMessage,
            ToolResultMessage,
        ]


def test_a_header_that_is_nested_too_deep_is_none(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text("[" * 60_000)
    assert read_header(path) is None


def test_a_message_that_is_too_deep_is_refused_and_the_session_goes_on(tmp_path):
    deep = json.loads(nested(600))
    wrong = AssistantMessage([Text("x"), ToolCall("c", "tool", deep)], "actor", "x")
    with Session.create(tmp_path / "s.jsonl", cwd="/work") as session:
        session.add(UserMessage("Hello"))
        with pytest.raises(InvalidMessage, match=r"content\[1\]\.arguments: nested deeper"):
            session.add(wrong)
        with pytest.raises(InvalidMessage, match="data: nested deeper"):
            session.append("custom", {"customType": "mine", "data": deep})
        session.add(UserMessage("Still there?"))
    file = read_session(tmp_path / "s.jsonl")
    assert [entry.kind for entry in file.entries] == ["message", "message"]
    assert file.notes == ()
