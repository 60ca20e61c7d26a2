"""Halves of characters, names that are spelled alike, and representations of objects."""

import pytest
from attrs import Factory, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from modelwire.text import (
    has_surrogates,
    join_surrogates,
    near_matches,
    short_repr,
    without_surrogates,
)

HALF = st.characters(categories=["Cs"])


@pytest.mark.parametrize(
    ("text", "joined", "without"),
    [
        ("plain", "plain", "plain"),
        ("zwölf 🎈", "zwölf 🎈", "zwölf 🎈"),
        ("\ud83c\udf88", "🎈", "🎈"),
        ("a\ud83cb", "a\ud83cb", "ab"),
        ("\udf88\ud83c", "\udf88\ud83c", ""),
        ("\ud83c\ud83c\udf88", "\ud83c🎈", "🎈"),
    ],
)
def test_halves_of_characters_are_joined_and_lone_ones_found(text, joined, without):
    assert join_surrogates(text) == joined
    assert without_surrogates(text) == without
    assert has_surrogates(joined) is (joined != without)


@given(st.text(st.one_of(st.characters(), HALF)))
def test_what_is_left_is_utf_8_and_text_without_halves_stays(text):
    assert without_surrogates(text).encode().decode() == without_surrogates(text)
    assert not has_surrogates(without_surrogates(text))
    if not has_surrogates(text):
        assert join_surrogates(text) == without_surrogates(text) == text


MODELS = ["acme/claude-sonnet-4-5", "acme/claude-sonnet-4", "acme/nova-lite", "beta/nova-pro"]


@pytest.mark.parametrize(
    ("name", "known", "near"),
    [
        ("compelte", ["chat", "complete", "completion", "config"], ["complete", "completion"]),
        ("sonnet", MODELS, ["acme/claude-sonnet-4", "acme/claude-sonnet-4-5"]),
        ("NOVA-lite", MODELS, ["acme/nova-lite"]),
        ("Anthropc", ["Anthropic", "openai"], ["Anthropic"]),
        ("nothing-like-it", MODELS, []),
        ("", MODELS, []),
        ("x", [], []),
    ],
)
def test_names_that_may_have_been_meant_are_found(name, known, near):
    assert near_matches(name, known) == near


def test_no_more_are_given_than_are_asked_for():
    assert near_matches("nova", MODELS, most=1) == ["beta/nova-pro"]
    assert near_matches("nova", MODELS, most=2) == ["beta/nova-pro", "acme/nova-lite"]


@pytest.mark.parametrize(
    ("name", "near"),
    [("baseurl", ["baseUrl"]), ("baseUrls", ["baseUrl"]), ("base", []), ("threads", [])],
)
def test_a_name_that_may_be_right_is_near_only_to_what_is_all_but_equal(name, near):
    assert near_matches(name, ["baseUrl", "headers"], doubtful=True) == near


@frozen
class Thing:
    name: str
    note: str | None = None
    sizes: list[int] = Factory(list)
    label: str = Factory(lambda self: self.name, takes_self=True)
    hidden: str = field(default="", repr=False)
    data: bytes = field(default=b"", repr=lambda data: f"<{len(data)} bytes>")

    __repr__ = short_repr


@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        (Thing("a"), "Thing(name='a')"),
        (Thing("a", label="a"), "Thing(name='a')"),
        (Thing("a", "b", [1], "c"), "Thing(name='a', note='b', sizes=[1], label='c')"),
        (Thing("a", hidden="x", data=b"abc"), "Thing(name='a', data=<3 bytes>)"),
    ],
)
def test_a_representation_leaves_out_what_has_its_default(thing, shown):
    assert repr(thing) == shown
