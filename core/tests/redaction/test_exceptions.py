"""A cause keeps its message and its place, and loses the text that it found fault with."""

import json

import pytest

from modelwire.redaction.exceptions import chain, scrub


def raised(decode, text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - whatever the decoder raises
        decode(text)
    return caught.value


def test_the_document_of_a_json_error_is_dropped():
    error = raised(json.loads, '{"key": secret}')
    said = str(error)
    assert "secret" in error.doc
    assert scrub(error) is error
    assert error.doc == ""
    assert str(error) == said
    assert error.pos == 8


@pytest.mark.parametrize(
    ("decode", "text"),
    [(bytes.decode, b"secret \xff"), (str.encode, "secret \ud800"), (str.encode, "\ud800 secret")],
)
def test_what_could_not_be_decoded_or_encoded_is_dropped(decode, text):
    error = raised(decode, text)
    assert error.object == text
    scrub(error)
    assert not error.object
    assert "secret" not in str(error.args)
    assert str(error)


def test_all_that_stands_behind_an_error_is_cleaned():
    first = raised(json.loads, "secret")
    second = raised(bytes.decode, b"\xff")
    second.__context__ = first
    third = RuntimeError("third")
    third.__cause__ = second
    assert scrub(third) is third
    assert first.doc == ""


def test_a_ring_of_causes_has_an_end():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__context__ = other, one
    assert list(chain(one)) == [one, other]
