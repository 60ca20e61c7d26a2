"""The setup guides for OpenAI and for servers that speak its API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelwire.hookspecs import Question, Settings, SetupGuide
from modelwire_openai.account import key_variables
from modelwire_openai.servers import COMPLETIONS, server_of

__all__ = ["OPENAI", "SERVER"]


def _openai_questions(provider: str, environ: Mapping[str, str]) -> Sequence[Question]:
    return (_key_question(provider, environ, required=True),)


def _server_questions(provider: str, environ: Mapping[str, str]) -> Sequence[Question]:
    server = server_of(provider)
    address = Question(
        "base_url", "Address", server.base_url if server else None, required=True, kind="url"
    )
    hosted = server is not None and not server.local
    return (address, _key_question(provider, environ, required=hosted))


def _key_question(provider: str, environ: Mapping[str, str], *, required: bool) -> Question:
    names = key_variables(provider)
    present = next((name for name in names if environ.get(name, "").strip()), None)
    text = "Variable that holds the API key" + ("" if required else " (empty: no key)")
    default = present or (names[0] if required else None)
    return Question("api_key_env", text, default, required, kind="variable")


def _settings(
    provider: str,
    answers: Mapping[str, str],
    environ: Mapping[str, str],  # noqa: ARG001 - the contract
) -> Settings:
    home = ("models", "providers", provider)
    server = server_of(provider)
    written: dict[tuple[str, ...], Any] = {}
    if server is None:
        written[*home, "api"] = COMPLETIONS
    if "base_url" in answers:
        written[*home, "baseUrl"] = answers["base_url"]
    if "api_key_env" in answers:
        written[*home, "apiKey"] = {"source": "env", "id": answers["api_key_env"]}
    return written


OPENAI = SetupGuide(
    title="OpenAI: an API key",
    provider="openai",
    questions=_openai_questions,
    settings=_settings,
    models=("gpt-5*-nano", "gpt-4.1-nano", "gpt-5*-mini", "gpt-4*-mini"),
    own_ids=("gpt-[3-9]*", "chatgpt-*", "o[1-9]", "o[1-9]-*"),
)

SERVER = SetupGuide(
    title="A server of OpenAI's API: Ollama, vLLM, llama.cpp, a gateway",
    examples=("ollama", "lmstudio", "vllm", "llamacpp", "openrouter", "groq", "my-server"),
    questions=_server_questions,
    settings=_settings,
)
