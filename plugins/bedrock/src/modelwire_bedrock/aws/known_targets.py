"""The targets that requests went to before: a request like the one before finds its own here."""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire_bedrock.aws.credentials.shared_files import SharedFiles
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["KnownTargets"]

_MOST = 256


@frozen
class _Known:
    environ: Mapping[str, str]
    files: SharedFiles
    target: Target


class KnownTargets:
    """Targets by what they were decided from.

    Configurations do not change, and are told apart by which objects they are; they are not kept alive.
    Shared AWS files are known by their stamps.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[weakref.ref[Any], weakref.ref[Any], _Known]] = {}

    def get(
        self, config: Config, provider: ProviderConfig, asked: tuple[Any, ...]
    ) -> _Known | None:
        """What is known, with the files and the variables that it was decided from.

        Args:
            config: The whole configuration.
            provider: The provider's part of it.
            asked: What else decides: the model, addresses and regions.
        """
        found = self._known.get((id(config), id(provider), asked))
        if found is None or found[0]() is not config or found[1]() is not provider:
            return None
        return found[2]

    def keep(
        self,
        config: Config,
        provider: ProviderConfig,
        asked: tuple[Any, ...],
        known: tuple[Mapping[str, str], SharedFiles, Target],
    ) -> None:
        """Keep a target, with the variables and the files that it was decided from."""
        if len(self._known) >= _MOST:
            self._known.clear()
        key = (id(config), id(provider), asked)
        self._known[key] = (weakref.ref(config), weakref.ref(provider), _Known(*known))
