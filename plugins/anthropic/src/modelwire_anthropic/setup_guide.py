"""The setup guide for an Anthropic API key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelwire.hookspecs import Question, Settings, SetupGuide
from modelwire_anthropic.account import PROVIDER, key_variables

__all__ = ["GUIDE"]


def _questions(provider: str, environ: Mapping[str, str]) -> Sequence[Question]:
    names = key_variables(provider)
    present = next((name for name in names if environ.get(name, "").strip()), names[0])
    return (
        Question(
            "api_key_env",
            "Variable that holds the API key",
            present,
            required=True,
            kind="variable",
        ),
        Question("base_url", "Address of a gateway (empty: Anthropic itself)", kind="url"),
    )


def _settings(
    provider: str,
    answers: Mapping[str, str],
    environ: Mapping[str, str],  # noqa: ARG001 - the contract
) -> Settings:
    home = ("models", "providers", provider)
    variable = answers["api_key_env"]
    written: dict[tuple[str, ...], Any] = {(*home, "apiKey"): {"source": "env", "id": variable}}
    if variable.endswith("_AUTH_TOKEN"):
        written[*home, "authHeader"] = True  # it is sent as a bearer token, not as a key
    if "base_url" in answers:
        written[*home, "baseUrl"] = answers["base_url"]
    return written


GUIDE = SetupGuide(
    title="Anthropic: an API key for Claude",
    provider=PROVIDER,
    questions=_questions,
    settings=_settings,
    models=("claude-haiku-*", "claude-*-haiku-*", "claude-sonnet-*", "claude-*-sonnet-*"),
    own_ids=("claude-*",),
)
