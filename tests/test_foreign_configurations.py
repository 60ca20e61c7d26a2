"""Configurations that people wrote for OpenClaw, in the shapes in which they are published."""

import json

import pytest
from wires import WIRES

from modelwire import Agent, Runtime
from modelwire.config.misspelt import misspelt_keys
from modelwire.errors import ConfigError, PluginError, VariableNotSet
from modelwire.testing import ScriptedAnswer, WireServer

CHAT = next(wire for wire in WIRES if wire.api == "openai-completions")

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
    "variables that are not read": (
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
    "a provider that no plugin has": (
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


def agents_file(url):
    """An openclaw.json with several agents, and with what only OpenClaw reads."""
    model = {"api": "openai-completions", "models": [{"id": "m"}, {"id": "n"}]}
    return {
        "channels": {"telegram": {"botToken": "${TELEGRAM_BOT_TOKEN}"}},
        "bindings": [{"agentId": "quick", "match": {"channel": "telegram"}}],
        "models": {
            "providers": {
                "acme": {**model, "baseUrl": f"{url}/v1", "apiKey": "k"},
                "spare": {**model, "baseUrl": f"{url}/v1", "apiKey": "${SPARE_KEY}"},
            }
        },
        "agents": {
            "defaults": {
                "model": {"primary": "acme/m", "fallbacks": ["acme/n"]},
                "models": {"acme/n": {"alias": "fast", "params": {"temperature": 0.25}}},
                "workspace": "~/.openclaw/workspace",
                "thinkingDefault": "adaptive",
                "maxConcurrent": 4,
            },
            "list": [
                {
                    "id": "main",
                    "default": True,
                    "identity": {"name": "Sam", "avatar": "${AVATAR}"},
                    "tools": {"profile": "coding", "deny": ["browser"]},
                    "sandbox": {"mode": "off", "docker": {"env": {"X": "${SANDBOX}"}}},
                },
                {
                    "id": "quick",
                    "model": "fast",
                    "thinkingDefault": "adaptive",
                    "params": {"cacheRetention": "none", "user": "${OWNER}", "fastMode": True},
                },
                {"id": "deep", "model": {"primary": "spare/m", "fallbacks": ["acme/n"]}},
                {"id": "only", "model": {"fallbacks": ["spare/m"]}},
                {"id": "other", "model": {"primary": "${OTHER_MODEL}", "fallbacks": ["acme/m"]}},
                {"id": "nameless", "model": "${NO_MODEL}"},
                {"id": "unset", "params": {"user": "${NOBODY}"}},
            ],
        },
    }


AGENTS = {
    None: ("acme/m", {"model": "m"}, []),
    "main": ("acme/m", {"model": "m"}, []),
    "quick": ("acme/n", {"model": "n", "temperature": 0.25, "user": "me"}, []),
    "deep": ("acme/n", {"model": "n", "temperature": 0.25}, ["spare/m"]),
    "only": ("acme/m", {"model": "m"}, []),
    "other": ("acme/m", {"model": "m"}, ["${OTHER_MODEL}"]),
}


@pytest.mark.parametrize("name", AGENTS)
async def test_an_agent_of_a_foreign_configuration_answers(name, tmp_path):
    ref, sent, failed = AGENTS[name]
    kit = CHAT.kit
    with WireServer(kit.aside) as server:
        server.always(kit.reply(kit.bodies(ScriptedAnswer("Yes."))))
        path = tmp_path / "openclaw.json"
        path.write_text(json.dumps(agents_file(server.url)), encoding="utf-8")
        environ = {"OWNER": "me"}
        async with Runtime.from_config(path, environ=environ, cache_directory=tmp_path) as runtime:
            result = await Agent.from_config(name, runtime=runtime).run("hi")
        asked = [json.loads(request.body) for request in server.requests if request.body]
    answer = result.messages[-1]
    assert (f"{answer.provider}/{answer.model}", result.text) == (ref, "Yes.")
    assert [(each.model, each.code) for each in result.attempts] == [
        (model, "variable_not_set") for model in failed
    ]
    shared = {"messages", "stream", "stream_options"}
    assert [{key: body[key] for key in body if key not in shared} for body in asked] == [sent]


UNSET = {"nameless": "agents.list[5].model", "unset": "agents.list[6].params.user"}


@pytest.mark.parametrize("name", UNSET)
async def test_an_agent_names_the_variable_that_it_lacks(name, tmp_path):
    path = tmp_path / "openclaw.json"
    path.write_text(json.dumps(agents_file("http://127.0.0.1:9")), encoding="utf-8")
    async with Runtime.from_config(path, environ={}, cache_directory=tmp_path) as runtime:
        with pytest.raises(VariableNotSet) as caught:
            await Agent.from_config(name, runtime=runtime).run("hi")
    assert [problem.path for problem in caught.value.problems] == [UNSET[name]]


SECTIONS = [
    "meta",
    "env",
    "wizard",
    "diagnostics",
    "logging",
    "cli",
    "update",
    "browser",
    "ui",
    "secrets",
    "auth",
    "acp",
    "models",
    "nodeHost",
    "agents",
    "tools",
    "bindings",
    "broadcast",
    "audio",
    "media",
    "messages",
    "commands",
    "approvals",
    "session",
    "cron",
    "hooks",
    "web",
    "channels",
    "discovery",
    "canvasHost",
    "talk",
    "gateway",
    "memory",
    "mcp",
    "skills",
    "plugins",
    "surfaces",
    "proxy",
    "crestodian",
]
DEFAULTS = [
    "model",
    "models",
    "imageModel",
    "imageGenerationModel",
    "videoGenerationModel",
    "musicGenerationModel",
    "pdfModel",
    "utilityModel",
    "params",
    "workspace",
    "skipBootstrap",
    "bootstrapMaxChars",
    "userTimezone",
    "timeFormat",
    "envelopeTimezone",
    "contextTokens",
    "cliBackends",
    "contextPruning",
    "compaction",
    "memorySearch",
    "embeddedPi",
    "embeddedHarness",
    "thinkingDefault",
    "verboseDefault",
    "reasoningDefault",
    "elevatedDefault",
    "blockStreamingDefault",
    "humanDelay",
    "timeoutSeconds",
    "mediaMaxMb",
    "typingMode",
    "typingIntervalSeconds",
    "heartbeat",
    "maxConcurrent",
    "subagents",
    "sandbox",
    "agentRuntime",
    "runRetries",
    "promptOverlays",
    "contextLimits",
    "skills",
]
PROVIDER = [
    "baseUrl",
    "apiKey",
    "auth",
    "api",
    "headers",
    "authHeader",
    "injectNumCtxForOpenAICompat",
    "request",
    "region",
    "timeoutSeconds",
    "contextWindow",
    "contextTokens",
    "maxTokens",
    "params",
    "agentRuntime",
    "localService",
]
MODEL = [
    "id",
    "name",
    "api",
    "baseUrl",
    "reasoning",
    "input",
    "cost",
    "contextWindow",
    "contextTokens",
    "maxTokens",
    "params",
    "compat",
    "headers",
    "thinkingLevelMap",
    "mediaInput",
    "metadataSource",
    "agentRuntime",
]


def _keys(*names, **known):
    return {**{name: {} for name in names}, **known}


def test_no_key_that_openclaw_knows_is_called_misspelt():
    provider = _keys(*PROVIDER, models=[_keys(*MODEL)])
    document = _keys(
        *SECTIONS,
        models=_keys("mode", "pricing", "bedrockDiscovery", providers={"maker": provider}),
        agents={
            "list": [],
            "defaults": _keys(*DEFAULTS, models={"a/b": _keys("alias", "streaming")}),
        },
        plugins=_keys("allow", "deny", "load", "slots", "installs", "bundledDiscovery", entries={}),
    )
    assert [str(key) for key in misspelt_keys(document, "{}")] == []
