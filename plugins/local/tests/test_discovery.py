from pathlib import Path

import pytest

from modelwire.config import Config, ProviderConfig
from modelwire.errors import ConfigError, NotFound, PluginError
from modelwire.messages import Usage
from modelwire.models import Model
from modelwire_local import models as embedded
from modelwire_local import plugin
from modelwire_local.discovery import embedded_model
from modelwire_local.settings import settings_for

HOME = Path("~").expanduser()


def provider_with(*models, **keys):
    document = {"models": {"providers": {"local": {"models": list(models), **keys}}}}
    return Config.from_document(document, environ={}).provider("local")


@pytest.mark.usefixtures("weights")
async def test_the_embedded_model_is_offered_where_its_weights_are(provider):
    (model,) = await plugin.discover_models(provider=provider)
    assert model == embedded_model("local")
    assert str(model.ref) == "local/smollm2-135m-instruct"
    assert (model.tools, model.reasoning, model.input) == (True, False, ("text",))


@pytest.mark.usefixtures("weights")
async def test_the_embedded_model_belongs_to_its_own_provider():
    provider = ProviderConfig(id="mine", api="local-completions")
    assert await plugin.discover_models(provider=provider) == []


async def test_nothing_is_offered_where_nothing_is(monkeypatch, provider):
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    assert await plugin.discover_models(provider=provider) == []


async def test_configured_files_are_offered(monkeypatch):
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    provider = provider_with(
        {"id": "qwen", "path": "~/qwen.gguf", "contextWindow": 4096, "tools": True},
        {"id": "without a path"},
    )
    (model,) = await plugin.discover_models(provider=provider)
    assert model.id == "qwen"
    assert model.extra["path"] == str(HOME / "qwen.gguf")
    assert model.context_window == 4096
    assert model.tools is True


def test_computing_at_home_costs_nothing():
    usage = Usage(input=10, output=10, cache_read=10)
    assert embedded_model("local").prices.cost_of(usage).total == 0.0


def test_a_path_is_found_on_the_model_or_in_the_configuration():
    provider = provider_with({"id": "a", "path": "/models/a.gguf"})
    assert settings_for(Model("local", "a"), provider).path == Path("/models/a.gguf")
    model = Model("local", "b", extra={"path": "/models/b.gguf"})
    assert settings_for(model, provider).path == Path("/models/b.gguf")


def test_a_model_without_a_path_is_not_found():
    with pytest.raises(NotFound, match="no model gpt") as caught:
        settings_for(Model("local", "gpt"), provider_with())
    assert "path" in caught.value.hint


def test_the_embedded_model_without_weights_says_how_to_get_them(monkeypatch, provider):
    monkeypatch.setattr(embedded, "_DISTRIBUTION", "no-such-package-anywhere")
    with pytest.raises(PluginError, match="not installed") as caught:
        settings_for(embedded_model("local"), provider)
    assert "modelwire local install" in caught.value.hint


def test_the_users_limit_on_the_context_counts():
    model = Model("local", "a", context_window=8192, context_tokens=2048, extra={"path": "/a"})
    assert settings_for(model, provider_with()).context_window == 2048


def test_one_thread_unless_the_user_wants_more():
    model = Model("local", "a", extra={"path": "/a"})
    assert settings_for(model, provider_with()).threads == 1
    assert settings_for(model, provider_with(params={"threads": 4})).threads == 4


@pytest.mark.parametrize("threads", [0, -1, "2", True, 1.5])
def test_a_number_of_threads_has_to_be_one(threads):
    model = Model("local", "a", extra={"path": "/a"})
    with pytest.raises(ConfigError) as caught:
        settings_for(model, provider_with(params={"threads": threads}))
    assert caught.value.problems[0].path == "models.providers.local.params.threads"


@pytest.mark.parametrize("path", [7, "", "~nobody-of-that-name/a.gguf"])
def test_a_path_has_to_be_the_name_of_a_file(path):
    with pytest.raises(ConfigError):
        settings_for(Model("local", "a", extra={"path": path}), provider_with())


def test_an_auth_mode_is_refused_by_a_model_in_this_process():
    provider = ProviderConfig(id="local", auth="aws-sdk")
    with pytest.raises(ConfigError) as caught:
        settings_for(Model("local", "a"), provider)
    assert [problem.path for problem in caught.value.problems] == ["models.providers.local.auth"]
