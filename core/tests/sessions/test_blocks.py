"""Blocks that pi does not know come back as they were, and are text or an image for pi."""

import json

import pytest

from modelwire.messages import (
    File,
    GuardContent,
    Image,
    MediaUrl,
    SearchResult,
    Text,
    ToolResultMessage,
    UserMessage,
)
from modelwire.sessions import Session

PIXEL = Image(b"\x89PNG", "image/png")
BLOCKS = [
    (File(b"%PDF", "application/pdf", "a.pdf"), "[file a.pdf]"),
    (File(b"RIFF", "audio/wav"), "[file audio/wav]"),
    (MediaUrl("s3://bucket/film.mp4", "video/mp4"), "[file s3://bucket/film.mp4]"),
    (SearchResult("https://a.example", "A", ("one", "two")), "A (https://a.example)\n\none\n\ntwo"),
    (GuardContent("judged", ("query",)), "judged"),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "session.jsonl"


def kept(path, message):
    """The entry of a message, as it is in the file."""
    with Session.create(path, cwd="/") as session:
        session.add(message)
    return json.loads(path.read_text().splitlines()[-1])


def read(path):
    with Session.open(path) as session:
        (message,) = session.conversation().messages
        assert session.conversation().notes == []
    return message


@pytest.mark.parametrize(("block", "text"), BLOCKS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("role", ["user", "toolResult"])
def test_pi_reads_text_in_its_place_and_modelwire_the_block(path, block, text, role):
    content = [Text("Look:"), block, PIXEL]
    message = UserMessage(content) if role == "user" else ToolResultMessage("1", "look", content)
    entry = kept(path, message)
    assert [part["type"] for part in entry["message"]["content"]] == ["text", "text", "image"]
    assert entry["message"]["content"][1] == {"type": "text", "text": text}
    assert read(path) == message


def test_a_guarded_image_is_an_image_for_pi(path):
    message = UserMessage([GuardContent(PIXEL)])
    assert kept(path, message)["message"]["content"][0]["type"] == "image"
    assert read(path) == message


def test_text_and_images_have_nothing_beside_them(path):
    assert set(kept(path, UserMessage([Text("a"), PIXEL]))) == {
        *("type", "id", "parentId", "timestamp", "message"),
    }


def test_a_file_in_the_message_itself_is_still_read(path):
    block, _ = BLOCKS[0]
    kept(path, UserMessage([block]))
    header, line = path.read_text().splitlines()
    entry = json.loads(line)
    entry["message"]["content"] = [entry.pop("modelwire")["blocks"]["0"]]
    path.write_text(f"{header}\n{json.dumps(entry)}\n")
    assert read(path).content == [block]


@pytest.mark.parametrize(
    "blocks",
    [
        5,
        {"0": 5},
        {"0": {"type": "file"}},
        {"0": {"type": "image"}},
        {"0": {"type": "searchResult", "title": "a", "source": "b", "content": 5}},
        {"0": {"type": "file", "name": "other.pdf", "data": "", "mimeType": "a/b"}},
    ],
)
def test_what_another_program_wrote_beside_it_is_not_believed(path, blocks):
    kept(path, UserMessage([BLOCKS[0][0]]))
    header, line = path.read_text().splitlines()
    entry = {**json.loads(line), "modelwire": {"blocks": blocks}}
    path.write_text(f"{header}\n{json.dumps(entry)}\n")
    assert read(path).content == [Text("[file a.pdf]")]
