"""The JSON Schema for editors: it says what the loader says."""

import copy
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwire.config import Config
from modelwire.config.json_schema import config_schema
from modelwire.document.paths import value_at
from modelwire.errors import ConfigError

SCHEMA = config_schema()

WHOLE = {
    "$schema": "./modelwire.schema.json",
    "env": {"A": "1", "vars": {"B": "2"}, "shellEnv": {"enabled": True}},
    "models": {
        "mode": "merge",
        "bedrockDiscovery": {"enabled": True},
        "providers": {
            "acme": {
                "baseUrl": "https://acme.example/v1",
                "apiKey": {"source": "env", "id": "KEY"},
                "auth": "api-key",
                "api": "openai-completions",
                "headers": {"X-Team": "seven"},
                "authHeader": True,
                "models": [
                    "small",
                    {
                        "id": "large",
                        "name": "Large",
                        "reasoning": False,
                        "input": ["text", "image"],
                        "cost": {"input": 3, "output": 15.5, "cacheRead": 0},
                        "contextWindow": 200000,
                        "contextTokens": 2e5,
                        "maxTokens": 8192,
                        "thinkingLevelMap": {"high": "max", "low": None},
                        "params": {"temperature": 0.2},
                        "headers": {},
                        "compat": {"anything": [1]},
                        "path": "/models/large.gguf",
                    },
                ],
                "maxTokens": "auto",
                "timeoutSeconds": 1.5,
                "region": "north",
                "request": {"proxy": {}},
            }
        },
    },
    "agents": {
        "list": [{"id": "a"}],
        "defaults": {
            "model": {"primary": "acme/large", "fallbacks": ["acme/small"]},
            "models": {"acme/large": {"alias": "large", "params": {}}},
            "params": {},
            "timeoutSeconds": 600,
            "thinkingDefault": "medium",
        },
    },
    "plugins": {"entries": {"acme": {"enabled": False, "config": {"x": 1}}}},
    "gateway": {"port": 1},
}


@cache
def validator():
    from jsonschema import Draft202012Validator  # it takes two seconds

    return Draft202012Validator(SCHEMA)


def loads(document):
    try:
        Config.from_document(document, environ={})
    except ConfigError:
        return False
    return True


def test_it_is_a_json_schema():
    validator().check_schema(SCHEMA)


def test_it_takes_what_the_loader_takes():
    assert list(validator().iter_errors(WHOLE)) == []
    assert loads(WHOLE)
    assert validator().is_valid({})
    assert validator().is_valid({"agents": {"defaults": {"model": "acme/large"}}})
    assert validator().is_valid({"models": {"mode": "${MODE}"}})


def places(value, path=()):
    yield path
    items = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, item in items:
        yield from places(item, (*path, step))


def changed(path, value):
    document = copy.deepcopy(WHOLE)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return document


ODD = [None, True, 0, -1, 5, 1.5, 2.0, "", " ", "text", "merge", [], ["text"], [7], {}, {"id": "x"}]
ODD += [{"a": 1}, {"a": -1}, {"input": -1}, {"primary": 5}, {"source": "env"}]


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_it_refuses_at_every_place_what_the_loader_refuses(value):
    outcomes = set()
    for path in list(places(WHOLE))[1:]:
        document = changed(path, value)
        outcome = loads(document)
        assert validator().is_valid(document) == outcome, path
        outcomes.add(outcome)
    assert True in outcomes


def test_it_refuses_what_is_missing_or_blank():
    for models in [[{}], [{"name": "x"}], [""], [" "], [{"id": " "}]]:
        document = {"models": {"providers": {"acme": {"models": models}}}}
        assert not validator().is_valid(document)
        assert not loads(document)
    assert not validator().is_valid({"models": {"providers": {" ": {}}}})


KEYS = sorted({str(step) for path in places(WHOLE) for step in path})
VALUES = st.recursive(
    st.sampled_from([item for item in ODD if not isinstance(item, dict | list)]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    ),
    max_leaves=8,
)


@pytest.mark.extensive("it tries hundreds of generated documents")
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(list(places(WHOLE))[1:]), VALUES), max_size=3))
def test_it_agrees_with_the_loader_on_any_document(changes):
    document = copy.deepcopy(WHOLE)
    for path, value in changes:
        parent = value_at(document, path[:-1])
        if isinstance(parent, dict) and isinstance(path[-1], str):
            parent[path[-1]] = value
    assert validator().is_valid(document) == loads(document)


def test_every_key_has_a_description():
    for name, definition in SCHEMA["$defs"].items():
        objects = definition.get("anyOf", [definition])
        for key, item in (pair for node in objects for pair in node.get("properties", {}).items()):
            if name != "Prices":  # the names of prices say it
                assert item.get("description"), f"{name}.{key}"
