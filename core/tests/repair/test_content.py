"""Blocks in the form that every API knows."""

import pytest

from modelwire.messages import File, GuardContent, Image, MediaUrl, SearchResult, Text
from modelwire.repair import Change, Changes, plain_block

PIXEL = Image(b"\x89PNG", "image/png")
GUARD = "The API has no guarded content; it is sent as plain content."


def plain(block, **settings):
    changes = Changes()
    made = plain_block(block, "messages[0].content[0]", changes, **settings)
    return made, [(change.kind, change.reason) for change in changes.noted]


@pytest.mark.parametrize("block", [Text("a"), PIXEL, File(b"%PDF", "application/pdf")])
def test_what_every_api_knows_stays(block):
    assert plain(block) == (block, [])


@pytest.mark.parametrize(
    ("block", "made", "kinds"),
    [
        (GuardContent("a"), Text("a"), ["rewritten"]),
        (SearchResult("https://a.example", "A", "one"), None, ["rewritten"]),
        (MediaUrl("s3://b/c.png", "image/png"), None, ["rewritten"]),
        (File(b"%PDF", "a/b", citations=True, context="c"), File(b"%PDF", "a/b"), ["dropped"] * 2),
    ],
)
def test_what_an_api_may_not_know_is_made_plain_and_recorded(block, made, kinds):
    found, noted = plain(block)
    assert found == made if made is not None else isinstance(found, Text)
    assert [kind for kind, _ in noted] == kinds


@pytest.mark.parametrize(
    ("block", "what", "before"),
    [
        (Image(b"", "image/png"), "image", []),
        (File(b"", "application/pdf"), "file", []),
        (File(b"", "application/pdf", citations=True), "file", []),
        (GuardContent(Image(b"", "image/png")), "image", [("rewritten", GUARD)]),
    ],
)
@pytest.mark.parametrize("cited", [False, True])
def test_media_without_data_are_dropped(block, what, before, cited):
    assert plain(block, cited=cited) == (None, [*before, ("dropped", f"The {what} has no data.")])


def test_a_change_names_the_place():
    changes = Changes()
    plain_block(Image(b"", "image/png"), "messages[2].content[1]", changes)
    assert changes.noted == [Change("dropped", "messages[2].content[1]", "The image has no data.")]
