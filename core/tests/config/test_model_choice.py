"""Changing the chosen models in JSON5 text, with everything else left as it is."""

import json5
import pytest

from modelwire.config.model_choice import (
    overriding_agents,
    set_alias,
    set_fallbacks,
    set_primary,
    unset_alias,
    written_fallbacks,
)
from modelwire.errors import ConfigError

OBJECT = """{
  agents: { defaults: { model: {
    // the one we like
    primary: "a/x",
    fallbacks: [
      "b/y", // when a is down
      "c/z", // when all is down
    ],
  } } },
}
"""
SHORT = '{agents: {defaults: {model: "a/x" /* mine */}}}\n'


def chosen(text):
    return json5.loads(text)["agents"]["defaults"]["model"]


def test_the_primary_changes_and_nothing_else():
    assert set_primary(OBJECT, "d/w") == OBJECT.replace('"a/x"', '"d/w"')


def test_a_choice_that_is_one_string_stays_one():
    assert set_primary(SHORT, "d/w") == SHORT.replace('"a/x"', '"d/w"')


@pytest.mark.parametrize("text", ["", "{}", "// nothing yet\n", "{agents: {defaults: {}}}"])
def test_a_document_without_a_choice_gets_one(text):
    assert chosen(set_primary(text, "d/w")) == {"primary": "d/w"}


def test_a_choice_of_null_gets_replaced():
    assert chosen(set_primary("{agents: {defaults: {model: null}}}", "d/w")) == {"primary": "d/w"}


def test_an_equal_primary_leaves_every_byte():
    for text in (OBJECT, SHORT):
        assert set_primary(text, "a/x") == text


def test_a_document_without_room_is_refused():
    with pytest.raises(ConfigError):
        set_primary('{agents: "all"}', "d/w")


def test_fallbacks_are_appended_beside_the_comments_of_the_others():
    text = set_fallbacks(OBJECT, ["b/y", "c/z", "d/w"])
    assert chosen(text)["fallbacks"] == ["b/y", "c/z", "d/w"]
    assert '"b/y", // when a is down' in text
    assert '"c/z", // when all is down' in text


def test_fallbacks_are_read_as_they_are_written():
    text = '{agents: {defaults: {model: {fallbacks: ["a/${X}", "b/y"]}}}}'
    assert written_fallbacks(text) == ["a/${X}", "b/y"]
    assert [written_fallbacks(other) for other in ("", SHORT, "{}")] == [[], [], []]


def test_a_removed_fallback_leaves_the_comments_of_the_others():
    text = set_fallbacks(OBJECT, ["c/z"])
    assert chosen(text) == {"primary": "a/x", "fallbacks": ["c/z"]}
    assert '"c/z", // when all is down' in text
    assert "// the one we like" in text


def test_fallbacks_can_change_their_order():
    assert chosen(set_fallbacks(OBJECT, ["c/z", "b/y"]))["fallbacks"] == ["c/z", "b/y"]


def test_fallbacks_make_an_object_of_a_string():
    text = set_fallbacks(SHORT, ["b/y"])
    assert chosen(text) == {"primary": "a/x", "fallbacks": ["b/y"]}
    assert "/* mine */" in text


@pytest.mark.parametrize("text", [SHORT, "{}", "", "{agents: {defaults: {model: {}}}}"])
def test_no_fallbacks_where_there_are_none_leave_every_byte(text):
    assert set_fallbacks(text, []) == text


def test_fallbacks_can_be_cleared():
    assert chosen(set_fallbacks(OBJECT, [])) == {"primary": "a/x", "fallbacks": []}


def test_an_alias_is_added_to_the_settings_of_its_model():
    text = '{agents: {defaults: {models: {"A/x": {params: {n: 1}}}}}}'
    text = set_alias(set_alias(text, "a/x", "Fast"), "b/y.v1", "Slow")
    assert json5.loads(text)["agents"]["defaults"]["models"] == {
        "A/x": {"params": {"n": 1}, "alias": "Fast"},
        "b/y.v1": {"alias": "Slow"},
    }


def test_an_alias_is_removed_from_every_model_that_has_it_in_any_case():
    text = '{agents: {defaults: {models: {"a/x": {alias: "Fast", n: 1}, "b/y": {alias: "fast"}}}}}'
    assert json5.loads(unset_alias(text, " FAST "))["agents"]["defaults"]["models"] == {
        "a/x": {"n": 1},
        "b/y": {},
    }
    assert unset_alias(text, "other") == text
    assert unset_alias("", "other") == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda text: set_primary(text, "a/x"),
        lambda text: set_fallbacks(text, ["a/x"]),
        lambda text: set_alias(text, "a/x", "n"),
        lambda text: unset_alias(text, "n"),
    ],
)
def test_what_is_not_json5_is_refused_with_its_line(change):
    with pytest.raises(ConfigError) as caught:
        change("{\n  agents: {,}\n}")
    assert caught.value.problems[0].line == 2


def test_agents_with_a_primary_model_of_their_own_are_named():
    document = {
        "agents": {
            "defaults": {"model": "a/x"},
            "list": [
                {"id": "one"},
                {"id": "two", "model": "b/y"},
                {"id": "three", "model": {"primary": "b/y"}},
                {"id": "four", "model": {"fallbacks": ["b/y"]}},
                "odd",
            ],
            "entries": {"my.writer": {"model": "c/z"}, "reader": {"model": " "}, "odd": None},
        }
    }
    assert overriding_agents(document) == [
        "agents.list[1].model",
        "agents.list[2].model",
        'agents.entries["my.writer"].model',
    ]


@pytest.mark.parametrize("document", [{}, {"agents": None}, {"agents": {"list": 3, "entries": []}}])
def test_a_document_without_agents_has_none(document):
    assert overriding_agents(document) == []
