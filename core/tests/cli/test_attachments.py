"""Files that go with a prompt: told by their bytes, refused with a reason."""

import base64
import json
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from modelwire.cli.attachments import LARGEST, attach, media_type
from modelwire.errors import InvalidMessage
from modelwire.messages import File, Image, Text


def png():
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


@pytest.fixture
def write(tmp_path):
    def write(name, data):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    return write


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (png(), "misnamed.txt", "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "", "image/jpeg"),
        (b"GIF89a\1\0\1\0", "", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "", "audio/wav"),
        (b"%PDF-1.7\n", "", "application/pdf"),
        (b"ID3\x04\0", "", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "", "audio/aac"),
        (b"\0\0\0\x18ftypmp42", "", "video/mp4"),
        (b"\0\0\0\x18ftypqt  ", "", "video/quicktime"),
        (b"\0\0\0\x18ftypM4A ", "", "audio/mp4"),
        (b"\0\0\0\x18ftypheic", "", "image/heic"),
        (b"\x1a\x45\xdf\xa3....webm", "", "video/webm"),
        (
            b"PK\x03\x04....",
            "a.DOCX",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"PK\x03\x04....", "a.zip", None),
        (b"BMW is a maker of cars", "", None),
        (b"ID3 is a standard of tags", "", None),
        ("\ufeffmarked".encode("utf-16-le"), "", None),
        (b"", "", None),
    ],
)
def test_a_file_is_recognized_by_its_bytes(data, name, kind):
    assert media_type(data, name) == kind


def test_images_come_first_and_each_file_becomes_the_block_that_it_is(write):
    blocks = attach(
        [write("a.png", png())],
        [
            write("b.pdf", b"%PDF-1.7\n..."),
            write("c.bin", png()),
            write('d "x".py', "print('grün')".encode()),
        ],
    )
    assert blocks == [
        Image(png(), "image/png"),
        File(b"%PDF-1.7\n...", "application/pdf", "b.pdf"),
        Image(png(), "image/png"),
        Text("<file name=\"d &quot;x&quot;.py\">\nprint('grün')\n</file>"),
    ]


def test_text_in_utf_16_is_text(write):
    (block,) = attach([], [write("a.txt", "grün\n".encode("utf-16"))])
    assert block.text == '<file name="a.txt">\ngrün\n</file>'


@pytest.mark.parametrize(
    ("as_image", "name", "data", "said", "hint"),
    [
        (True, "a.pdf", b"%PDF-1.7", "a.pdf is not an image", "--file"),
        (True, "a.png", b"hello", "a.png is not an image", "--file"),
        (True, "a.heic", b"\0\0\0\x18ftypheic", "an image in HEIC", "Convert"),
        (False, "a.heic", b"\0\0\0\x18ftypheic", "an image in HEIC", "Convert"),
        (False, "a.zip", b"PK\x03\x04\0", "a.zip is neither text", "Convert"),
        (False, "a.txt", b"\xff\xfe\xfd", "a.txt is neither text", "Convert"),
        (False, "a.txt", b"a\0b", "a.txt is neither text", "Convert"),
        (False, "a.txt", b"", "is empty", None),
    ],
)
def test_what_no_model_takes_is_refused_with_a_reason(write, as_image, name, data, said, hint):
    path = write(name, data)
    with pytest.raises(InvalidMessage, match=said) as caught:
        attach([path] if as_image else [], [] if as_image else [path])
    assert hint is None or hint in caught.value.hint


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "large.pdf"
    with path.open("wb") as file:
        file.write(b"%PDF-1.7")
        file.truncate(LARGEST * 100)
    with pytest.raises(InvalidMessage, match="larger than 50 MiB"):
        attach([], [str(path)])


@pytest.mark.parametrize("path", ["missing.png", ".", "~no-such-user/x"])
def test_a_path_that_cannot_be_read_is_said(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidMessage, match="Cannot read"):
        attach([path], [])


SEES = {
    "models": {
        "providers": {
            "scripted": {
                "models": [
                    {"id": "sees", "input": ["text", "image"]},
                    {"id": "blind", "input": ["text"]},
                ]
            }
        }
    }
}


def last_user_message(program, *arguments, **options):
    """What was sent along, as the tool of the test sees it in the conversation."""
    done = program.run("complete", *arguments, "--json", **options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["content"][0]["text"]


@pytest.fixture
def repeats(site):
    return site.provider(
        "repeats",
        """
        import json
        from modelwire.events import Stop, TextDelta
        from modelwire.hookspecs import hookimpl
        from modelwire.messages import StopReason
        from modelwire.messages.codec import message_to_json

        @hookimpl
        async def stream_completion(context):
            yield TextDelta(0, json.dumps([message_to_json(m) for m in context.messages]))
            yield Stop(StopReason.STOP)
        """,
    )


@pytest.mark.usefixtures("repeats")
def test_attachments_stand_before_the_prompt_in_one_message(program):
    (program.folder / "a.png").write_bytes(png())
    (program.folder / "b.txt").write_text("notes\n")
    said = last_user_message(
        program, "-m", "repeats/m", "--image", "a.png", "--file", "b.txt", "what is it?"
    )
    (message,) = json.loads(said)
    assert message["content"] == [
        {"type": "image", "data": base64.b64encode(png()).decode(), "mimeType": "image/png"},
        {"type": "text", "text": '<file name="b.txt">\nnotes\n</file>'},
        {"type": "text", "text": "what is it?"},
    ]


@pytest.mark.usefixtures("repeats")
def test_an_attachment_may_be_piped_in(program):
    said = last_user_message(program, "-m", "repeats/m", "--image", "-", "see", stdin=png())
    assert json.loads(said)[0]["content"][0]["mimeType"] == "image/png"
    piped = last_user_message(program, "-m", "repeats/m", "--file", "-", "see", stdin=b"a,b\n")
    assert (
        json.loads(piped)[0]["content"][0]["text"] == '<file name="standard input">\na,b\n</file>'
    )


@pytest.mark.usefixtures("repeats")
def test_attachments_can_be_added_to_a_context_without_a_prompt(program):
    (program.folder / "a.png").write_bytes(png())
    (program.folder / "c.json").write_text('[{"role": "user", "content": "look:"}]')
    said = last_user_message(program, "-m", "repeats/m", "--context", "c.json", "--image", "a.png")
    assert [[b["type"] for b in m["content"]] for m in json.loads(said)] == [["text"], ["image"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--image", "-", "--file", "-", "hi"],
        ["--image", "-", "-"],
        ["--context", "-", "--file", "-"],
        ["--image", "-"],
    ],
)
def test_only_one_thing_can_come_from_standard_input(program, arguments):
    done = program.run("complete", "-m", "actor/x", *arguments, stdin=png())
    assert done.returncode == 2
    assert b"Error: " in done.stderr


@pytest.mark.usefixtures("scripted")
def test_a_model_that_takes_no_images_is_not_sent_one(program):
    program.configure(SEES)
    (program.folder / "a.png").write_bytes(png())
    arguments = ("--image", "a.png", '["seen"]')
    assert program.run("complete", "-m", "scripted/sees", *arguments).stdout == b"seen\n"
    done = program.run("complete", "-m", "scripted/blind", *arguments)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"messages[0] holds an image; scripted/blind takes text." in done.stderr
    assert b"Hint: Choose a model that takes it" in done.stderr
    events = program.run("complete", "-m", "scripted/blind", "--events", *arguments)
    assert json.loads(events.stdout)["error"]["errorCode"] == "invalid_request"


def test_a_missing_file_is_one_sentence(program):
    done = program.run("complete", "-m", "actor/x", "--file", "missing.pdf", "hi")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"Error: Cannot read missing.pdf: No such file or directory.\n"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs /dev/fd")
@pytest.mark.usefixtures("repeats")
def test_a_file_may_be_a_pipe_of_the_shell(program):
    line = f"{program.command[0]} complete -m repeats/m --file <(echo hello) hi"
    done = subprocess.run(
        ["bash", "-c", line], env=program.environ, cwd=program.folder, capture_output=True
    )
    assert b"hello" in done.stdout
