"""The gateway: what all doors share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from fnmatch import fnmatchcase

from modelwire.models import Model, ModelRef
from modelwire.runtime import Runtime
from modelwire_gateway.access.caller import Access
from modelwire_gateway.records import Observer, RequestRecord
from modelwire_gateway.settings import Settings

__all__ = ["Gateway", "logger"]

logger = logging.getLogger("modelwire.gateway")

_BY_ENDPOINT = {
    "/chat/completions": "openai-completions",
    "/responses": "openai-responses",
    "/messages": "anthropic-messages",
}
"""APIs by the end of their address, where a plugin chooses one by itself."""


class Gateway:
    """The runtime behind the doors, and who may use it.

    Args:
        runtime: What answers.
        settings: The settings.
        access: What lets callers in.
        observers: Get the record of each request.
    """

    def __init__(
        self,
        runtime: Runtime,
        settings: Settings,
        access: Access,
        observers: Iterable[Observer] = (),
    ) -> None:
        self.runtime = runtime
        self.settings = settings
        self.access = access
        self.observers = list(observers)
        self._apis: dict[str, str] = {}
        self._refused: dict[str, set[str]] = {}

    def expand(self, name: str, provider: str | None = None) -> str | None:
        """The reference behind a name; the primary model, `None`, is `default`.

        An alias of the settings comes first: an exact one before a pattern, and a longer pattern before
        a shorter one.

        Args:
            name: The name.
            provider: The provider of a name that is neither an alias nor a reference.
        """
        aliases = self.settings.aliases
        if name in aliases:
            return aliases[name]
        patterns = sorted((each for each in aliases if "*" in each), key=len, reverse=True)
        for pattern in patterns:
            if fnmatchcase(name, pattern):
                return aliases[pattern]
        if name == "default":
            return None
        return name if provider is None or self._names_model(name) else f"{provider}/{name}"

    def _names_model(self, name: str) -> bool:
        """Whether a name is an alias of the configuration, or says its provider."""
        if self.runtime.config.expand_alias(name) != name:
            return True
        ref = ModelRef.parse(name)
        known = self.runtime.catalog.provider_ids
        return ref is not None and self.runtime.registry.canonical(ref.provider) in known

    async def upstream_api(self, model: Model) -> str:
        """The wire API in which a model is called; empty where that is not known."""
        key = str(model.ref)
        if key not in self._apis:
            # It may read files, as those of AWS's configuration.
            told = await asyncio.to_thread(self.runtime.describe_call, model)
            endpoint = told.get("endpoint", "").partition("?")[0]
            found = (api for end, api in _BY_ENDPOINT.items() if endpoint.endswith(end))
            self._apis[key] = told.get("api") or model.api or next(found, "")
        return self._apis[key]

    def refused_fields(self, model: Model) -> set[str]:
        """The fields that a model's provider has refused since the gateway was started."""
        return self._refused.setdefault(str(model.ref), set())

    def observe(self, record: RequestRecord) -> None:
        """Give a record to all observers; the fault of one is logged and harms nothing."""
        for observer in self.observers:
            try:
                observer(record)
            except Exception:
                logger.exception("An observer of requests failed.")
