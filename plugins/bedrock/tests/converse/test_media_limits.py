"""Images beyond the limits of Claude: old ones are left out, the one just sent is an error."""

import struct

import pytest

from modelwire.errors import InvalidMessage
from modelwire.messages import (
    AssistantMessage,
    File,
    Image,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire_bedrock.converse.image_size import image_size

CLAUDE = "us.anthropic.claude-sonnet-5"
OLD_CLAUDE = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
LARGEST = 5 * 1024 * 1024 // 4 * 3


def png(width=10, height=10, size=0):
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)
    return Image(head + bytes(max(size - len(head), 0)), "image/png")


def answered(*content):
    return [UserMessage(list(content)), AssistantMessage("I see.", "amazon-bedrock", CLAUDE)]


def images(request):
    return str(request.payload).count("'format': 'png'")


def omitted(request):
    return [c.path for c in request.changes if "placeholder" in c.reason.lower()]


@pytest.mark.parametrize(
    "image", [png(size=6_000_000), png(size=LARGEST + 1), png(8001, 20), png(20, 9000)]
)
class TestOneImage:
    def test_an_old_one_is_a_placeholder(self, build, image):
        request = build([*answered(Text("look"), image), UserMessage("and?")], CLAUDE)
        assert images(request) == 0
        assert omitted(request) == ["messages[0].content[1]"]
        assert "image omitted" in request.payload["messages"][0]["content"][1]["text"]

    def test_a_new_one_is_an_error_that_names_it(self, build, image):
        with pytest.raises(InvalidMessage) as caught:
            build([*answered(Text("hi")), UserMessage([Text("look"), image])], CLAUDE)
        assert [p.path for p in caught.value.problems] == ["messages[2].content[1]"]
        assert caught.value.hint

    def test_one_that_a_tool_found_is_a_placeholder(self, build, image):
        call = AssistantMessage([ToolCall("a", "shot")], "amazon-bedrock", CLAUDE)
        history = [UserMessage("go"), call, ToolResultMessage("a", "shot", [image])]
        request = build(history, CLAUDE, tools=[Tool("shot")])
        assert images(request) == 0
        assert omitted(request) == ["messages[2].content[0]"]

    def test_the_conversation_goes_on_after_the_error(self, build, image):
        request = build(
            [*answered(Text("hi")), UserMessage([image]), UserMessage("without")], CLAUDE
        )
        assert omitted(request) == ["messages[2].content[0]"]

    def test_a_model_of_unknown_limits_gets_it(self, build, image):
        assert images(build([UserMessage([image])], "us.amazon.nova-pro-v1:0")) == 1


@pytest.mark.parametrize(
    "image", [png(size=LARGEST), png(8000, 8000), Image(b"broken", "image/png")]
)
def test_what_is_within_the_limits_is_sent(build, image):
    assert images(build([UserMessage([image])], CLAUDE)) == 1


class TestManyImages:
    def test_twenty_may_be_large(self, build):
        request = build([UserMessage([png(3000, 3000)] * 20)], CLAUDE)
        assert images(request) == 20

    def test_with_more_the_old_large_ones_are_left_out_until_there_are_few(self, build):
        old = answered(*[png(3000, 10)] * 3, *[png()] * 18)
        request = build([*old, UserMessage([png(1500, 10)])], CLAUDE)
        assert omitted(request) == ["messages[0].content[0]", "messages[0].content[1]"]
        assert images(request) == 20

    def test_with_more_a_new_large_one_is_an_error(self, build):
        old = answered(*[png()] * 20)
        with pytest.raises(InvalidMessage) as caught:
            build([*old, UserMessage([png(2001, 10)])], CLAUDE)
        assert [p.path for p in caught.value.problems] == ["messages[2].content[0]"]
        assert "2,000" in caught.value.problems[0].message

    def test_small_ones_may_be_more(self, build):
        assert images(build([UserMessage([png()] * 30)], CLAUDE)) == 30

    def test_claude_3_takes_the_twenty_newest(self, build):
        old = answered(*[png()] * 19, File(b"%PDF", "application/pdf", "a.pdf"))
        request = build([*old, UserMessage([png(), png()])], OLD_CLAUDE)
        assert omitted(request) == ["messages[0].content[0]", "messages[0].content[1]"]


@pytest.mark.parametrize(
    "block", [Image(b"BM", "image/bmp"), File(b"x", "application/zip", "a.zip")]
)
def test_an_old_file_of_another_kind_does_not_stop_the_conversation(build, block):
    request = build([*answered(block), UserMessage("and?")], CLAUDE)
    assert omitted(request) == ["messages[0].content[0]"]
    with pytest.raises(InvalidMessage):
        build([*answered(Text("hi")), UserMessage([block])], CLAUDE)


SIZED = {
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\x02\0\0\x03\x04",
    "gif": b"GIF89a\x02\x01\x04\x03",
    "jpeg": b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc4\0\x02\xff\xc2\0\x0b\x08\x03\x04\x01\x02\x01",
    "vp8x": b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x01\x01\0\x03\x03\0",
    "vp8l": b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + (257 | 771 << 14).to_bytes(4, "little"),
    "vp8": b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x02\x01\x04\x03",
}


@pytest.mark.parametrize("kind", SIZED)
def test_the_size_is_read_from_the_header(kind):
    assert image_size(SIZED[kind]) == (258, 772)


@pytest.mark.parametrize("kind", SIZED)
def test_a_cut_header_tells_nothing(kind):
    for length in range(len(SIZED[kind]) - 1):
        assert image_size(SIZED[kind][:length]) in (None, (258, 772))
    assert image_size(SIZED[kind][:9]) is None
