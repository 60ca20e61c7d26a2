"""Many changes at once: merges, patches, shorthands, and what a change would lose."""

import json

import json5
import pytest

from modelwire.config.patch import (
    apply_patch,
    lost_entries,
    merge_value,
    patched_paths,
    put_value,
    remove_value,
)
from modelwire.document.edit import set_value
from modelwire.document.parser import _Parser
from modelwire.document.paths import format_path, parse_path

TEXT = """\
{
  // the models
  models: {
    mode: 'merge', // how
    providers: {
      acme: { baseUrl: "http://a", models: ["one", { id: "two", maxTokens: 5 }] }, /* ours */
    },
  },
  agents: { defaults: { model: "acme/one" /* best */ } },
}
"""


def data(text):
    return json5.loads(text)


def test_a_patch_merges_replaces_and_removes():
    patch = {
        "models": {"mode": None, "providers": {"acme": {"region": "x", "models": ["three"]}}},
        "env": {"A": "1", "B": None},
        "nothing": None,
    }
    changed = apply_patch(TEXT, patch)
    assert data(changed) == {
        "models": {
            "providers": {"acme": {"baseUrl": "http://a", "models": ["three"], "region": "x"}}
        },
        "agents": {"defaults": {"model": "acme/one"}},
        "env": {"A": "1"},
    }
    for comment in "// the models", "/* ours */", "/* best */":
        assert comment in changed
    assert apply_patch(changed, patch) == changed


def test_a_patch_replaces_where_it_says_so():
    patch = {"models": {"providers": {"acme": {"region": "x"}}}}
    changed = apply_patch(TEXT, patch, replace=[("models", "providers", "acme")])
    assert data(changed)["models"]["providers"] == {"acme": {"region": "x"}}


def test_a_patch_keeps_what_a_shorthand_means():
    changed = apply_patch(TEXT, {"agents": {"defaults": {"model": {"fallbacks": ["acme/two"]}}}})
    model = data(changed)["agents"]["defaults"]["model"]
    assert model == {"primary": "acme/one", "fallbacks": ["acme/two"]}
    assert "/* best */" in changed


def test_an_empty_patch_changes_no_byte():
    assert apply_patch(TEXT, {}) == TEXT
    assert apply_patch(TEXT, {"models": {}}) == TEXT
    assert apply_patch(TEXT, data(TEXT)) == TEXT


def test_the_paths_of_a_patch_are_those_of_its_values():
    paths = patched_paths({"a": {"b": 1, "c": None}, "d": {}, "e": [1]})
    assert [format_path(path) for path in paths] == ["a.b", "a.c", "d", "e"]


def test_models_merge_by_id():
    models = [{"id": "one", "maxTokens": 1}, {"id": "two", "name": "Two"}, "three", "two"]
    changed = merge_value(TEXT, parse_path("models.providers.acme.models"), models)
    assert data(changed)["models"]["providers"]["acme"]["models"] == [
        {"id": "one", "maxTokens": 1},
        {"id": "two", "maxTokens": 5, "name": "Two"},
        "three",
    ]
    around = merge_value(TEXT, ("models",), {"providers": {"acme": {"models": models}}})
    assert data(around) == data(changed)


def test_other_lists_are_replaced_by_a_merge():
    text = '{agents: {defaults: {model: {primary: "a/b", fallbacks: ["c/d"]}}}}'
    changed = merge_value(text, ("agents", "defaults", "model"), {"fallbacks": ["e/f"]})
    assert data(changed)["agents"]["defaults"]["model"] == {"primary": "a/b", "fallbacks": ["e/f"]}


def test_a_shorthand_stays_while_it_can_hold_what_is_set():
    primary = parse_path("agents.defaults.model.primary")
    assert 'model: "acme/two" /* best */' in put_value(TEXT, primary, "acme/two")
    assert data(remove_value(TEXT, primary))["agents"]["defaults"] == {}
    window = parse_path("models.providers.acme.models[0].contextWindow")
    models = data(put_value(TEXT, window, 9))["models"]["providers"]["acme"]["models"]
    assert models[0] == {"id": "one", "contextWindow": 9}
    renamed = put_value(TEXT, parse_path("models.providers.acme.models[0].id"), "uno")
    assert data(renamed)["models"]["providers"]["acme"]["models"][0] == "uno"


@pytest.mark.parametrize(
    ("path", "value", "lost"),
    [
        ("models.mode", "replace", []),
        ("models.providers.acme.models[0]", "ONE", ["models.providers.acme.models.one"]),
        ("models.providers", {}, ["models.providers.acme"]),
        ("models", {}, ["models.providers.acme"]),
        ("models", None, ["models.providers.acme"]),
        ("models.providers.acme", {"models": ["two", "one"]}, ["models.providers.acme.baseUrl"]),
        ("models.providers.acme.models", [], ["models.providers.acme.models.one", "models.providers.acme.models.two"]),
        ("models.providers.acme.models", ["two", {"id": "one"}, "three"], []),
    ],
)  # fmt: skip
def test_entries_of_protected_maps_that_would_be_lost_are_found(path, value, lost):
    after = put_value(TEXT, parse_path(path), value)
    assert [format_path(path) for path in lost_entries(data(TEXT), data(after))] == lost


@pytest.mark.parametrize("how", ["patch", "set"])
def test_many_values_are_changed_without_reading_the_text_for_each(monkeypatch, how):
    count = 120
    models = [{"id": f"m{n}", "cost": {"input": n}} for n in range(count)]
    text = json.dumps({"models": {"providers": {"a": {"models": models, "api": "x"}}}})
    readings = []

    class Counted(_Parser):
        def parse(self):
            readings.append(self.text)
            return super().parse()

    monkeypatch.setattr("modelwire.document.parser._Parser", Counted)
    fresh = [{**model, "cost": {"input": 0.5}} for model in models]
    if how == "patch":
        after = apply_patch(text, {"models": {"providers": {"a": {"models": fresh, "api": "y"}}}})
    else:
        after = set_value(text, "models.providers.a.models", fresh)
    assert after.count('"input": 0.5') == count
    assert len(readings) < 10
