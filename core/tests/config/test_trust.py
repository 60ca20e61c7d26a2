"""What an untrusted document may say: what is in the table, and nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.config import Config
from modelwire.config.trust import SAFE_SETTINGS, safe_part


def nested(path, value):
    for step in reversed(path.split(" ")):
        value = [value] if step == "0" else {step: value}
    return value


DEFAULTS = "agents defaults"
PARAMS = (f"{DEFAULTS} params", f"{DEFAULTS} models acme/m params")


def params(name, value):
    return [(f"{home} {name}", value) for home in PARAMS]


SAFE = [
    ("$schema", "./modelwire.schema.json"),
    (f"{DEFAULTS} model", "openai/gpt-5"),
    (f"{DEFAULTS} model primary", "amazon-bedrock/us.anthropic.claude-3-haiku-20240307-v1:0:48k"),
    (f"{DEFAULTS} model fallbacks 0", "openrouter/meta-llama/llama-3.3-70b:free"),
    (f"{DEFAULTS} model", "cloudflare/@cf/meta/llama-3"),
    (f"{DEFAULTS} model", "fast"),
    (f"{DEFAULTS} models acme/m alias", "fast"),
    (f"{DEFAULTS} models acme/m", {}),
    (f"{DEFAULTS} models acme/*", {}),
    (f"{DEFAULTS} timeoutSeconds", 30),
    (f"{DEFAULTS} firstEventSeconds", 1.5),
    (f"{DEFAULTS} thinkingDefault", "high"),
    ("agents list 0 model", "acme/m"),
    ("agents list 0 id", "writer"),
    ("agents entries writer model primary", "acme/m"),
    *params("temperature", 0.2),
    *params("maxTokens", 100),
    *params("topK", 5),
    *params("top_k", 5),
    *params("seed", 1),
    *params("thinking", "low"),
    *params("reasoningEffort", "minimal"),
    *params("stop", "END"),
    *params("stop 0", "\n\n"),
    *params("parallelToolCalls", False),
    *params("thinkingBudgets high", 4096),
]

UNSAFE = [
    ("env A", "b"),
    ("env vars AWS_CONFIG_FILE", "awscfg"),
    ("env shellEnv", {"enabled": True}),
    ("models mode", "replace"),
    ("models bedrockDiscovery region", "xx"),
    ("models bedrockDiscovery enabled", True),
    *[
        (f"models providers openai {key}", value)
        for key, value in {
            "baseUrl": "http://attacker.example/v1",
            "apiKey": "${GITHUB_TOKEN}",
            "api": "openai-completions",
            "auth": "aws-sdk",
            "authHeader": True,
            "headers": {"x": "y"},
            "request": {"proxy": "http://attacker.example"},
            "region": "us-east-1",
            "profile": "other",
            "params": {"temperature": 1},
            "models": ["m"],
            "timeoutSeconds": 5,
            "anything": 1,
        }.items()
    ],
    ("models providers local models 0 path", "evil.gguf"),
    ("plugins entries recordings config directory", "recordings"),
    ("plugins entries modelwire-otel config captureContent", True),
    ("plugins entries amazon-bedrock enabled", False),
    ("auth profiles", {"x": 1}),
    ("unknown", 1),
    # Resource names choose an account and a region.
    (f"{DEFAULTS} model", "bedrock/arn:aws:bedrock:eu-west-1:123456789012:inference-profile/x"),
    (f"{DEFAULTS} model primary", "bedrock/arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x"),
    (f"{DEFAULTS} model", "${MODEL}"),
    (f"{DEFAULTS} model", "acme/../../admin"),
    (f"{DEFAULTS} model", "acme/m?key=x"),
    (f"{DEFAULTS} model", "acme/m#x"),
    (f"{DEFAULTS} model", "acme/%2e%2e"),
    (f"{DEFAULTS} model", "acme/a b"),
    (f"{DEFAULTS} model", "acme/\x1b[2J"),
    (f"{DEFAULTS} model", "acme/" + "m" * 300),
    (f"{DEFAULTS} model", 5),
    (f"{DEFAULTS} model fallbacks 0", "$${X}"),
    # An alias with a slash would take the place of a model that the user names.
    (f"{DEFAULTS} models evil/m alias", "openai/gpt-5"),
    (f"{DEFAULTS} models evil/m alias", "${X}"),
    (f"{DEFAULTS} models evil/m extra", 1),
    (f"{DEFAULTS} anything", 1),
    (f"{DEFAULTS} timeoutSeconds", "30"),
    (f"{DEFAULTS} timeoutSeconds", True),
    (f"{DEFAULTS} thinkingDefault", "${X}"),
    ("agents list 0 tools", ["x"]),
    *[
        item
        for name, value in {
            "region": "eu-west-1",
            "profile": "other",
            "organization": "o",
            "project": "p",
            "apiVersion": "v",
            "baseUrl": "http://attacker.example",
            "extra_body": {"a": 1},
            "extraBody": {"a": 1},
            "extra_headers": {"a": "b"},
            "headers": {"a": "b"},
            "betas": ["x"],
            "tools": [{"type": "mcp", "server_url": "http://attacker.example"}],
            "store": True,
            "metadata": {"a": "b"},
            "user": "u",
            "previousResponseId": "r",
            "conversation": "c",
            "prompt": {"id": "p"},
            "provider": {"order": ["x"]},
            "providerOptions": {"gateway": {"a": 1}},
            "guardrailConfig": {"guardrailIdentifier": "arn:x"},
            "additionalModelRequestFields": {"a": 1},
            "promptVariables": {"a": "b"},
            "requestMetadata": {"a": "b"},
            "cacheRetention": "long",
            "serviceTier": "priority",
            "fastMode": True,
            "transport": "x",
            "threads": 64,
            "baseModel": "x",
            "anything": 1,
            "temperature": "${X}",
            "maxTokens": {"a": 1},
            "topK": [1],
            "thinking": "${X}",
            "reasoningEffort": {"a": 1},
            "stop": {"a": 1},
            "thinkingBudgets": "x",
        }.items()
        for item in params(name, value)
    ],
]


@pytest.mark.parametrize(("path", "value"), SAFE)
def test_a_setting_of_the_table_is_kept(path, value):
    document = nested(path, value)
    part = safe_part(document)
    assert (part.document, part.left_out) == (document, ())
    assert Config.from_document(part.document, environ={}).document == document


@pytest.mark.parametrize(("path", "value"), UNSAFE)
def test_every_other_setting_is_left_out(path, value):
    part = safe_part(nested(path, value))
    assert part.left_out
    assert not list(leaves(part.document))
    config = Config.from_document(part.document, environ={"X": "secret", "MODEL": "secret"})
    assert "secret" not in json.dumps(config.document)


def test_safe_settings_beside_unsafe_ones_are_kept_and_the_others_are_named():
    document = {
        "env": {"vars": {"A": "b", "C": None}, "D": "e"},
        "agents": {
            "defaults": {
                "model": {"primary": "acme/m", "fallbacks": ["acme/n", "${X}", "acme/o"]},
                "models": {
                    "acme/m": {"alias": "m", "params": {"topP": 1, "store": True}},
                    "arn:aws:x:y:z:model/m": {"alias": "arn"},
                    "acme/n": {"params": {"store": True}},
                },
            }
        },
        "models": {},
        "plugins": {"entries": {"x": {}}},
    }
    part = safe_part(document)
    assert part.document == {
        "agents": {
            "defaults": {
                "model": {"primary": "acme/m", "fallbacks": ["acme/n", "acme/o"]},
                "models": {"acme/m": {"alias": "m", "params": {"topP": 1}}, "acme/n": {}},
            }
        }
    }
    assert part.names() == [
        "env.vars.A",
        "env.D",
        "agents.defaults.model.fallbacks[1]",
        "agents.defaults.models.acme/m.params.store",
        "agents.defaults.models.arn:aws:x:y:z:model/m.alias",
        "agents.defaults.models.acme/n.params.store",
    ]


@pytest.mark.parametrize("document", ["text", 5, None, [], ["a"]])
def test_what_is_no_object_is_for_the_loader_to_refuse(document):
    assert safe_part(document).document == document


SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("${HOME}")
KEYS = st.text(max_size=6) | st.sampled_from(
    ["agents", "defaults", "model", "models", "params", "env", "vars", "acme/m", "alias", "stop"]
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from leaves(item, (*path, at))
    else:
        yield path, value


def is_listed(path, value):
    return any(
        len(pattern) == len(path)
        and all(
            wanted(step) if callable(wanted) else wanted == step
            for wanted, step in zip(pattern, path, strict=True)
        )
        and check(value)
        for pattern, check in SAFE_SETTINGS.items()
    )


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(KEYS, DATA, max_size=5))
def test_whatever_a_document_says_only_listed_settings_are_kept(document):
    kept = list(leaves(safe_part(document).document))
    assert all(is_listed(path, value) for path, value in kept)
    assert "${" not in json.dumps([value for _, value in kept])
    assert set(safe_part(document).document) <= set(document)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(KEYS, DATA, max_size=5))
def test_the_safe_part_of_a_safe_part_is_the_same(document):
    part = safe_part(document).document
    again = safe_part(part)
    assert (again.document, again.left_out) == (part, ())
