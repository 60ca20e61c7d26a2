"""Merged options of a call: the caller's options override the configuration's."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar, cast, get_args

from attrs import evolve

from modelwire.errors import ConfigError, Problem
from modelwire.hookspecs import (
    CacheRetention,
    CompletionOptions,
    EmbeddingInput,
    EmbeddingOptions,
    ToolChoice,
)
from modelwire.models import ModelRef, ReasoningLevel
from modelwire.transport import Deadlines

__all__ = [
    "NO_OPTIONS",
    "EmbeddingChanges",
    "OptionChanges",
    "StreamSettings",
    "merge_embedding_options",
    "merge_options",
    "naming",
]

NO_OPTIONS = CompletionOptions()
"""The options of calls without any. It is known by its identity, and given to no plugin."""

F = TypeVar("F", bound=Callable[..., Any])


class OptionChanges(TypedDict, total=False):
    """The fields of `CompletionOptions`, as keyword arguments."""

    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop: str | Iterable[str]
    reasoning: ReasoningLevel | None
    tool_choice: ToolChoice | str | None
    cache_retention: CacheRetention | None
    metadata: dict[str, str]
    session_id: str | None
    response_schema: type[Any] | Mapping[str, Any] | None
    params: dict[str, Any]
    plugins: dict[str, dict[str, Any]]
    deadlines: Deadlines


class EmbeddingChanges(TypedDict, total=False):
    """The fields of `EmbeddingOptions`, as keyword arguments."""

    dimensions: int | None
    input_type: EmbeddingInput | None
    normalize: bool | None
    params: dict[str, Any]
    plugins: dict[str, dict[str, Any]]
    deadlines: Deadlines


class StreamSettings(OptionChanges, total=False):
    """The keyword arguments of `Runtime.stream`, except for the tools."""

    model: ModelRef | str | None
    fallbacks: Sequence[ModelRef | str] | None
    system: str | None
    options: CompletionOptions | None
    keep_text: bool


def naming(keywords: type[Any]) -> Callable[[F], F]:
    """Give a function a signature that names each of its keyword arguments.

    Notebooks and `help` read it; they do not resolve `Unpack` of a `TypedDict`.

    Args:
        keywords: The `TypedDict` whose keys the function takes as `**`.
    """

    def named(function: F) -> F:
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values() if each.kind is not each.VAR_KEYWORD]
        taken = {each.name for each in own}
        options = CompletionOptions()
        more = [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=getattr(options, name, None),
                annotation=getattr(kind, "__forward_arg__", kind),
            )
            for name, kind in keywords.__annotations__.items()
            if name not in taken
        ]
        function.__signature__ = signature.replace(parameters=[*own, *more])  # type: ignore[attr-defined]
        return function

    return named


# Keys of `params` in the configuration that have an option of their own.
_KNOWN: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "maxTokens": ("max_tokens", (int,)),
    "temperature": ("temperature", (int, float)),
    "topP": ("top_p", (int, float)),
    "thinking": ("reasoning", (str,)),
    "cacheRetention": ("cache_retention", (str,)),
}
_AUTO = "auto"
"""The value of `maxTokens` that leaves the limit to the service. It stays a plugin parameter."""
_CHOICES = {"thinking": get_args(ReasoningLevel), "cacheRetention": get_args(CacheRetention)}


def merge_options(
    configured: Mapping[str, Any],
    options: CompletionOptions,
    *,
    deadlines: Deadlines | None = None,
) -> CompletionOptions:
    """Merge the options of one call.

    Args:
        configured: Request parameters that the configuration gives the model.
        options: The caller's options; they take precedence.
        deadlines: The limits on waiting in place of the caller's.

    Raises:
        ConfigError: A configured parameter is not valid for its option.
    """
    merged = options
    params = dict(configured)
    for key, (name, kinds) in _KNOWN.items() if params else ():
        if key not in params:
            continue
        value = params.pop(key)
        if key == "maxTokens" and value == _AUTO:
            if merged.max_tokens is None:
                params[key] = value
            continue
        _check(key, value, kinds)
        if getattr(merged, name) is None:
            merged = evolve(merged, **cast("OptionChanges", {name: value}))
    # A third of the time that `evolve` takes.
    return CompletionOptions(
        merged.max_tokens,
        merged.temperature,
        merged.top_p,
        merged.stop,
        merged.reasoning,
        merged.tool_choice,
        merged.cache_retention,
        merged.metadata,
        merged.session_id,
        merged.response_schema,
        {**params, **merged.params},
        merged.plugins,
        merged.deadlines if deadlines is None else deadlines,
    )


def merge_embedding_options(
    configured: Mapping[str, Any], options: EmbeddingOptions
) -> EmbeddingOptions:
    """Merge the options of embeddings; the arguments are those of `merge_options`.

    Raises:
        ConfigError: A configured parameter is not valid for its option.
    """
    params = dict(configured)
    merged = options
    if "dimensions" in params:
        dimensions = params.pop("dimensions")
        _check("dimensions", dimensions, (int,))
        if merged.dimensions is None:
            merged = evolve(merged, dimensions=dimensions)
    return evolve(merged, params={**params, **merged.params})


def _check(key: str, value: object, kinds: tuple[type, ...]) -> None:
    choices = _CHOICES.get(key)
    right = isinstance(value, kinds) and not isinstance(value, bool)
    if right and (choices is None or value in choices):
        return
    allowed = f"one of {', '.join(choices)}" if choices else "a number"
    problem = Problem(f"params.{key}", f"expected {allowed}, found {value!r}")
    msg = "A request parameter in the configuration is not valid."
    raise ConfigError(msg, problems=[problem])
