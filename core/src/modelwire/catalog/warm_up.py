"""The warm-up of providers: the imports for calls to them, done once, in a thread."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module

from modelwire.authoring import SingleFlight
from modelwire.config import Config, ProviderConfig
from modelwire.errors import ModelwireError, PluginError
from modelwire.forks import importing
from modelwire.registry import Owner, Registry
from modelwire.registry.loader import where

__all__ = ["WarmUp"]

_Key = tuple[str, str | None]
"""A provider's id, and a wire API or `None` for that of the provider."""

_LATE = (
    "concurrent.futures.thread",
    "difflib",
    "random",
    "modelwire.registry.delta_stream",
    "modelwire.transport.retry",
)
"""Modules that asyncio and the core import on first use, which may be on the event loop."""

_AUTHORIZED = "modelwire.registry.authorization"
"""Modules that are imported when a plugin authorizes the requests of another."""


class WarmUp:
    """The modules imported for each provider and API, and the imports that failed.

    Args:
        config: The configuration.
        registry: The installed plugins.
        look_up: Loads other data that is slow the first time, for a provider; called in a thread.
    """

    def __init__(
        self, config: Config, registry: Registry, look_up: Callable[[str], object]
    ) -> None:
        self._config = config
        self._registry = registry
        self._look_up = look_up
        self._loaded: set[_Key] = set()
        self._loading: SingleFlight[None] = SingleFlight("modelwire-load")
        self._outcomes: dict[_Key, PluginError | None] = {}
        self._warming: SingleFlight[None] = SingleFlight("modelwire-warm-up")

    async def load(self, provider: str, api: str | None) -> None:
        """Wait until a plugin is imported and its provider looked up. Failures are not raised."""
        key = (self._registry.canonical(provider), api)
        if key not in self._loaded:
            await self._loading.run(key, partial(self._load, *key))

    async def run(self, provider: str, api: str | None) -> None:
        """Wait until a plugin is imported and its hook `warm_up` has run.

        Raises:
            PluginError: There is no such plugin, or it cannot be imported; or the hook failed, now
                or earlier.
        """
        given = (provider, api)
        if given not in self._outcomes:
            await self.load(provider, api)
            owner = self._registry.owner(provider, api)
            key = self._full_key(provider, api)
            if key not in self._outcomes:
                await self._warming.run(key, partial(self._call_hooks, owner, *key))
            self._outcomes[given] = self._outcomes[key]
        self._raise(given)

    async def run_speaker(self, provider: ProviderConfig, api: str) -> None:
        """Wait until the plugin that speaks an API is imported and its hook `warm_up` has run.

        Raises:
            PluginError: As `run` raises it.
        """
        key = (f"speaker for {provider.id}", api)  # no provider's id holds a space
        if key not in self._outcomes:
            await self._warming.run(key, partial(self._warm_speaker, provider, *key))
        self._raise(key)

    def _warm_speaker(self, provider: ProviderConfig, name: str, api: str) -> None:
        with importing():
            import_module(_AUTHORIZED)
            owner = self._registry.speaker(provider.id, api)
            with owner.warming:
                self._outcomes[name, api] = self._failure_of(owner, provider, api)

    def _raise(self, key: _Key) -> None:
        failure = self._outcomes[key]
        if failure is not None:
            raise PluginError(failure.message, hint=failure.hint) from failure.__cause__

    def _load(self, provider: str, api: str | None) -> None:
        with importing():
            for module in _LATE:
                import_module(module)
            with suppress(ModelwireError):  # the next call raises it
                self._registry.owner(provider, api)
                if self._registry.auth_owner(self._registry.provider_config(provider)) is not None:
                    import_module(_AUTHORIZED)
                self._look_up(provider)
        if provider in self._registry.provider_ids or provider in self._config.models.providers:
            self._loaded.add((provider, api))  # others are mistakes, of which there is no end

    def _call_hooks(self, owner: Owner, provider: str, api: str | None) -> None:
        """Call the hook of the provider's plugin, then that of the plugin that authorizes."""
        settings, owners = self._registry.provider_config(provider), [owner]
        with suppress(ModelwireError):  # it is raised where the requests would be authorized
            other = self._registry.auth_owner(settings)
            owners += [other] if other is not None and other is not owner else []
        failure = None
        with importing():
            for each in owners:
                with each.warming:
                    if (provider, api) in self._outcomes:  # it has run before this thread began
                        return
                    failure = failure or self._failure_of(each, settings, api)
        self._outcomes[provider, api] = failure

    def _failure_of(
        self, owner: Owner, provider: ProviderConfig, api: str | None
    ) -> PluginError | None:
        """Call the hook; return the reason of a failure, or `None`."""
        try:
            owner.hooks.warm_up(provider=provider, config=self._config, api=api)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it harms no other plugin
            package = self._registry.responsible_package(owner, error, core=False)
            msg = f"{package} cannot be loaded for {provider.id!r}: {where(error)}."
            failure = PluginError(msg, hint=f"Update or uninstall {package}.")
            failure.__cause__ = error
            return failure
        return None

    def _full_key(self, provider: str, api: str | None) -> _Key:
        """One key for all spellings of a provider and API."""
        provider = self._registry.canonical(provider)
        return provider, api or self._registry.provider_config(provider).api
