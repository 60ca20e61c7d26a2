"""What is read from the file of a session, whole or damaged, of any version."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import SessionError
from modelwire.sessions import read_session
from modelwire.sessions.reader import parse_session
from modelwire.sessions.replay import branch_of, replay

USER = {"role": "user", "content": "Hello", "timestamp": 1_733_234_567_890}
ANSWER = {
    "role": "assistant",
    "content": [{"type": "text", "text": "Hi!"}],
    "api": "anthropic-messages",
    "provider": "anthropic",
    "model": "claude-sonnet-4-5",
    "usage": {
        "input": 3,
        "output": 4,
        "cacheRead": 0,
        "cacheWrite": 0,
        "totalTokens": 7,
        "cost": {"input": 0.1, "output": 0.2, "cacheRead": 0, "cacheWrite": 0, "total": 0.3},
    },
    "stopReason": "stop",
    "timestamp": 1_733_234_567_891,
}
HEADER = {
    "type": "session",
    "version": 3,
    "id": "5f0c0c3e-0000-4000-8000-000000000001",
    "timestamp": "2025-12-09T00:53:29.825Z",
    "cwd": "/work",
}


def entry(kind, name, parent, **data):
    stamp = "2025-12-09T00:53:30.000Z"
    return {"type": kind, "id": name, "parentId": parent, "timestamp": stamp, **data}


def text(*lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def told(data):
    file = parse_session(data)
    return replay(branch_of(file.entries, file.entries[-1].id if file.entries else None))


def texts(conversation):
    return [
        block.text
        for message in conversation.messages
        for block in message.content
        if hasattr(block, "text")
    ]


def test_a_session_is_its_header_and_its_entries():
    file = parse_session(
        text(HEADER, entry("message", "a1", None, message=USER), entry("label", "a2", "a1", x=1))
    )
    assert (file.header.id, file.header.version, file.header.cwd) == (HEADER["id"], 3, "/work")
    assert [(e.id, e.parent_id, e.kind, e.line) for e in file.entries] == [
        ("a1", None, "message", 2),
        ("a2", "a1", "label", 3),
    ]
    assert file.entries[1].data["x"] == 1
    assert file.notes == ()


def test_version_1_keeps_its_order_and_gets_ids():
    header = {k: v for k, v in HEADER.items() if k != "version"} | {"provider": "anthropic"}
    stamped = {"timestamp": "2024-12-03T14:00:01.000Z"}
    data = text(
        header,
        {"type": "message", **stamped, "message": USER},
        {"type": "message", **stamped, "message": ANSWER},
        {"type": "compaction", **stamped, "summary": "They met.", "firstKeptEntryIndex": 2},
        {"type": "message", **stamped, "message": {**USER, "content": "Again"}},
        {"type": "model_change", **stamped, "provider": "openai", "modelId": "gpt-4o"},
    )
    file = parse_session(data)
    assert [e.parent_id for e in file.entries] == [None, *(e.id for e in file.entries[:-1])]
    conversation = told(data)
    assert texts(conversation) == [
        "What was said before, in short:\n\nThey met.",
        "Hi!",
        "Again",
    ]
    assert str(conversation.model) == "openai/gpt-4o"


def test_version_2_has_messages_of_hooks():
    hook = {"role": "hookMessage", "customType": "x", "content": "From a hook", "timestamp": 1}
    data = text(HEADER | {"version": 2}, entry("message", "a1", None, message=hook))
    assert texts(told(data)) == ["From a hook"]


def test_the_branch_of_the_last_entry_is_the_conversation():
    data = text(
        HEADER,
        entry("message", "a1", None, message=USER),
        entry("message", "a2", "a1", message=ANSWER),
        entry("message", "b2", "a1", message={**ANSWER, "content": [text_block("Another")]}),
    )
    assert texts(told(data)) == ["Hello", "Another"]


def text_block(words):
    return {"type": "text", "text": words}


def test_a_compaction_replaces_what_it_does_not_keep():
    data = text(
        HEADER,
        entry("message", "a1", None, message=USER),
        entry("message", "a2", "a1", message=ANSWER),
        entry("message", "a3", "a2", message={**USER, "content": "Kept"}),
        entry("compaction", "a4", "a3", summary="Greetings.", firstKeptEntryId="a3"),
        entry("message", "a5", "a4", message={**USER, "content": "After"}),
    )
    assert texts(told(data)) == [
        "What was said before, in short:\n\nGreetings.",
        "Kept",
        "After",
    ]


def test_what_pi_would_tell_the_model_is_reported():
    run = {"role": "bashExecution", "command": "ls", "output": "a\n", "exitCode": 2, "timestamp": 1}
    data = text(
        HEADER,
        entry("message", "a1", None, message=run),
        entry("message", "a2", "a1", message={**run, "excludeFromContext": True}),
        entry("custom_message", "a3", "a2", customType="x", content="Injected", display=False),
        entry("branch_summary", "a4", "a3", fromId="a1", summary="Tried it."),
        entry("custom", "a5", "a4", customType="x", data={"secret": 1}),
    )
    assert texts(told(data)) == [
        "I ran a command: ls\na\nIt ended with the exit status 2.",
        "Injected",
        "What was said on another branch of this conversation, in short:\n\nTried it.",
    ]


def test_the_last_choices_stand():
    data = text(
        HEADER,
        entry("thinking_level_change", "a1", None, thinkingLevel="high"),
        entry("model_change", "a2", "a1", provider="openai", modelId="gpt-4o"),
        entry("custom", "a3", "a2", customType="modelwire.system_prompt", data={"text": "Be kind"}),
        entry("message", "a4", "a3", message=ANSWER),
    )
    conversation = told(data)
    assert conversation.thinking_level == "high"
    assert str(conversation.model) == "anthropic/claude-sonnet-4-5"
    assert conversation.system_prompt == "Be kind"


@pytest.mark.parametrize("name", ["delivery-mirror", "gateway-injected"])
def test_what_openclaw_delivered_is_no_answer_of_a_model(name):
    delivered = {**ANSWER, "provider": "openclaw", "model": name}
    read = told(
        text(
            HEADER,
            entry("message", "a", None, message=USER),
            entry("message", "b", "a", message=ANSWER),
            entry("message", "c", "b", message=delivered),
        )
    )
    assert str(read.model) == "anthropic/claude-sonnet-4-5"
    assert len(read.messages) == 3


def test_unknown_entries_keep_their_place_and_are_noted():
    data = text(
        HEADER,
        entry("message", "a1", None, message=USER),
        entry("hologram", "a2", "a1", light=1),
        entry("message", "a3", "a2", message=ANSWER),
    )
    conversation = told(data)
    assert texts(conversation) == ["Hello", "Hi!"]
    assert [(n.line, "hologram" in n.message) for n in conversation.notes] == [(3, True)]


def test_a_message_that_cannot_be_read_is_left_out_with_its_line_and_place():
    data = text(
        HEADER,
        entry("message", "a1", None, message=USER),
        entry("message", "a2", "a1", message={**ANSWER, "content": 5}),
        entry("message", "a3", "a2", message={**USER, "content": "Again"}),
    )
    conversation = told(data)
    assert texts(conversation) == ["Hello", "Again"]
    assert [(n.line, n.path) for n in conversation.notes] == [(3, "message.content")]


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_half_a_last_line_is_left_out_and_noted(cut):
    whole = text(HEADER, entry("message", "a1", None, message=USER))
    file = parse_session(whole + text(entry("message", "a2", "a1", message=ANSWER))[:cut])
    assert [e.id for e in file.entries] == ["a1"]
    assert [(n.line, "cut" in n.message) for n in file.notes] == [(3, True)]
    assert file.sound_bytes == len(whole)


def test_a_damaged_line_does_not_cost_what_came_before_it():
    lines = text(
        HEADER,
        entry("message", "a1", None, message=USER),
        entry("message", "a2", "a1", message=ANSWER),
        entry("message", "a3", "a2", message={**USER, "content": "Again"}),
    ).splitlines(keepends=True)
    lines[2] = b'{"type": "mess\xff\n'
    assert texts(told(b"".join(lines))) == ["Hello", "Again"]
    notes = parse_session(b"".join(lines)).notes
    assert [(n.line, n.path) for n in notes] == [(3, ""), (4, "parentId")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a header"),
        (b"not json", "not a header"),
        (b'{"role": "user"}\n', "not a header"),
        (b"[1]\n", "not a header"),
        (text({**HEADER, "version": 4}), "version 4"),
    ],
)
def test_what_is_no_session_is_refused_with_its_line(tmp_path, data, said):
    path = tmp_path / "session.jsonl"
    path.write_bytes(data)
    with pytest.raises(SessionError, match=said) as caught:
        read_session(path)
    assert caught.value.source == str(path)
    assert said != "not a header" or caught.value.problems[0].line == 1


def test_a_missing_file_is_an_error_with_its_name(tmp_path):
    path = tmp_path / "session.jsonl"
    with pytest.raises(SessionError, match=r"session\.jsonl: No such file"):
        read_session(path)


def test_a_session_without_a_price_is_read_as_unknown_and_one_with_a_price_as_known():
    nothing = dict.fromkeys(("input", "output", "cacheRead", "cacheWrite", "total"), 0)
    usage = {**ANSWER["usage"], "cost": nothing, "costKnown": False}
    conversation = told(
        text(
            HEADER,
            entry("message", "a1", None, message=ANSWER),
            entry("message", "a2", "a1", message={**ANSWER, "usage": usage}),
        )
    )
    first, second = conversation.messages
    assert first.usage.cost.total == pytest.approx(0.3)
    assert second.usage.cost is None


KEYS = st.sampled_from(["type", "id", "parentId", "message", "role", "content", "summary", "data"])
WORDS = st.sampled_from(["message", "compaction", "custom", "user", "assistant", "a1", "session"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.printable, max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


@given(
    st.lists(JSON | st.dictionaries(KEYS, JSON, max_size=6), max_size=6), st.sampled_from([1, 2, 3])
)
def test_whatever_json_follows_the_header_is_read_or_noted(lines, version):
    conversation = told(text({**HEADER, "version": version}, *lines))
    assert len(conversation.messages) == len(conversation.entry_ids)


@given(st.binary(max_size=80))
def test_whatever_bytes_follow_the_header_are_read_or_noted(data):
    file = parse_session(text(HEADER) + data)
    assert file.sound_bytes <= len(text(HEADER) + data)
    assert json.loads(text(HEADER)) == file.header.data
