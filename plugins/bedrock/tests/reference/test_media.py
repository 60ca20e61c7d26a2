"""Limits and formats of images and files, from the call to the wire."""

import re
import struct

import pytest

from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, File, Image, Text, UserMessage

SONNET = "us.anthropic.claude-sonnet-4-6"
CLAUDE_37 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"


def png(width=10, height=10, size=100):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return Image(head + bytes(size - len(head)), "image/png")


def kinds(message):
    """The kinds of the blocks of a message, without cache points."""
    return [key for block in message["content"] for key in block if key != "cachePoint"]


FITS = [
    (SONNET, [png(size=3_932_160)]),
    (SONNET, [png(8000, 8000)]),
    (SONNET, [png(8000, 10)] * 20),
    (SONNET, [png(2000, 2000)] * 30),
    (CLAUDE_37, [png()] * 20),
    (NOVA, [png(9000, 10)]),
]
EXCEEDS = [
    (SONNET, [png(size=3_932_161)], "5,242,880"),
    (SONNET, [png(8001, 10)], "8,?000"),
    (SONNET, [png(10, 8001)], "8,?000"),
    (SONNET, [png(2001, 10)] * 21, "2,?000"),
    (CLAUDE_37, [png()] * 21, "20"),
]


@pytest.mark.parametrize(("model", "images"), FITS)
async def test_an_image_within_the_limits_is_sent(ask, sent, model, images):
    await ask(model, [UserMessage(images)])
    assert kinds(sent()[0]["messages"][0]) == ["image"] * len(images)


@pytest.mark.parametrize(("model", "images", "limit"), EXCEEDS)
async def test_a_new_image_beyond_the_limits_is_an_error_that_names_it(
    ask, sent, model, images, limit
):
    with pytest.raises(InvalidMessage, match=r"messages\[0\]\.content\[\d+\]") as raised:
        await ask(model, [UserMessage(images)])
    assert sent() == []
    assert re.search(limit, str(raised.value))


@pytest.mark.parametrize(("model", "images", "limit"), EXCEEDS)
async def test_an_old_image_beyond_the_limits_never_stops_a_conversation(
    ask, sent, model, images, limit
):
    said = AssistantMessage("I see.", "amazon-bedrock", model)
    answer = await ask(model, [UserMessage(images), said, UserMessage("And now?")])
    old = kinds(sent()[0]["messages"][0])
    assert "text" in old
    assert any(
        (item.get("path") or "").startswith("messages[0].content[") for item in answer.diagnostics
    )


@pytest.mark.parametrize("name", ["png", "jpeg", "gif", "webp"])
async def test_an_image_is_sent_in_its_format(ask, sent, name):
    await ask(SONNET, [UserMessage([Image(b"data", f"image/{name}")])])
    assert sent()[0]["messages"][0]["content"][0]["image"]["format"] == name


DOCUMENTS = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}


@pytest.mark.parametrize(("name", "kind"), DOCUMENTS.items(), ids=DOCUMENTS)
async def test_a_document_is_sent_in_its_format(ask, sent, name, kind):
    await ask(SONNET, [UserMessage([File(b"data", kind, name=f"a.{name}"), Text("Sum it up.")])])
    [document] = [
        block["document"] for block in sent()[0]["messages"][0]["content"] if "document" in block
    ]
    assert document["format"] == name


@pytest.mark.parametrize(
    ("kind", "name"), [("audio/mpeg", "mp3"), ("audio/wav", "wav"), ("audio/flac", "flac")]
)
async def test_a_sound_goes_to_models_that_are_not_known_to_refuse_it(ask, sent, kind, name):
    sound = [UserMessage([File(b"data", kind), Text("What is it?")])]
    answer = await ask(SONNET, sound)
    assert kinds(sent()[0]["messages"][0]) == ["text", "text"]
    assert "messages[0].content[0]" in [item.get("path") for item in answer.diagnostics]
    await ask("mistral.voxtral-mini-3b-2507", sound)
    [audio] = [b["audio"] for b in sent()[1]["messages"][0]["content"] if "audio" in b]
    assert audio["format"] == name
