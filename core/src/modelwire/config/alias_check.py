"""Checks of the user's short names for models."""

from __future__ import annotations

from collections.abc import Iterator

from modelwire.config.config import Config
from modelwire.document import Path
from modelwire.models import ModelRef

__all__ = ["alias_warnings"]

_ENTRIES: Path = ("agents", "defaults", "models")


def alias_warnings(config: Config) -> Iterator[tuple[Path, str]]:
    """Find aliases that are reversed, or that are also the name of a model.

    Yields:
        The path of each, with the problem.
    """
    by_id = {
        model.id.casefold(): ModelRef(provider.id, model.id)
        for provider in config.models.providers.values()
        for model in provider.models
    }
    for key, entry in config.agents.defaults.models.items():
        alias = (entry.alias or "").strip()
        if not alias:
            continue
        path = (*_ENTRIES, key)
        if ModelRef.parse(key) is None:
            yield (
                path,
                ("is not provider/model-id. The key is the model, and its `alias` the short name."),
            )
        hidden = by_id.get(alias.casefold())
        if config.names_model(alias):
            yield (*path, "alias"), f'"{alias}" is the name of a configured model, which counts.'
        elif (ref := ModelRef.parse(alias)) is not None and ref.provider in config.models.providers:
            yield (
                (*path, "alias"),
                (
                    f'"{alias}" reads as a model of {ref.provider}, which it hides. '
                    "Choose a name without a slash."
                ),
            )
        elif hidden is not None and hidden != ModelRef.parse(key):
            yield (*path, "alias"), f'"{alias}" hides the model {hidden}, unless it is named so.'
