"""Blobs in requests of Converse: base64 in JSON, bytes in the dictionaries of Python programs."""

import base64

import pytest

from modelwire.dialects import BadRequest
from modelwire.messages import Image, Thinking
from modelwire.models import Model
from modelwire.registry import load_dialect

MODEL = Model("amazon-bedrock", "claude")
BLOB = b"\x89PNG\r\n\x1a\n"


def read(blob):
    thought = {"reasoningContent": {"redactedContent": blob}}
    image = {"image": {"format": "png", "source": {"bytes": blob}}}
    messages = [
        {"role": "user", "content": [image]},
        {"role": "assistant", "content": [thought]},
    ]
    dialect = load_dialect("bedrock-converse-stream")
    return dialect.read({"messages": messages}, {}, MODEL, "").context.messages


@pytest.mark.parametrize("blob", [BLOB, base64.b64encode(BLOB).decode()], ids=["bytes", "base64"])
def test_both_forms_are_read(blob):
    asked, said = read(blob)

    assert asked.content == [Image(BLOB, "image/png")]
    assert said.content == [Thinking.from_redacted(BLOB)]


@pytest.mark.parametrize("blob", ["not base64!", 5, None])
def test_anything_else_is_refused_with_its_place(blob):
    with pytest.raises(BadRequest, match=r"messages\[0\].content\[0\].image.source.bytes"):
        read(blob)
