"""The `agents`, `plugins` and `logs` sections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args, get_origin

from attrs import Factory, field, frozen

from modelwire.structuring import ValueMistake

if TYPE_CHECKING:
    from modelwire.structuring import Converter

__all__ = [
    "AgentDefaults",
    "AgentsConfig",
    "AnswerLimit",
    "LogsConfig",
    "MemorySearch",
    "ModelChoice",
    "ModelEntry",
    "PluginEntry",
    "PluginsConfig",
    "PositiveInt",
    "PositiveNumber",
    "register_limits",
]

_POSITIVE = "positive"

PositiveInt: TypeAlias = Annotated[int, _POSITIVE]
PositiveNumber: TypeAlias = Annotated[float, _POSITIVE]

_LIMIT = "limit"

AnswerLimit: TypeAlias = Annotated[PositiveInt | Literal["auto"], _LIMIT]
"""Tokens that an answer may have; `auto` leaves that to the service."""


def register_limits(converter: Converter) -> None:
    """Teach a converter the types of this module."""
    converter.register_structure_hook_factory(_is_positive, _positive_hook)
    converter.register_structure_hook_factory(_is_limit, _limit_hook)


def _is_positive(target: Any) -> bool:
    return get_origin(target) is Annotated and _POSITIVE in get_args(target)


def _positive_hook(target: Any) -> Callable[[Any, Any], int | float]:
    kind = get_args(target)[0]
    noun = "whole number" if kind is int else "number"

    def structure(value: Any, _: Any) -> int | float:
        number = value
        # JSON has one kind of number: 2e5 is as whole as 200000.
        if kind is int and isinstance(value, float) and value.is_integer():
            number = int(value)
        right_type = isinstance(number, (kind, int)) and not isinstance(number, bool)
        if not (right_type and number > 0):
            raise ValueMistake(f"expected a {noun} above 0", value)
        return kind(number)  # type: ignore[no-any-return]

    return structure


def _is_limit(target: Any) -> bool:
    return get_origin(target) is Annotated and _LIMIT in get_args(target)


def _limit_hook(_: Any) -> Callable[[Any, Any], int | str]:
    number = _positive_hook(PositiveInt)

    def structure(value: Any, _: Any) -> int | str:
        if value == "auto":
            return "auto"
        try:
            return int(number(value, PositiveInt))
        except ValueMistake:
            raise ValueMistake('expected a whole number above 0 or "auto"', value) from None

    return structure


_REST = {"rest": True}


def _trimmed(text: str | None) -> str | None:
    return (text or "").strip() or None


def _all_trimmed(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text.strip() for text in texts if text.strip())


@frozen
class ModelChoice:
    """Which model to use, and which ones when it fails.

    Attributes:
        primary: A reference or an alias, or `None` where none is chosen.
        fallbacks: References or aliases, in the order they are tried.
    """

    primary: str | None = field(default=None, converter=_trimmed)
    fallbacks: tuple[str, ...] = field(default=(), converter=_all_trimmed)


@frozen
class ModelEntry:
    """What the user sets for one model, under its reference.

    Attributes:
        alias: A short name for the model.
        params: Request parameters for every call to it.
        extra: All other keys.
    """

    alias: str | None = None
    params: dict[str, Any] = field(factory=dict, repr=False)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)


@frozen
class MemorySearch:
    """The block `agents.defaults.memorySearch`, as far as it names an embedding model.

    Attributes:
        provider: The provider's id, or `None`.
        model: The model's id at that provider; a reference or an alias where no provider is named.
        extra: All other keys.
    """

    provider: str | None = field(default=None, converter=_trimmed)
    model: str | None = field(default=None, converter=_trimmed)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)


@frozen
class AgentDefaults:
    """The block `agents.defaults`.

    Attributes:
        model: The model to use when a caller names none.
        models: Settings by reference, as `openai/gpt-5`.
        params: Request parameters for every call to any model.
        timeout_seconds: How long one answer may take.
        first_event_seconds: How long the first event of an answer may take to come.
        thinking_default: How much to think where a caller does not say.
        memory_search: The embedding model to use when a caller names none.
        extra: All other keys.
    """

    model: ModelChoice = field(factory=ModelChoice)
    models: dict[str, ModelEntry] = Factory(dict)
    params: dict[str, Any] = field(factory=dict, repr=False)
    timeout_seconds: PositiveNumber | None = None
    first_event_seconds: PositiveNumber | None = None
    thinking_default: str | None = None
    memory_search: MemorySearch = field(factory=MemorySearch)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)


@frozen
class AgentsConfig:
    """The block `agents`.

    Attributes:
        defaults: What holds for every agent.
        extra: All other keys, as `list`.
    """

    defaults: AgentDefaults = field(factory=AgentDefaults)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)


@frozen
class PluginEntry:
    """What the user sets for one plugin.

    Attributes:
        enabled: Whether the plugin may be used.
        config: Settings that only the plugin understands.
        extra: All other keys.
    """

    enabled: bool = True
    config: dict[str, Any] = field(factory=dict, repr=False)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)


@frozen
class PluginsConfig:
    """The block `plugins`.

    Attributes:
        entries: Settings by the plugin's id.
        extra: All other keys.
    """

    entries: dict[str, PluginEntry] = Factory(dict)
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)


@frozen
class LogsConfig:
    """The block `logs`.

    Attributes:
        enabled: Whether `modelwire complete` keeps its answers.
        extra: All other keys.
    """

    enabled: bool = True
    extra: dict[str, Any] = field(factory=dict, repr=False, metadata=_REST)
