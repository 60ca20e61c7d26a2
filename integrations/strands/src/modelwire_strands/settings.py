"""How answers are wanted, as the configuration of a model says it in Strands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from strands.models.model import BaseModelConfig

from modelwire.dialects import ServedCall
from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CacheRetention
from modelwire.models import ReasoningLevel
from modelwire.transport import Deadlines

__all__ = ["ModelwireConfig", "ModelwireSettings", "check_names", "options_of"]


class ModelwireSettings(BaseModelConfig, total=False):
    """How answers are wanted.

    Attributes:
        fallbacks: Models to call where the model fails.
        max_tokens: The most tokens of an answer.
        temperature: How random the answer is.
        top_p: The share of probable tokens that are drawn from.
        stop_sequences: Texts that end the answer.
        reasoning: How much the model thinks.
        cache_retention: How long the service may cache the prompt; by default as the cache points of
            the request say, and without any as modelwire does.
        session_id: The id of the conversation, for services that take one; by default the id of
            the agent's session, where it has one.
        timeout: The seconds that an answer may take, from the request to its end.
        params: Further fields of the requests, in the words of the service.
        plugins: Settings of plugins, by their names.
    """

    fallbacks: Sequence[str] | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop_sequences: list[str] | None
    reasoning: ReasoningLevel | None
    cache_retention: CacheRetention | None
    session_id: str | None
    timeout: float | None
    params: dict[str, Any] | None
    plugins: dict[str, dict[str, Any]] | None


class ModelwireConfig(ModelwireSettings, total=False):
    """The configuration of a model, in Strands' sense: the model, and how answers are wanted.

    Attributes:
        model_id: The model, as `provider/model-id`, or an alias of modelwire's configuration.
    """

    model_id: str


_OPTIONS: Final[Mapping[str, str]] = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "stop_sequences": "stop",
    "reasoning": "reasoning",
    "cache_retention": "cache_retention",
    "session_id": "session_id",
    "params": "params",
    "plugins": "plugins",
}
"""The names of modelwire's options, by those of the configuration."""

_NAMES: Final = {"context_window_limit", "fallbacks", "model_id", "timeout", *_OPTIONS}


def check_names(given: Mapping[str, Any]) -> None:
    """Check that a model has the settings that are given.

    Raises:
        InvalidRequest: There is no such setting.
    """
    for name in given:
        if name not in _NAMES:
            msg = f"A model has no setting {name!r}; it has {', '.join(sorted(_NAMES))}."
            raise InvalidRequest(msg, retryable=False)


def options_of(
    config: ModelwireConfig, call: ServedCall, session_id: str | None = None
) -> dict[str, Any]:
    """The options of a request, as keyword arguments of a runtime.

    Args:
        config: The configuration, which goes before the request.
        call: The request of the agent.
        session_id: The id of the agent's session.
    """
    options: dict[str, Any] = {
        "session_id": session_id,
        "tool_choice": call.options.tool_choice,
    }
    if call.options.cache_retention != "none":  # which says that there are no cache points
        options["cache_retention"] = call.options.cache_retention
    for name, option in _OPTIONS.items():
        value: Any = config.get(name)
        if value is not None:
            options[option] = value
    timeout = config.get("timeout")
    if timeout is not None:
        options["deadlines"] = Deadlines(total=timeout)
    return options
