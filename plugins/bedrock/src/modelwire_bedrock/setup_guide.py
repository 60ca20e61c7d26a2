"""The setup guide for AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelwire.hookspecs import Question, Settings, SetupGuide

__all__ = ["GUIDE"]

_DEFAULT_REGION = "us-east-1"
_BEARER = "AWS_BEARER_TOKEN_BEDROCK"


def _region(environ: Mapping[str, str]) -> str | None:
    named = (environ.get(name, "").strip() for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    return next(filter(None, named), None)


def _questions(_provider: str, environ: Mapping[str, str]) -> Sequence[Question]:
    return (
        Question("region", "AWS region", _region(environ) or _DEFAULT_REGION),
        Question("profile", "AWS profile (empty: whatever boto3 finds, as an instance role)"),
        Question(
            "api_key_env",
            "Variable with a Bedrock API key (empty: none, the credentials of AWS are used)",
            kind="variable",
        ),
    )


def _settings(provider: str, answers: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    home = ("models", "providers", provider)
    # Nothing announces the role of an EC2 instance, so discovery has to be enabled.
    discovery = ("plugins", "entries", provider, "config", "discovery", "enabled")
    written: dict[tuple[str, ...], Any] = {discovery: True}
    # What the environment says is not written down: it may say something else tomorrow.
    if "region" in answers and answers["region"] != _region(environ):
        written[*home, "region"] = answers["region"]
    if "profile" in answers:
        written[*home, "profile"] = answers["profile"]
    if answers.get("api_key_env", _BEARER) != _BEARER:
        written[*home, "apiKey"] = {"source": "env", "id": answers["api_key_env"]}
    return written


GUIDE = SetupGuide(
    title="AWS: Amazon Bedrock",
    provider="amazon-bedrock",
    questions=_questions,
    settings=_settings,
    models=("*amazon.nova-lite-v1:0", "*amazon.nova-micro-v1:0", "*anthropic.claude-haiku*"),
)
