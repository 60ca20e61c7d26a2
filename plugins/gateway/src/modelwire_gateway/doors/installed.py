"""The dialects that the doors speak, from the installed plugins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import frozen

from modelwire.dialects import Dialect
from modelwire.errors import PluginError
from modelwire.registry import Registry, load_dialect
from modelwire_gateway.gateway import logger

__all__ = ["Dialects"]

_OPENAI: Final = "openai-completions"
_ANTHROPIC: Final = "anthropic-messages"


@frozen
class Dialects:
    """The dialects of the installed plugins.

    Attributes:
        openai: That of Chat Completions, whose clients also request models and embeddings.
        anthropic: That of Messages, whose clients also request models and counts of tokens.
        every: Those of all plugins, also these two.
    """

    openai: Dialect
    anthropic: Dialect
    every: tuple[Dialect, ...]

    @classmethod
    def installed(cls, registry: Registry) -> Dialects:
        """Load the dialects of the plugins that are enabled; broken plugins are logged and left out.

        Raises:
            PluginError: One that the gateway cannot be without is missing or broken.
        """
        openai, anthropic = load_dialect(_OPENAI, registry), load_dialect(_ANTHROPIC, registry)
        others = registry.dialects().keys() - {_OPENAI, _ANTHROPIC}
        return cls(openai, anthropic, (openai, anthropic, *_loaded(registry, sorted(others))))

    def of(self, path: str) -> Dialect:
        """The dialect whose clients use a path, served or not; OpenAI's where none is known."""
        found = ((b, each) for each in self.every for b in each.beginnings if path.startswith(b))
        _, dialect = max(found, key=lambda pair: len(pair[0]), default=("", self.openai))
        return dialect


def _loaded(registry: Registry, apis: list[str]) -> Iterator[Dialect]:
    for api in apis:
        try:
            yield load_dialect(api, registry)
        except PluginError as error:
            logger.warning("%s is not served: %s", api, error)
