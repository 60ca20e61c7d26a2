"""Configurations that people wrote for OpenClaw, in the shapes in which they are published."""

import json

import pytest

from modelwire import Runtime
from modelwire.errors import ConfigError, PluginError

VARIABLES = [f"VARIABLE_{number}" for number in range(12)]

SHAPES = {
    "a primary model and no fallbacks": (
        {
            "env": {"MOONSHOT_API_KEY": "k"},
            "agents": {
                "defaults": {
                    "model": {"primary": "moonshot/kimi-k2.5", "fallbacks": []},
                    "models": {"moonshot/kimi-k2.5": {"alias": "Kimi"}},
                }
            },
            "models": {
                "mode": "merge",
                "providers": {
                    "moonshot": {
                        "baseUrl": "https://api.moonshot.ai/v1",
                        "apiKey": "${MOONSHOT_API_KEY}",
                        "api": "openai-completions",
                        "models": [{"id": "kimi-k2.5", "contextWindow": 256000}],
                    }
                },
            },
        },
        None,
        "https://api.moonshot.ai/v1/chat/completions",
    ),
    "variables that nobody reads": (
        {
            "agents": {
                "defaults": {
                    "model": {"primary": "google/gemini-3-pro"},
                    "sandbox": {"docker": {"env": {name: f"${{{name}}}" for name in VARIABLES}}},
                }
            },
            "skills": {"entries": {"x": {"apiKey": "${VARIABLE_0}"}}},
            "models": {
                "providers": {
                    "nvidia": {
                        "baseUrl": "https://integrate.api.nvidia.com/v1",
                        "apiKey": "k",
                        "api": "openai-completions",
                        "models": [{"id": f"maker/model-{number}"} for number in range(10)],
                    }
                }
            },
        },
        "nvidia/maker/model-3",
        "https://integrate.api.nvidia.com/v1/chat/completions",
    ),
    "a list of allowed plugins": (
        {
            "env": {"ANTHROPIC_API_KEY": "k"},
            "plugins": {"allow": ["telegram"]},
            "agents": {"defaults": {"model": "anthropic/claude-sonnet-4-5"}},
        },
        None,
        "https://api.anthropic.com/v1/messages",
    ),
    "a gateway with compat keys of its own": (
        {
            "agents": {
                "defaults": {"model": {"primary": "bricks/m", "fallbacks": ["bricks/other"]}}
            },
            "models": {
                "providers": {
                    "bricks": {
                        "baseUrl": "https://x.cloud.example/mlflow/v1",
                        "apiKey": "k",
                        "api": "openai-completions",
                        "models": [{"id": "m", "compat": {"supportsTools": True}}, {"id": "other"}],
                    }
                }
            },
        },
        None,
        "https://x.cloud.example/mlflow/v1/chat/completions",
    ),
    "a gateway in place of all models, with an id of three parts": (
        {
            "agents": {"defaults": {"model": "gate/a/b/c"}},
            "models": {
                "mode": "replace",
                "providers": {
                    "gate": {
                        "baseUrl": "https://gate.example/anthropic",
                        "apiKey": "k",
                        "api": "anthropic-messages",
                        "models": [{"id": "a/b/c"}],
                    }
                },
            },
        },
        None,
        "https://gate.example/anthropic/v1/messages",
    ),
    "a local server with Responses": (
        {
            "agents": {"defaults": {"model": "lmstudio/m"}},
            "models": {
                "providers": {
                    "lmstudio": {
                        "baseUrl": "http://127.0.0.1:1234/v1",
                        "apiKey": "lmstudio",
                        "api": "openai-responses",
                        "models": [{"id": "m"}],
                    }
                }
            },
        },
        None,
        "http://127.0.0.1:1234/v1/responses",
    ),
    "Ollama's own API": (
        {
            "agents": {"defaults": {"model": "ollama/m"}},
            "models": {
                "providers": {
                    "ollama": {
                        "baseUrl": "http://127.0.0.1:11434",
                        "apiKey": "ollama-local",
                        "api": "ollama",
                        "models": [{"id": "m"}],
                    }
                }
            },
        },
        None,
        "http://127.0.0.1:11434/v1/chat/completions",
    ),
    "secrets elsewhere, and an order of profiles": (
        {
            "env": {"OPENAI_API_KEY": "k"},
            "secrets": {"providers": {"vault": {"source": "exec", "command": "/bin/vault"}}},
            "auth": {"order": {"openai": ["openai:default"]}},
            "agents": {"defaults": {"model": "openai/gpt-5"}},
        },
        None,
        "https://api.openai.com/v1/responses",
    ),
}
REFUSED = {
    "a provider that nobody has": (
        {
            "auth": {"profiles": {"github-copilot:x": {"provider": "github-copilot"}}},
            "agents": {
                "defaults": {"model": "github-copilot/gpt-5"},
                "list": [{"id": "a", "model": "github-copilot/gpt-5"}],
            },
        },
        PluginError,
        "github-copilot",
    ),
    "no primary model": (
        {
            "models": {"default": "acme/m", "注释": "x", "providers": {}},
            "agents": {"defaults": {}},
        },
        ConfigError,
        "agents.defaults.model.primary",
    ),
}


def runtime_of(document, tmp_path):
    path = tmp_path / "openclaw.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return Runtime.from_config(path, environ={}, cache_directory=tmp_path)


@pytest.mark.parametrize("name", SHAPES)
async def test_a_foreign_configuration_calls_what_it_names(name, tmp_path):
    document, model, url = SHAPES[name]
    async with runtime_of(document, tmp_path) as runtime:
        assert (await runtime.dry_run("hi", model=model)).request.url == url


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_not_supported_is_said(name, tmp_path):
    document, kind, words = REFUSED[name]
    async with runtime_of(document, tmp_path) as runtime:
        with pytest.raises(kind, match=words):
            await runtime.dry_run("hi")
