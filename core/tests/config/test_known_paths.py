"""What the schema says about a path, and which steps a typed path means."""

import pytest

from modelwire.config.known_paths import look_up_path, takes_only_text, unread_paths
from modelwire.config.locate import locate
from modelwire.document.paths import parse_path
from modelwire.errors import ConfigError


@pytest.mark.parametrize(
    ("path", "verdict", "near"),
    [
        ("models.mode", "read", None),
        ("models.providers.acme.models[0].cost.input", "read", None),
        ("models.providers.acme.models.0.id", "read", None),
        ("models.providers.acme.apiKey.source", "read", None),
        ("agents.defaults.model", "read", None),
        ("agents.defaults.model.primary", "read", None),
        ("agents.defaults.model.fallbacks[3]", "read", None),
        ('agents.defaults.models["acme/x"].alias', "read", None),
        ("plugins.entries.acme.enabled", "read", None),
        ("env.ACME_KEY", "read", None),
        ("env.vars.ACME_KEY", "read", None),
        ("models.bedrockDiscovery.enabled", "open", None),
        ("models.providers.acme.path", "open", None),
        ("models.providers.acme.baseURL", "open", "models.providers.acme.baseUrl"),
        ("agents.defaults.params.temperature", "open", None),
        ("plugins.entries.acme.config.anything.at.all", "open", None),
        ("gateway.port", "unread", None),
        ("model.mode", "unread", "models.mode"),
        ("agents.defaults.modle.primary", "unread", "agents.defaults.model.primary"),
        ("models.mode.deeper", "unread", None),
        ("agents.defaults.fallbacks", "unread", "agents.defaults.model.fallbacks"),
        ("agents.defaults.falbacks[0]", "unread", "agents.defaults.model.fallbacks[0]"),
        ("providers.acme", "unread", "models.providers.acme"),
        ("agents.defaults.provider", "unread", None),
    ],
)
def test_a_path_is_read_open_or_unread(path, verdict, near):
    finding = look_up_path(parse_path(path))
    assert (finding.verdict, finding.near) == (verdict, near)


@pytest.mark.parametrize(
    ("path", "only_text"),
    [
        ("models.providers.acme.apiKey", True),
        ("models.providers.acme.models[0]", True),
        ("agents.defaults.model", True),
        ("env.PORT", True),
        ("models.mode", True),
        ("models.providers.acme.maxTokens", False),
        ("agents.defaults.params.top_k", False),
        ("models.bedrockDiscovery.enabled", False),
    ],
)
def test_some_places_take_text_and_no_number(path, only_text):
    assert takes_only_text(parse_path(path)) is only_text


def test_misspelt_keys_of_a_document_are_found():
    document = {"models": {"Mode": 1, "x": {"mode": 1}, "providers": {"a": {"apikey": "x"}}}}
    assert [finding.near for _, finding in unread_paths(document)] == [
        "models.mode",
        "models.providers.a.apiKey",
    ]


CLAUDE = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ENTRIES = ("agents", "defaults", "models")
DOCUMENT = {
    "models": {"providers": {"z.ai": {"models": [{"id": "a"}]}, "z": {"ai": 1}}},
    "agents": {"defaults": {"models": {"acme/m.1": {}, "acme/m.1.5": {"alias": "x"}}}},
}


def located(path, known=(CLAUDE, "acme/m.2")):
    return locate(path, DOCUMENT, lambda: known)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        (f"agents.defaults.models.{CLAUDE}.alias", (*ENTRIES, CLAUDE, "alias")),
        (f"agents.defaults.models.{CLAUDE}", (*ENTRIES, CLAUDE)),
        (f'agents.defaults.models["{CLAUDE}"].alias', (*ENTRIES, CLAUDE, "alias")),
        ("agents.defaults.models.acme/m.1.alias", (*ENTRIES, "acme/m.1", "alias")),
        ("agents.defaults.models.acme/m.1.5.alias", (*ENTRIES, "acme/m.1.5", "alias")),
        ("agents.defaults.models.acme/m.2.params.x", (*ENTRIES, "acme/m.2", "params", "x")),
        ("agents.defaults.models.acme/plain.alias", (*ENTRIES, "acme/plain", "alias")),
        ('agents.defaults.models["a/new.1"].own', (*ENTRIES, "a/new.1", "own")),
        ("models.providers.z.ai", ("models", "providers", "z", "ai")),
        (
            "models.providers.z.ai.models[0].id",
            ("models", "providers", "z", "ai", "models", 0, "id"),
        ),
        ("new.thing", ("new", "thing")),
    ],
)
def test_dots_of_known_names_separate_no_steps(path, steps):
    assert located(path) == steps


def test_a_known_key_with_a_dot_is_found_where_nothing_is_shorter():
    document = {"models": {"providers": {"z.ai": {}}}}
    path = locate("models.providers.z.ai.apiKey", document, lambda: ())
    assert path == ("models", "providers", "z.ai", "apiKey")


def test_known_models_are_asked_for_only_where_they_matter():
    def never():
        raise AssertionError

    assert locate("models.a.b", {}, never) == ("models", "a", "b")
    assert locate(f'agents.defaults.models["{CLAUDE}"].alias', {}, never)


def test_an_unknown_model_with_dots_has_to_be_quoted():
    with pytest.raises(ConfigError, match="not a known model") as raised:
        locate("agents.defaults.models.acme/new.v1:0.params.x", {}, lambda: ())
    assert """'agents.defaults.models["acme/new.v1:0"].params.x'""" in raised.value.hint
