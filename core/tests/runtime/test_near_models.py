"""Near models: what is offered in place of a name that no model has."""

import sys

import pytest

from modelwire.config import Config
from modelwire.errors import ConfigError, PluginError, UnknownModel
from modelwire.models import ModelRef
from modelwire.registry import Registry
from modelwire.runtime.near_models import near_models
from modelwire.runtime.resolver import default_ref, named_by, unknown_name

CLAUDES = [
    ModelRef("maker", name)
    for name in (
        "claude-3-haiku-20240307",
        "claude-3-5-sonnet-20241022",
        "claude-sonnet-4-20250514",
        "claude-opus-4-5-20251101",
        "claude-sonnet-4-5-20250929",
        "mist-7",
    )
]


@pytest.fixture
def registry(site):
    site.install("openai", {"providers": {"openai": "", "groq": ""}, "aliases": {"gpt": "openai"}})
    site.install("ech", {"providers": {"echo": ""}})
    return site.registry()


def test_at_most_three_models_are_offered_the_newest_first():
    assert near_models("claude", CLAUDES, []) == [
        "maker/claude-opus-4-5-20251101",
        "maker/claude-sonnet-4-5-20250929",
        "maker/claude-sonnet-4-20250514",
    ]
    assert near_models("Sonnet", CLAUDES, ["sonny"])[0] == "maker/claude-sonnet-4-5-20250929"
    assert near_models("misst-7", CLAUDES, []) == ["maker/mist-7"]
    assert near_models("nonsense", CLAUDES, ["mine"]) == []


def test_a_model_that_an_installed_provider_is_known_for_comes_first(registry):
    near = [ModelRef("echo", "openai.gpt-5.4"), ModelRef("echo", "gpt-4o-like")]
    assert near_models("gpt-4o", near, [], registry) == ["openai/gpt-4o"]
    assert (
        near_models("claude-sonnet-4-5", near, [], registry) == []
    )  # its provider is not installed


def test_a_model_is_completed_with_the_provider_whose_setup_guide_knows_such_ids(site, monkeypatch):
    guide = "from modelwire.hookspecs import SetupGuide\nGUIDE = SetupGuide('x', 'maker', own_ids=('mist-*',))"
    site.install(
        "maker", {"providers": {"maker": ""}, "setup": {"maker": "maker_plugin:GUIDE"}}, guide
    )
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    registry = site.registry()
    assert near_models("mist-9", [], [], registry) == ["maker/mist-9"]
    assert near_models("fog-9", [], [], registry) == []
    # A list of its models knows better.
    assert near_models("mist-9", CLAUDES, [], registry) == ["maker/mist-7"]


@pytest.mark.parametrize("name", ["openai:gpt-4o", "gpt:gpt-4o", "OpenAI:gpt-4o"])
def test_a_colon_for_the_slash_is_understood(registry, name):
    error = unknown_name(name, ["echo/other"], registry)
    assert error.hint == "Did you mean openai/gpt-4o?"
    assert error.candidates == ("openai/gpt-4o",)


@pytest.mark.parametrize("name", ["llama3:8b", "v1:0", ":x", "openai:"])
def test_a_colon_in_a_models_name_is_none_for_the_slash(registry, name):
    assert unknown_name(name, ["echo/other"], registry).candidates == ("echo/other",)


def test_several_are_on_a_line_each(registry):
    error = unknown_name("x", ["a/b", "c/d"], registry)
    assert error.hint == "Did you mean one of these?\n  a/b\n  c/d"


@pytest.mark.parametrize(
    ("provider", "hint"),
    [
        ("nope", "Install the plugin"),
        ("opnai", "Did you mean openai?"),
        ("gtp", "Did you mean gpt?"),
    ],
)
def test_a_provider_is_offered_where_it_is_near(registry, provider, hint):
    with pytest.raises(PluginError) as caught:
        registry.owner(provider, None)
    assert caught.value.hint.startswith(hint)


def test_a_name_of_several_models_is_an_error():
    refs = [ModelRef("a", "x"), ModelRef("b", "x"), ModelRef("b", "Y")]
    with pytest.raises(UnknownModel, match="a/x or b/x"):
        named_by("x", refs)
    assert named_by("y", refs) == ModelRef("b", "Y")
    assert named_by("z", refs) is None


def test_without_any_provider_the_plugins_are_named(site, registry):
    with pytest.raises(ConfigError, match="nothing is configured"):
        default_ref(Config.empty(), registry)
    empty = Registry(Config.empty(), [])
    with pytest.raises(ConfigError, match="No provider plugin is installed") as caught:
        default_ref(Config.empty(), empty)
    assert "modelwire-local" in caught.value.hint
