"""Sizes of images, read from the headers of each format."""

import base64

import pytest

from modelwire_bedrock.emulator.pixels import pixels_of

# The headers of images of 300 x 7 pixels.
FILES = {
    "png": "iVBORw0KGgoAAAANSUhEUgAAASwAAAAHCAIAAAA=",
    "gif": "R0lGODdhLAEHAIEAAAAAAA==",
    "jpeg": "/9j/4AAQSkZJRgABAQAAAQABAAD/wAALCAAHASwBAREA/9k=",
    "webp": "UklGRh4AAABXRUJQVlA4WAoAAAAAAAAAKwEABgAAAAAAAAAA",
}


@pytest.mark.parametrize("kind", FILES)
def test_the_size_is_read_from_the_header(kind):
    assert pixels_of(base64.b64decode(FILES[kind])) == (300, 7)


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_cut_has_no_size_and_breaks_nothing(kind):
    data = base64.b64decode(FILES[kind])
    for length in range(len(data)):
        assert pixels_of(data[:length]) in (None, (300, 7))


def test_what_is_no_image_has_no_size():
    assert pixels_of(b"hello") is None
    assert pixels_of(b"") is None
