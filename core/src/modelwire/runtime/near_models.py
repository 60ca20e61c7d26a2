"""Near models: suggestions for a name that no model has."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from contextlib import suppress
from fnmatch import fnmatchcase

from modelwire.errors import PluginError
from modelwire.models import ModelRef
from modelwire.registry import Registry, installed_claims
from modelwire.registry.claims import undisputed
from modelwire.registry.loader import load_guide
from modelwire.text import near_matches

__all__ = ["near_models", "with_slash"]

_MOST = 3
_NUMBERS = re.compile(r"\d+")
_LONGEST_VERSION = 4


def near_models(
    name: str, refs: Iterable[ModelRef], aliases: Iterable[str], registry: Registry | None = None
) -> list[str]:
    """The references and aliases that are near a name, at most three; of models, the newest first.

    Args:
        name: The unknown name.
        refs: The known models.
        aliases: The user's short names.
        registry: The installed plugins, whose providers may have a model of this name that no list has.
            Looking for it may take a second, so this is not for an event loop.
    """
    refs = list(refs)
    if registry is not None:
        listed = {ref.provider for ref in refs}
        completed = _published(name, registry) or _completed(name, registry, listed)
        if completed:
            return completed[:_MOST]
    by_id = {ref.model: str(ref) for ref in sorted(refs, key=str)}
    meant = {alias: alias for alias in aliases} | by_id
    near = near_matches(name, meant, most=max(len(meant), 1))
    holding = [text for text in near if name.casefold() in text.casefold()]
    chosen = sorted(holding, key=_version, reverse=True) or near
    return [meant[text] for text in chosen[:_MOST]]


def with_slash(name: str, registry: Registry) -> str | None:
    """The corrected form of a name written as `provider:model-id`; `None` for any other."""
    provider, colon, model = name.partition(":")
    known = registry.provider_ids if colon and model else ()
    provider = registry.canonical(provider)
    return f"{provider}/{model}" if provider in known else None


def _version(name: str) -> tuple[list[int], str]:
    """A sort key that puts newer models first: their version, then their date, if any."""
    numbers = _NUMBERS.findall(name)
    version = [int(each) for each in numbers if len(each) < _LONGEST_VERSION]
    date = max((each for each in numbers if len(each) >= _LONGEST_VERSION), default="")
    return version, date


def _published(name: str, registry: Registry) -> list[str]:
    """The installed providers that have a model of this name in the package `genai-prices`."""
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return []
    installed = set(registry.provider_ids)
    return [
        f"{service.id}/{name}"
        for service in get_snapshot().providers
        if service.id in installed and any(model.id == name for model in service.models)
    ]


def _completed(name: str, registry: Registry, listed: Container[str]) -> list[str]:
    """The name with the provider whose models alone have such ids, unless its models are known."""
    found = []
    for claim in undisputed(installed_claims(), "setup").values():
        with suppress(PluginError):
            guide = load_guide(claim)
            provider = guide.provider
            if provider is None or provider in listed or provider not in registry.provider_ids:
                continue
            if any(fnmatchcase(name, pattern) for pattern in guide.own_ids):
                found.append(f"{provider}/{name}")
    return found
