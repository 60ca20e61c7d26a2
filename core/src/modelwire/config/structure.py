"""Structuring of plain data into the typed sections, with every problem found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

from attrs import astuple, field, frozen

from modelwire.config.environment import has_placeholder
from modelwire.config.providers import ModelConfig, ModelsConfig, SecretRef
from modelwire.config.schema import (
    AgentsConfig,
    LogsConfig,
    ModelChoice,
    PluginsConfig,
    register_limits,
)
from modelwire.document import Path, value_at
from modelwire.models import Prices, fold_provider
from modelwire.redaction import HIDDEN, is_secret_path, shown_url
from modelwire.structuring import ValueMistake, describe

if TYPE_CHECKING:
    from modelwire.structuring import Converter

__all__ = ["Sections", "structure_sections"]


@frozen
class Sections:
    """The parts of the document that have a schema."""

    models: ModelsConfig = field(factory=ModelsConfig)
    agents: AgentsConfig = field(factory=AgentsConfig)
    plugins: PluginsConfig = field(factory=PluginsConfig)
    logs: LogsConfig = field(factory=LogsConfig)


def structure_sections(
    document: Any, authored: Any
) -> tuple[Sections | None, list[tuple[Path, str]]]:
    """Read the typed sections of a document.

    Args:
        document: The data after `${VAR}` was replaced.
        authored: The data before. Where the two differ, an error shows what the user has written,
            never what a variable holds.

    Returns:
        The sections, or `None` if there are problems; and the problems, each with its path.
    """
    if document == {}:
        return Sections(), []  # without a configuration file cattrs is not needed
    problems = list(_provider_problems(document))
    try:
        sections: Sections | None = _converter().structure(document, Sections)
    except Exception as error:  # noqa: BLE001 - whatever cattrs raises holds the mistakes
        from modelwire.structuring import mistakes_in

        sections = None
        for path, mistake in mistakes_in(error):
            problems.append((path, mistake.tell(_shown_at(path, authored))))
    return (None if problems else sections), problems


@cache
def _converter() -> Converter:
    from modelwire.structuring import make_converter

    converter = make_converter()
    register_limits(converter)
    converter.register_structure_hook_func(_is_secret_type, _structure_secret(converter))
    converter.register_structure_hook(Prices, _structure_prices(converter))
    converter.register_structure_hook(ModelConfig, _structure_model(converter))
    converter.register_structure_hook(ModelChoice, _structure_choice(converter))
    return converter


def _is_secret_type(target: Any) -> bool:
    return set(get_args(target)) == {str, SecretRef, NoneType}


def _structure_secret(converter: Converter) -> Callable[[Any, Any], str | SecretRef | None]:
    def structure(value: Any, _: Any) -> str | SecretRef | None:
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, Mapping):
            return converter.structure(value, SecretRef)
        raise ValueMistake("expected a string or {source, id}", value)

    return structure


def _structure_prices(converter: Converter) -> Callable[[Any, Any], Prices]:
    inner = converter.get_structure_hook(Prices)

    def structure(value: Any, target: Any) -> Prices:
        prices: Prices = inner(value, target)
        if any(price is not None and price < 0 for price in astuple(prices)):
            raise ValueMistake("expected prices of 0 or more, in USD per million tokens")
        return prices

    return structure


def _structure_model(converter: Converter) -> Callable[[Any, Any], ModelConfig]:
    inner = converter.get_structure_hook(ModelConfig)

    def structure(value: Any, target: Any) -> ModelConfig:
        model: ModelConfig = inner({"id": value} if isinstance(value, str) else value, target)
        if not model.id:
            raise ValueMistake("the model's id is blank")
        return model

    return structure


def _structure_choice(converter: Converter) -> Callable[[Any, Any], ModelChoice]:
    inner = converter.get_structure_hook(ModelChoice)

    def structure(value: Any, target: Any) -> ModelChoice:
        if isinstance(value, str):
            return ModelChoice(value)
        if not isinstance(value, Mapping):
            raise ValueMistake("expected a string or {primary, fallbacks}", value)
        choice: ModelChoice = inner(value, target)
        return choice

    return structure


def _provider_problems(document: Any) -> Iterator[tuple[Path, str]]:
    """Find blank provider ids, and those that differ only in case."""
    root: Path = ("models", "providers")
    providers = value_at(document, root)
    if not isinstance(providers, Mapping):
        return
    seen: dict[str, str] = {}
    for name in providers:
        folded = fold_provider(name)
        if not folded:
            yield (*root, name), "the provider's id is blank"
        elif folded in seen:
            message = f"{describe(name)} and {describe(seen[folded])} are the same provider: "
            yield (*root, name), f"{message}case does not matter; keep one of them"
        seen.setdefault(folded, name)


def _shown_at(path: Path, authored: Any) -> Callable[[Any], str]:
    def show(value: Any) -> str:
        if is_secret_path(path):
            return HIDDEN
        written = value_at(authored, path)
        return shown_url(describe(written if has_placeholder(written) else value))

    return show
