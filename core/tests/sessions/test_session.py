"""Sessions that are being held: what is written when, for whom, and what survives."""

import json
import os
import signal
import stat
import subprocess
import sys

import pytest

from modelwire.errors import SessionError
from modelwire.messages import (
    AssistantMessage,
    Cost,
    Text,
    ToolCall,
    ToolResultMessage,
    Usage,
    UserMessage,
)
from modelwire.models import ModelRef
from modelwire.sessions import Session, find_session, list_sessions, read_session

ANSWER = AssistantMessage("Hi!", "actor", "x", usage=Usage(3, 4), timestamp=2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kept" / "session.jsonl"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def talk(path):
    with Session.create(path, cwd="/work") as session:
        session.choose_model(ModelRef("actor", "x"))
        session.add(UserMessage("Hello", timestamp=1))
        session.add(ANSWER)


def test_each_entry_is_in_the_file_as_soon_as_it_is_added(path):
    with Session.create(path, cwd="/work") as session:
        session.choose_model(ModelRef("actor", "x"))
        session.choose_system_prompt("Be kind")
        assert not path.exists()
        session.add(UserMessage("Hello", timestamp=1))
        assert [line["type"] for line in lines(path)] == [
            *("session", "model_change", "custom", "message"),
        ]
        session.add(ANSWER)
        assert lines(path)[-1]["message"]["content"] == [{"type": "text", "text": "Hi!"}]
    header, *entries = lines(path)
    assert (header["version"], header["cwd"]) == (3, "/work")
    assert [e["parentId"] for e in entries] == [None, *(e["id"] for e in entries[:-1])]
    assert entries[0] | {"id": "", "timestamp": ""} == {
        "type": "model_change",
        "id": "",
        "parentId": None,
        "timestamp": "",
        "provider": "actor",
        "modelId": "x",
    }


def test_only_its_owner_may_read_it_and_no_lock_is_left(path):
    talk(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_a_conversation_in_which_nothing_was_said_leaves_no_file(path):
    with Session.create(path, cwd="/work") as session:
        session.choose_model(ModelRef("actor", "x"))
    assert list(path.parent.iterdir()) == []


def test_it_is_resumed_from_its_last_entry(path):
    talk(path)
    with Session.open(path) as session:
        told = session.conversation()
        assert [m.content for m in told.messages] == [[Text("Hello")], [Text("Hi!")]]
        assert str(told.model) == "actor/x"
        session.add(UserMessage("Again"))
    before, after = lines(path)[-2:]
    assert after["parentId"] == before["id"]


def test_every_message_comes_back_as_it_was(path):
    call = ToolCall("c1", "ls", {"path": "."})
    said = [
        UserMessage("Grüße \u2028 \x00", timestamp=1),
        AssistantMessage([call], "actor", "x", usage=Usage(1, 2, cost=Cost(0.5)), timestamp=2),
        ToolResultMessage("c1", "ls", "a.txt", details={"n": 1}, timestamp=3),
        ANSWER,
    ]
    with Session.create(path, cwd="/work") as session:
        for message in said:
            session.add(message)
    with Session.open(path) as session:
        assert session.conversation().messages == said
    assert len(path.read_bytes().splitlines()) == 5


def test_a_cost_that_is_not_known_is_a_number_for_pi_and_unknown_for_us(path):
    talk(path)
    usage = lines(path)[-1]["message"]["usage"]
    assert (usage["cost"]["total"], usage["costKnown"]) == (0, False)
    with Session.open(path) as session:
        assert session.conversation().messages[-1].usage.cost is None


def test_going_back_begins_another_branch(path):
    with Session.create(path, cwd="/work") as session:
        asked = session.add(UserMessage("Hello"))
        session.add(ANSWER)
        session.move_to(asked)
        session.add(AssistantMessage("Hey!", "actor", "y"))
        assert [m.content[0].text for m in session.conversation().messages] == ["Hello", "Hey!"]
        with pytest.raises(KeyError):
            session.move_to("nowhere")
    assert len(lines(path)) == 4
    with Session.open(path) as session:
        assert [m.content[0].text for m in session.conversation().messages] == ["Hello", "Hey!"]


def test_two_programs_cannot_hold_one_session(path):
    talk(path)
    with (
        Session.open(path),
        pytest.raises(SessionError, match="in use by another program") as caught,
    ):
        Session.open(path)
    assert caught.value.hint
    Session.open(path).close()


def test_a_new_session_does_not_take_a_file_that_exists(path):
    talk(path)
    before = path.read_bytes()
    with pytest.raises(SessionError, match="exists"):
        Session.create(path, cwd="/work")
    assert path.read_bytes() == before


def test_half_an_entry_is_taken_away_before_the_next_one(path):
    talk(path)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"type":"message","id":"9')
    with Session.open(path) as session:
        assert [note.line for note in session.notes] == [5]
        session.add(UserMessage("Again"))
    assert path.read_bytes().startswith(whole)
    assert read_session(path).notes == ()
    assert len(lines(path)) == 5


def test_a_last_line_without_its_end_is_ended(path):
    talk(path)
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    with Session.open(path) as session:
        session.add(UserMessage("Again"))
    assert len(lines(path)) == 5


def test_an_older_version_is_brought_up_to_date_by_the_first_entry_and_not_before(path):
    path.parent.mkdir()
    header = {"type": "session", "id": "abc", "timestamp": "2024-12-03T14:00:00.000Z", "cwd": "/"}
    message = {"role": "user", "content": "Hello", "timestamp": 1}
    old = [header, {"type": "message", "timestamp": "2024-12-03T14:00:01.000Z", "message": message}]
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    before = path.read_bytes()
    with Session.open(path) as session:
        assert path.read_bytes() == before
        session.add(ANSWER)
        session.add(UserMessage("Again"))
    header, first, second, third = lines(path)
    assert (header["version"], header["id"]) == (3, "abc")
    assert (second["parentId"], third["parentId"]) == (first["id"], second["id"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_unknown_entries_survive_being_resumed(path):
    talk(path)
    odd = {"type": "hologram", "id": "h1", "parentId": lines(path)[-1]["id"], "light": [1]}
    path.write_text(path.read_text() + json.dumps(odd) + "\n")
    with Session.open(path) as session:
        session.add(UserMessage("Again"))
    assert lines(path)[-2] == odd
    assert lines(path)[-1]["parentId"] == "h1"


def test_what_cannot_be_written_is_an_error_and_is_written_later(path, monkeypatch):
    with Session.create(path, cwd="/work") as session:
        session.add(UserMessage("Hello"))
        before = path.read_bytes()
        real = os.write

        def full(file, data):
            if len(data) > 20:
                return real(file, data[:20])
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", full)
            with pytest.raises(SessionError, match="No space left"):
                session.add(ANSWER)
        assert path.read_bytes() == before
        session.add(UserMessage("Again"))
    assert [line["message"]["role"] for line in lines(path)[1:]] == ["user", "assistant", "user"]


def test_a_kill_loses_nothing_that_was_added(path):
    program = f"""
import os, signal
from pathlib import Path
from modelwire.sessions import Session
from modelwire.messages import UserMessage
session = Session.create(Path({str(path)!r}), cwd="/work")
for number in range(50):
    session.add(UserMessage(f"message {{number}}"))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", program])
    assert done.returncode == -signal.SIGKILL
    with Session.open(path) as session:
        assert len(session.conversation().messages) == 50


def test_a_copy_holds_the_branch_and_names_where_it_comes_from(path, tmp_path):
    copy = tmp_path / "copy.jsonl"
    with Session.create(path, cwd="/work") as session:
        asked = session.add(UserMessage("Hello"))
        session.add(ANSWER)
        session.move_to(asked)
        session.add(AssistantMessage("Hey!", "actor", "y"))
        session.save_as(copy)
        with pytest.raises(SessionError, match="exists"):
            session.save_as(copy)
    assert lines(copy)[0]["parentSession"] == str(path)
    assert [line["message"]["role"] for line in lines(copy)[1:]] == ["user", "assistant"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_sessions_are_listed_newest_first_and_found_by_the_beginning_of_their_id(tmp_path):
    for number, cwd in enumerate(["/a", "/b", "/a"]):
        path = tmp_path / f"{number}.jsonl"
        with Session.create(path, cwd=cwd) as session:
            session.add(UserMessage(f"  Question\n{number} "))
        os.utime(path, (number, number))
    (tmp_path / "no-session.jsonl").write_text("{}")
    found = list(list_sessions(tmp_path))
    assert [summary.opening() for summary in found] == [f"Question {n}" for n in (2, 1, 0)]
    assert [s.path.name for s in list_sessions(tmp_path, cwd="/a")] == ["2.jsonl", "0.jsonl"]
    assert list(list_sessions(tmp_path / "nowhere")) == []
    wanted = found[1]
    assert find_session(tmp_path, wanted.header.id[:12].upper()) == wanted
    with pytest.raises(SessionError, match="No session's id"):
        find_session(tmp_path, "zzz")
    with pytest.raises(SessionError, match="3 sessions"):
        find_session(tmp_path, "")


def test_a_path_may_be_text(path):
    talk(str(path))
    with Session.open(str(path)) as session:
        assert isinstance(session.conversation().messages[0], UserMessage)
    with Session.create_in(str(path.parent), cwd="/work", parent=str(path)) as session:
        assert session.path.parent == path.parent
