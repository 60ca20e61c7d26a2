"""The gateway: what all doors share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from modelwire.models import Model, ModelRef
from modelwire.runtime import Runtime
from modelwire.transport import RetryPolicy
from modelwire_gateway.access.caller import Access, Caller, RequestRefused
from modelwire_gateway.access.opened import OpenedAccess
from modelwire_gateway.groups import Groups
from modelwire_gateway.prices import PriceList
from modelwire_gateway.records import Observer, RequestRecord
from modelwire_gateway.settings import Settings
from modelwire_gateway.storage.memory_counters import MemoryCounters
from modelwire_gateway.storage.usage import UsageLog

__all__ = ["Gateway", "logger"]

logger = logging.getLogger("modelwire.gateway")

_RESOLVED_SECONDS: Final = 1.0
"""For which the model behind a reference is not looked up again."""
_MOST_RESOLVED: Final = 1024
_BY_ENDPOINT = {
    "/chat/completions": "openai-completions",
    "/responses": "openai-responses",
    "/messages": "anthropic-messages",
}
"""APIs by the end of their address, where a plugin supports several."""


class Gateway:
    """The runtime behind the doors, and the access to it.

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
        access: Access | OpenedAccess,
        observers: Iterable[Observer] = (),
    ) -> None:
        self.runtime = runtime
        self.settings = settings
        self._opened = access if isinstance(access, OpenedAccess) else None
        self.access: Access = access.control if isinstance(access, OpenedAccess) else access
        self.observers = list(observers)
        counters = MemoryCounters() if self._opened is None else self._opened.counters
        self.groups = Groups(self.settings.groups, counters)
        # Within a group, another model is tried rather than the same one again.
        self.without_retries = Runtime(
            runtime.config,
            registry=runtime.registry,
            transport=runtime.transport,
            retries=RetryPolicy(max_attempts=1),
        )
        self.prices = PriceList(runtime)
        self.live: dict[str, RequestRecord] = {}
        patterns = (each for each in settings.aliases if "*" in each)
        self._patterns = sorted(patterns, key=len, reverse=True)
        self._resolved: dict[str | None, tuple[float, Model]] = {}
        self._apis: dict[tuple[str, str], str] = {}
        self._refused: dict[tuple[str, str], set[str]] = defaultdict(set)

    def use_access(self, opened: OpenedAccess) -> None:
        """Authenticate callers by stored keys from now on, and share the failures of groups."""
        self.access = opened.control
        self.groups = Groups(self.settings.groups, opened.counters)
        self._opened = opened

    @property
    def ready(self) -> bool:
        """Whether callers can be admitted."""
        return self._opened is None or self._opened.ready

    @property
    def usage(self) -> UsageLog | None:
        """The usage log of the callers, where one is stored."""
        return None if self._opened is None else self._opened.usage

    async def members(self, caller: Caller, name: str) -> list[str]:
        """The models of a group that a caller may call, in the order they are tried.

        The primary model of the configuration, `default`, and its fallbacks are a group as well.

        Returns:
            The models; none where there is no such group.

        Raises:
            RequestRefused: The caller may call no model of the group.
        """
        if name in self.groups.names:
            models = await self.groups.order(name)
        elif self.expand(name) is None:
            choice = self.runtime.config.agents.defaults.model
            models = [choice.primary, *choice.fallbacks] if choice.primary else []
        else:
            return []
        allowed = [model for model in models if self.access.may_call(caller, name, model)]
        if models and not allowed:
            msg = f"This key may not call {name}."
            raise RequestRefused(403, "model_not_allowed", msg)
        return allowed

    def expand(self, name: str, provider: str | None = None) -> str | None:
        """The reference behind a name; the primary model, `None`, is `default`.

        An alias of the settings comes first: an exact one before a pattern, and a longer pattern before
        a shorter one.

        Args:
            name: The name.
            provider: The provider of a name that is neither an alias nor a reference.
        """
        aliases = self.settings.aliases
        if name in self.groups.names:
            return self.groups.models(name)[0]
        if name in aliases:
            return aliases[name]
        for pattern in self._patterns:
            if fnmatchcase(name, pattern):
                return aliases[pattern]
        if name == "default":
            return None
        return name if provider is None or self._names_model(name) else f"{provider}/{name}"

    def _names_model(self, name: str) -> bool:
        """Whether a name is an alias of the configuration, or says its provider."""
        return self.runtime.config.expand_alias(name) != name or self.has_provider_of(name)

    def has_provider_of(self, reference: str) -> bool:
        """Whether a reference says a provider that there is."""
        ref = ModelRef.parse(reference)
        known = self.runtime.catalog.provider_ids
        return ref is not None and self.runtime.registry.canonical(ref.provider) in known

    async def model(self, reference: str | None) -> Model:
        """The model behind a reference, with its prices, as it was known within the last second.

        Args:
            reference: The reference; `None` is the primary model.

        Raises:
            ModelwireError: There is no such model, or it cannot be used.
        """
        now = time.monotonic()
        until, model = self._resolved.get(reference, (0.0, None))
        if model is None or until < now:
            model = await self.prices.priced(await self.runtime.resolve(reference))
            if len(self._resolved) >= _MOST_RESOLVED:
                self._resolved.clear()
            self._resolved[reference] = (now + _RESOLVED_SECONDS, model)
        return model

    async def upstream_api(self, model: Model) -> str:
        """The wire API in which a model is called; empty where it is not known."""
        key = (model.provider, model.id)
        if key not in self._apis:
            # It may read files, as those of AWS's configuration.
            description = await asyncio.to_thread(self.runtime.describe_call, model)
            endpoint = description.get("endpoint", "").partition("?")[0]
            found = (api for end, api in _BY_ENDPOINT.items() if endpoint.endswith(end))
            self._apis[key] = description.get("api") or model.api or next(found, "")
        return self._apis[key]

    def refused_fields(self, model: Model) -> set[str]:
        """The fields that a model's provider has refused since the gateway was started."""
        return self._refused[model.provider, model.id]

    def begin(self, record: RequestRecord) -> None:
        """Note a request that is open."""
        self.live[record.request_id] = record

    def observe(self, record: RequestRecord) -> None:
        """Give the record of a request that has ended to all observers.

        The fault of one is logged and harms nothing.
        """
        self.live.pop(record.request_id, None)
        for observer in self.observers:
            try:
                observer(record)
            except Exception:
                logger.exception("An observer of requests failed.")
        record.content = None
