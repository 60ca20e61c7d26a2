"""Setup guides: a plugin's part of `modelwire setup`.

A guide is offered in the entry point group `modelwire.setup`; it is imported when the user runs
`modelwire setup`, and must be quick to import. It is data and two pure functions: the core asks the
questions, tries the answers, and writes the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

__all__ = ["Question", "Settings", "SetupGuide"]

Settings: TypeAlias = Mapping[tuple[str, ...], Any]
"""Values for the configuration, each under its path, as `("models", "providers", "acme", "baseUrl")`."""


@frozen
class Question:
    """One question to the user.

    Attributes:
        name: The answer's name. `base_url`, `api_key_env`, `region` and `profile` are options of
            the command too; any other is given as `--answer NAME=VALUE`.
        text: The question, without a question mark.
        default: The value of an empty answer, or `None`.
        required: Whether there must be an answer.
        kind: `url` is an http or https address; `variable` the name of an environment variable that
            holds a secret, which the user is never asked for.
    """

    name: str
    text: str
    default: str | None = None
    required: bool = False
    kind: Literal["text", "url", "variable"] = "text"


def _no_questions(provider: str, environ: Mapping[str, str]) -> Sequence[Question]:  # noqa: ARG001
    return ()


def _no_settings(
    provider: str,  # noqa: ARG001
    answers: Mapping[str, str],  # noqa: ARG001
    environ: Mapping[str, str],  # noqa: ARG001
) -> Settings:
    return {}


@frozen
class SetupGuide:
    """The setup guide of a provider.

    Attributes:
        title: The user's access, such as `OpenAI: an API key`.
        provider: The provider's id, or `None` where the user names one.
        examples: For a guide without `provider`: ids that it knows, to be shown.
        questions: The questions for a provider's id, with these environment variables.
        settings: The settings to write for a provider's id, the answers by name, and the variables.
            Unanswered questions are left out.
        models: Patterns as in a shell of model ids to propose, the best first; prefer a cheap one,
            since it only answers a short test request.
        own_ids: Patterns as in a shell of the ids that only this provider's models have, such as
            `gpt-*`. A model name without a provider is completed with them in a suggestion.
    """

    title: str
    provider: str | None = None
    examples: tuple[str, ...] = ()
    questions: Callable[[str, Mapping[str, str]], Sequence[Question]] = field(default=_no_questions)
    settings: Callable[[str, Mapping[str, str], Mapping[str, str]], Settings] = field(
        default=_no_settings
    )
    models: tuple[str, ...] = ()
    own_ids: tuple[str, ...] = ()
