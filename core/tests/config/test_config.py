import copy
import pickle

import pytest

from modelwire.config import (
    Config,
    ModelChoice,
    ModelConfig,
    ModelEntry,
    PluginEntry,
    ProviderConfig,
    SecretRef,
)
from modelwire.errors import ConfigError
from modelwire.models import Prices


def config(document, **environ):
    return Config.from_document(document, environ=environ)


def provider(body, **environ):
    return config({"models": {"providers": {"acme": body}}}, **environ).provider("acme")


def model(body):
    return provider({"models": [body]}).models[0]


def problems(document, **environ):
    with pytest.raises(ConfigError) as caught:
        config(document, **environ)
    return [str(problem) for problem in caught.value.problems]


def test_an_empty_configuration_has_every_default():
    empty = config({})
    assert empty.models.mode == "merge"
    assert empty.models.providers == {}
    assert empty.agents.defaults.model == ModelChoice()
    assert empty.plugins.entries == {}
    assert empty.path is None
    assert Config.empty({"A": "1"}).environ == {"A": "1"}


def test_a_configuration_made_in_python_sees_the_environment_of_the_process(monkeypatch):
    monkeypatch.setenv("MODELWIRE_TEST_VARIABLE", "here")
    for made in (Config(), Config.empty(), Config.from_document({})):
        assert made.environ["MODELWIRE_TEST_VARIABLE"] == "here"


def test_every_key_of_a_provider_is_read():
    assert provider(
        {
            "baseUrl": "https://acme.example/v1",
            "apiKey": "sk",
            "auth": "api-key",
            "api": "acme-wire",
            "headers": {"X-Team": "a"},
            "authHeader": False,
            "models": ["one"],
            "contextWindow": 1000,
            "contextTokens": 900,
            "maxTokens": 100,
            "timeoutSeconds": 2.5,
            "region": "north",
            "params": {"top_k": 5},
            "request": {"allowPrivateNetwork": True},
            "agentRuntime": {"id": "x"},
        }
    ) == ProviderConfig(
        id="acme",
        base_url="https://acme.example/v1",
        api_key="sk",
        auth="api-key",
        api="acme-wire",
        headers={"X-Team": "a"},
        auth_header=False,
        models=(ModelConfig("one"),),
        context_window=1000,
        context_tokens=900,
        max_tokens=100,
        timeout_seconds=2.5,
        region="north",
        params={"top_k": 5},
        request={"allowPrivateNetwork": True},
        extra={"agentRuntime": {"id": "x"}},
    )


def test_every_key_of_a_model_is_read():
    assert model(
        {
            "id": " One/Two ",
            "name": "One",
            "api": "acme-wire",
            "baseUrl": "https://one.example",
            "reasoning": True,
            "input": ["text", "image"],
            "cost": {"input": 1, "output": 2.5, "cacheRead": 0, "tieredPricing": []},
            "contextWindow": 2e5,
            "contextTokens": 5,
            "maxTokens": 8192,
            "thinkingLevelMap": {"off": None, "high": "max"},
            "params": {"a": 1},
            "headers": {"X": "y"},
            "compat": {"anything": True},
            "path": "~/one.gguf",
        }
    ) == ModelConfig(
        id="One/Two",
        name="One",
        api="acme-wire",
        base_url="https://one.example",
        reasoning=True,
        input=("text", "image"),
        cost=Prices(input=1.0, output=2.5, cache_read=0.0),
        context_window=200_000,
        context_tokens=5,
        max_tokens=8192,
        thinking_level_map={"off": None, "high": "max"},
        params={"a": 1},
        headers={"X": "y"},
        compat={"anything": True},
        extra={"path": "~/one.gguf"},
    )


def test_what_a_document_does_not_say_is_none():
    assert model({"id": "one"}) == model("one") == ModelConfig("one")
    assert ModelConfig("one").reasoning is None
    assert ModelConfig("one").context_window is None


def test_providers_are_found_whatever_their_case():
    found = config({"models": {"providers": {" ACME ": {"api": "x", "id": "other"}}}})
    assert found.provider("Acme").api == "x"
    assert found.provider("acme").id == "acme"
    assert found.provider("acme").extra == {"id": "other"}
    assert found.provider(" Nobody ") == ProviderConfig(id="nobody")


def test_unknown_keys_stay_where_they_were():
    document = {
        "models": {"bedrockDiscovery": {"enabled": True}},
        "agents": {"list": [1], "defaults": {"imageModel": "a/b"}},
        "plugins": {"allow": ["x"], "entries": {"acme": {"config": {"a": 1}, "hooks": {}}}},
        "channels": {"any": "thing"},
    }
    read = config(document)
    assert read.document == document
    assert read.models.extra == {"bedrockDiscovery": {"enabled": True}}
    assert read.agents.extra == {"list": [1]}
    assert read.agents.defaults.extra == {"imageModel": "a/b"}
    assert read.plugins.extra == {"allow": ["x"]}
    assert read.plugins.entries == {
        "acme": PluginEntry(enabled=True, config={"a": 1}, extra={"hooks": {}})
    }


@pytest.mark.parametrize(
    ("written", "choice"),
    [
        (" a/b ", ModelChoice("a/b")),
        ("  ", ModelChoice(None)),
        ({"primary": " a/b", "fallbacks": ["c/d ", " "]}, ModelChoice("a/b", ("c/d",))),
        ({"primary": ""}, ModelChoice()),
        ({"fallbacks": ["c/d"]}, ModelChoice(None, ("c/d",))),
        ({}, ModelChoice()),
    ],
)
def test_the_default_model_is_one_reference_or_one_with_fallbacks(written, choice):
    assert config({"agents": {"defaults": {"model": written}}}).agents.defaults.model == choice


def test_aliases_fold_case_and_the_last_one_wins():
    models = {
        "a/one": {"alias": " Fast "},
        "b/two": {"alias": "fast"},
        "c/three": {"alias": ""},
        "d/*": {"alias": "all"},
        "e/five": {"alias": "x/Y", "streaming": True},
        "f/six": {},
    }
    read = config({"agents": {"defaults": {"models": models}}})
    assert read.aliases() == {"fast": "b/two", "x/y": "e/five"}
    assert read.agents.defaults.models["e/five"] == ModelEntry("x/Y", extra={"streaming": True})


def test_params_of_a_model_come_over_those_of_all_models():
    defaults = {
        "params": {"a": 1, "b": 1},
        "models": {"Acme/One": {"params": {"b": 2, "c": 2}}, "acme/one": {"params": {"b": 9}}},
    }
    read = config({"agents": {"defaults": defaults}})
    assert read.params_for("ACME/One") == {"a": 1, "b": 2, "c": 2}
    assert read.params_for("acme/one") == {"a": 1, "b": 9}
    assert read.params_for("acme/other") == {"a": 1, "b": 1}
    read.params_for("acme/other")["a"] = 5
    assert read.agents.defaults.params == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("written", "environ", "key"),
    [
        (None, {}, None),
        ("", {}, None),
        ("  ", {}, None),
        (" sk-1\n", {}, "sk-1"),
        ("ACME_KEY", {"ACME_KEY": "sk-2\n"}, "sk-2"),
        ("ACME_KEY", {}, "ACME_KEY"),
        ("ACME_KEY", {"ACME_KEY": ""}, "ACME_KEY"),
        ("acme_key", {"acme_key": "sk-2"}, "acme_key"),
        ("${ACME_KEY}", {"ACME_KEY": "sk-3"}, "sk-3"),
        ({"source": "env", "id": "ACME_KEY", "provider": "default"}, {"ACME_KEY": "sk-4"}, "sk-4"),
        ({"source": "env", "id": "ACME_KEY"}, {}, None),
        ({"source": "env", "id": "ACME_KEY"}, {"ACME_KEY": " "}, None),
    ],
)
def test_a_key_is_literal_or_a_variable(written, environ, key):
    body = {} if written is None else {"apiKey": written}
    assert provider(body, **environ).resolve_api_key(environ) == key


def test_a_secret_from_another_source_is_refused_only_when_it_is_needed():
    acme = provider({"apiKey": {"source": "exec", "provider": "vault", "id": "acme"}})
    assert acme.api_key == SecretRef("exec", "acme", "vault")
    with pytest.raises(ConfigError) as caught:
        acme.resolve_api_key({})
    assert str(caught.value) == (
        'models.providers.acme.apiKey: a secret with the source "exec" is not supported.'
    )
    assert "env" in caught.value.hint


def test_nothing_secret_is_shown():
    secret = "sk-do-not-show"
    read = config(
        {
            "env": {"TEAM_KEY": secret},
            "models": {
                "providers": {
                    "acme": {
                        "apiKey": secret,
                        "headers": {"Authorization": secret},
                        "request": {"auth": {"token": secret}},
                        "params": {"key": secret},
                        "localService": {"env": {"KEY": secret}},
                        "models": [{"id": "one", "headers": {"X": secret}, "password": secret}],
                    }
                }
            },
            "plugins": {"entries": {"acme": {"config": {"apiKey": secret}}}},
            "channels": {"token": secret},
        },
        OTHER=secret,
    )
    assert secret not in repr(read)


def test_the_documents_own_variables_lie_beneath_those_of_the_process():
    document = {
        "env": {
            "A": "document",
            "B": "document",
            "C": "document",
            "vars": {"C": "vars", "D": "vars ${B}"},
            "shellEnv": {"enabled": True},
        },
        "models": {"x": "${A} ${B} ${C} ${D} ${E}"},
    }
    read = config(document, B="process", A="", E="process")
    assert read.document["models"]["x"] == "document process document vars process process"
    assert read.environ == {
        "A": "document",
        "B": "process",
        "C": "document",
        "D": "vars process",
        "E": "process",
    }
    assert read.authored == document
    assert read.document["env"]["vars"]["D"] == "vars process"
    assert list(read.document) == ["env", "models"]


def test_a_key_can_come_from_the_documents_own_variables():
    read = config(
        {"env": {"ACME_KEY": "sk"}, "models": {"providers": {"a": {"apiKey": "ACME_KEY"}}}}
    )
    assert read.provider("a").resolve_api_key(read.environ) == "sk"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ([], ["env: expected an object of strings"]),
        ({"A": 5}, ["env.A: expected a string"]),
        ({"vars": 5}, ["env.vars: expected an object of strings"]),
        ({"vars": {"A": None}}, ["env.vars.A: expected a string"]),
    ],
)
def test_a_wrong_env_block_is_a_problem(env, expected):
    assert problems({"env": env}) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"baseUrl": 5}, ["models.providers.acme.baseUrl: expected a string, found 5"]),
        (5, ["models.providers.acme: expected an object, found 5"]),
        (
            {"apiKey": 5},
            ["models.providers.acme.apiKey: expected a string or {source, id}; found <hidden>"],
        ),
        (
            {"apiKey": {"source": "env"}},
            ['models.providers.acme.apiKey.id: missing the key "id"'],
        ),
        (
            {"headers": {"X-Team": 5}},
            ["models.providers.acme.headers.X-Team: expected a string, found <hidden>"],
        ),
        ({"headers": "sk"}, ["models.providers.acme.headers: expected an object, found <hidden>"]),
        (
            {"contextWindow": 0},
            ["models.providers.acme.contextWindow: expected a whole number above 0, found 0"],
        ),
        (
            {"maxTokens": True},
            [
                'models.providers.acme.maxTokens: expected a whole number above 0 or "auto", found true'
            ],
        ),
        (
            {"contextTokens": 1.5},
            ["models.providers.acme.contextTokens: expected a whole number above 0, found 1.5"],
        ),
        (
            {"timeoutSeconds": "60"},
            ['models.providers.acme.timeoutSeconds: expected a number above 0, found "60"'],
        ),
        (
            {"models": [{"apiKey": "sk"}]},
            ['models.providers.acme.models[0].id: missing the key "id"'],
        ),
        (
            {"models": ["one", " "]},
            ["models.providers.acme.models[1]: the model's id is blank"],
        ),
        (
            {"models": [["sk"]]},
            ["models.providers.acme.models[0]: expected an object, found a list"],
        ),
        (
            {"models": [{"id": "a", "cost": {"input": -1}}]},
            [
                (
                    "models.providers.acme.models[0].cost: "
                    "expected prices of 0 or more, in USD per million tokens"
                )
            ],
        ),
        (
            {"models": [{"id": "a", "input": ["text", "smell"]}]},
            [
                (
                    "models.providers.acme.models[0].input[1]: expected one of "
                    '"text", "image", "document", "audio", "video"; found "smell"'
                )
            ],
        ),
    ],
)
def test_what_is_wrong_in_a_provider_is_named_with_its_path(body, expected):
    assert problems({"models": {"providers": {"acme": body}}}) == expected


def test_two_providers_with_the_same_name_are_a_problem():
    assert problems({"models": {"providers": {"Acme": {}, "acme ": {}, " ": {}}}}) == [
        (
            'models.providers["acme "]: "acme " and "Acme" are the same provider: '
            "case does not matter; keep one of them"
        ),
        'models.providers[" "]: the provider\'s id is blank',
    ]


def test_all_problems_are_reported_at_once():
    document = {
        "models": {"mode": "both", "providers": {"acme": {"region": 1}}},
        "agents": {"defaults": {"model": [], "timeoutSeconds": -1}},
        "plugins": {"entries": {"x": {"enabled": "yes"}}, "other": "${NOPE}"},
    }
    assert problems(document) == [
        'plugins.other: Missing env var "NOPE" referenced at config path: plugins.other',
        'models.mode: expected one of "merge", "replace"; found "both"',
        "models.providers.acme.region: expected a string, found 1",
        "agents.defaults.model: expected a string or {primary, fallbacks}; found a list",
        "agents.defaults.timeoutSeconds: expected a number above 0, found -1",
        'plugins.entries.x.enabled: expected true or false, found "yes"',
    ]


def test_an_error_shows_what_was_written_and_never_what_a_variable_holds():
    assert problems({"models": {"mode": "${SECRET}"}}, SECRET="sk-1") == [
        'models.mode: expected one of "merge", "replace"; found "${SECRET}"'
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], ["expected an object at the top level, found a list"]),
        ({"a": {1: 2}}, ["a: must have strings as keys, found 1"]),
        ({"a": [float("nan")]}, ["a[0]: must be a finite number, found NaN"]),
        ({"a": {"b": {1, 2}}}, ["a.b: must be JSON data, found an object of type set"]),
        ({"a": "\ud800"}, ["a: must be valid Unicode, found a lone surrogate"]),
    ],
)
def test_only_json_data_makes_a_configuration(document, expected):
    assert problems(document) == expected


def test_data_that_holds_itself_is_refused():
    document = {}
    document["self"] = document
    with pytest.raises(ConfigError, match="nested more than 200 levels deep"):
        config(document)


def test_a_configuration_is_independent_of_the_data_it_was_made_from():
    document = {"models": {"providers": {"acme": {"params": {"a": 1}}}}}
    read = config(document)
    document["models"]["providers"]["acme"]["params"]["a"] = 2
    assert read.provider("acme").params == {"a": 1}


def test_a_configuration_can_be_copied_and_pickled():
    read = config({"models": {"providers": {"acme": {"models": ["one"]}}}}, A="1")
    assert copy.deepcopy(read) == read
    assert pickle.loads(pickle.dumps(read)) == read
