"""The model catalog: configured and discovered models, from the cache where it is fresh."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from modelwire.catalog.cache import (
    CachedList,
    DiscoveryCache,
    cache_key,
    default_cache_directory,
)
from modelwire.catalog.merge import known_model, known_models
from modelwire.catalog.settings import discovery_settings
from modelwire.catalog.warm_up import WarmUp
from modelwire.config import Config, ProviderConfig
from modelwire.errors import Cancelled, ConfigError, ModelwireError, PluginError
from modelwire.event_loops import has_event_loop, require_event_loop
from modelwire.hookspecs import CredentialStatus, DiscoverySettings
from modelwire.models import Model, ModelList, ModelRef
from modelwire.redaction.echoes import SentSecrets, redact_data, redact_error
from modelwire.registry import Owner, Registry
from modelwire.registry.loader import where

if TYPE_CHECKING:
    import asyncio

    from modelwire.transport import RetryPolicy, Transport

    _Flight = tuple[asyncio.AbstractEventLoop, str]

__all__ = ["Catalog", "Listing"]

_RECENT = 1.0
"""Seconds for which the result of looking for a provider's credentials is reused: many
streams that begin at the same time need that once.
"""
_MOST_MERGED = 1024
"""The number of cached merged models."""


@frozen
class Listing:
    """The models of one provider.

    Attributes:
        provider: The provider's id.
        models: Configured models, then further discovered ones.
        credentials: The known status of the provider's credentials.
        fetched_at: When the discovered ones were fetched, in seconds since 1970; `None` if none.
        stale: Whether they are older than they should be.
        error: The error of the last fetch, if it failed.
        incomplete: Why discovered models may be missing, one sentence for each reason.
    """

    provider: str
    models: tuple[Model, ...]
    credentials: CredentialStatus
    fetched_at: float | None = None
    stale: bool = False
    error: ModelwireError | None = None
    incomplete: tuple[str, ...] = ()


class Catalog:
    """The models that configuration and providers offer.

    Args:
        config: The configuration.
        registry: The installed plugins.
        transport: Returns the HTTP client for fetches; called when one is needed.
        cache_directory: Where discovered lists are kept; by default in the user's cache folder, or
            in `$MODELWIRE_CACHE_DIR`.
        retries: When a failed fetch is tried again; by default as a call is.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        config: Config,
        registry: Registry,
        transport: Callable[[], Transport],
        *,
        cache_directory: Path | None = None,
        retries: RetryPolicy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._registry = registry
        self._transport = transport
        self._cache = DiscoveryCache(cache_directory or default_cache_directory(config.environ))
        self._retries = retries
        self._clock = clock
        self._warm_up = WarmUp(config, registry, self._recent_request)
        self._fetching: dict[_Flight, asyncio.Task[CachedList]] = {}
        self._recent: dict[str, tuple[float, _Request]] = {}
        self._merged: dict[ModelRef, tuple[_Request, CachedList | None, Model]] = {}

    @property
    def provider_ids(self) -> list[str]:
        """Every provider that is installed or configured, by its own id, sorted."""
        configured = (self._registry.canonical(name) for name in self._config.models.providers)
        return sorted({*self._registry.provider_ids, *configured})

    def credentials(
        self, provider: str, *, probe: bool = False, timeout: float = 5.0
    ) -> CredentialStatus:
        """Return the credentials that a provider's plugin would use.

        With `probe` this may take `timeout` seconds and use the network; call it in a thread then.
        """
        provider_config = self._registry.provider_config(provider)
        try:
            owner = self._registry.owner(provider)
            # The owner of an auth mode says the same of all providers that use it.
            owner = self._registry.auth_owner(provider_config) or owner
        except (ConfigError, PluginError) as error:
            return CredentialStatus("unusable", reason=str(error), hint=error.hint)
        if not owner.implements("detect_credentials"):
            return CredentialStatus("unknown", reason="its plugin does not say")
        try:
            self._config.require_provider(*self._registry.names_of(provider))
            status = owner.hooks.detect_credentials(
                provider=provider_config,
                config=self._config,
                probe=probe,
                timeout=timeout,
            )
        except ModelwireError as error:
            return CredentialStatus("unusable", reason=str(error), hint=error.hint)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a bug must not hide the others
            return CredentialStatus("unknown", reason=f"its plugin failed: {where(error)}")
        if not isinstance(status, CredentialStatus):
            return CredentialStatus("unknown", reason="its plugin gave no CredentialStatus")
        return status

    async def load(self, provider: str, api: str | None = None) -> None:
        """Import a plugin and look up its provider's credentials, in a thread.

        Both are slow the first time; afterwards the registry and the catalog may be used on the
        event loop. Failures are not raised here, but by the next call that depends on them.

        Args:
            provider: The provider's id.
            api: The wire API of a model, which another plugin than the provider's may speak.
        """
        require_event_loop()
        await self._warm_up.load(provider, api)

    async def warm_up(self, provider: str, api: str | None = None) -> None:
        """Import everything that calls to a provider need, in a thread.

        The first call runs the plugin's hook `warm_up`. Calls meanwhile wait for it, and later ones
        return at once.

        Args:
            provider: The provider's id.
            api: The wire API to speak; by default, the one that the configuration gives it.

        Raises:
            PluginError: No plugin provides it, or its plugin cannot be imported. Later
                calls raise it as well; nothing is imported again.
        """
        require_event_loop()
        await self._warm_up.run(provider, api)

    async def warm_up_api(self, provider: ProviderConfig, api: str) -> None:
        """Import the plugin that speaks an API, with its needs, in a thread, as `warm_up` does.

        Args:
            provider: The provider that will be called through the API.
            api: The wire API.

        Raises:
            PluginError: No plugin speaks it, or the one that does cannot be imported.
        """
        await self._warm_up.run_speaker(provider, api)

    def known(self, provider: str) -> Listing | None:
        """A provider's listing if it is available without the network, else `None`."""
        request = self._request(provider)
        if not request.discover:
            return self._listing(request, None)
        cached = self._fresh(request)
        return None if cached is None else self._listing(request, cached)

    def cached(self, provider: str) -> Listing:
        """The known models of a provider, however old the list is; no network is used."""
        request = self._request(provider)
        cached = self._cache.read(request.key) if request.discover else None
        stale = cached is not None and self._fresh(request) is None
        return evolve(self._listing(request, cached), stale=stale)

    async def listing(self, provider: str, *, refresh: bool = False) -> Listing:
        """A provider's listing, fetched if the cache has no fresh one.

        A failed fetch is not raised: it is the `error` of a listing with the known models.
        """
        await self.load(provider)
        request = self._request(provider)
        if not request.discover:
            return self._listing(request, None)
        cached = None if refresh else self._fresh(request)
        if cached is not None:
            return self._listing(request, cached)
        try:
            fetched = await self._fetch_once(request)
        except ModelwireError as error:
            old = self._cache.read(request.key)
            return evolve(self._listing(request, old), stale=old is not None, error=error)
        return self._listing(request, fetched)

    async def listings(
        self, providers: Iterable[str] | None = None, *, refresh: bool = False
    ) -> list[Listing]:
        """The listings of several providers, by default of all, fetched concurrently.

        Raises:
            ConfigError: The discovery settings of a provider are not valid.
        """
        import asyncio

        require_event_loop()
        wanted = self.provider_ids if providers is None else list(providers)
        tasks = [
            asyncio.create_task(self.listing(provider, refresh=refresh)) for provider in wanted
        ]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def aclose(self) -> None:
        """Cancel the fetches of this event loop, also for their waiters."""
        import asyncio

        if not has_event_loop():
            return
        here = asyncio.get_running_loop()
        tasks = [task for (loop, _), task in self._fetching.items() if loop is here]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def model(self, ref: ModelRef) -> Model:
        """The known facts about a model, without network access; few for an unlisted one.

        Where listed models name it as their `baseModel`, their ids are in `extra["listedAs"]`.
        """
        provider = self._registry.canonical(ref.provider)
        request = self._recent_request(provider)
        cached = self._cache.read(request.key) if request.discover else None
        before = self._merged.get(ref)
        if before is not None and before[0] is request and before[1] is cached:
            return before[2]
        model = self._merge(ref, provider, request, cached)
        if before is not None or len(self._merged) < _MOST_MERGED:
            self._merged[ref] = (request, cached, model)
        return model

    def _merge(
        self, ref: ModelRef, provider: str, request: _Request, cached: CachedList | None
    ) -> Model:
        entries = request.provider.models
        entry = next((entry for entry in entries if entry.id == ref.model), None)
        found = cached.by_id.get(ref.model) if cached else None
        known = known_model(request.provider, ref.model, entry, found)
        if cached and (listed_as := cached.by_base.get(ref.model)):
            known = evolve(known, extra={**known.extra, "listedAs": list(listed_as)})
        if known.api is None:
            apis = self._registry.apis_of(provider)
            known = evolve(known, api=apis[0] if len(apis) == 1 else None)
        return known

    def _recent_request(self, provider: str) -> _Request:
        now = time.monotonic()
        made_at, request = self._recent.get(provider, (-math.inf, None))
        if request is None or now - made_at > _RECENT:
            request = self._request(provider)
            self._recent[provider] = (now, request)
        return request

    def _request(self, provider: str) -> _Request:
        provider = self._registry.canonical(provider)
        settings = discovery_settings(self._config, self._registry, provider)
        credentials = self.credentials(provider)
        wanted = settings.enabled
        if wanted is None:
            wanted = credentials.state == "usable"
        try:
            owner = self._registry.owner(provider)
        except PluginError:
            owner = None
        discover = (
            wanted
            and self._config.models.mode != "replace"
            and owner is not None
            and owner.implements("discover_models")
        )
        provider_config = self._registry.provider_config(provider)
        key = cache_key(
            provider,
            # Another version of the plugin may know more of a model.
            (owner.distribution, owner.version) if owner else None,
            provider_config.base_url,
            provider_config.region,
            credentials.identity or credentials.source,
            credentials.details,
            settings.values,
        )
        return _Request(provider_config, settings, credentials, owner, key, discover)

    def _fresh(self, request: _Request) -> CachedList | None:
        cached = self._cache.read(request.key)
        interval = request.settings.refresh_interval
        return cached if cached and cached.is_fresh(self._clock(), interval) else None

    def _listing(self, request: _Request, cached: CachedList | None) -> Listing:
        models = known_models(request.provider, cached.models if cached else ())
        fetched_at, incomplete = (cached.fetched_at, cached.incomplete) if cached else (None, ())
        return Listing(
            request.provider.id,
            tuple(models),
            request.credentials,
            fetched_at,
            incomplete=incomplete,
        )

    async def _fetch_once(self, request: _Request) -> CachedList:
        """Fetch a list, once for all waiters in this event loop."""
        import asyncio

        # A loop that was closed in the middle of a fetch will never say that it has ended.
        for left in [place for place in self._fetching if place[0].is_closed()]:
            self._fetching.pop(left, None)
        place = (asyncio.get_running_loop(), request.key)
        task = self._fetching.get(place)
        if task is None:
            task = asyncio.create_task(self._fetch(request))
            self._fetching[place] = task
            task.add_done_callback(lambda done: self._fetched(place, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            waiter = asyncio.current_task()
            if waiter is not None and waiter.cancelling():
                raise
            msg = f"The catalog was closed while it fetched the models of {request.provider.id!r}."
            raise Cancelled(msg) from None

    def _fetched(self, place: _Flight, done: asyncio.Task[CachedList]) -> None:
        self._fetching.pop(place, None)
        if not done.cancelled():
            done.exception()  # what still waits gets it; asyncio shall not log it

    async def _fetch(self, request: _Request) -> CachedList:
        import asyncio

        from modelwire.transport import RetryPolicy, retrying_call

        owner = request.owner
        assert owner is not None  # noqa: S101 - a request without an owner does not discover

        async def ask() -> ModelList:
            await self.warm_up(request.provider.id)
            token = sent.begin()
            try:
                models: Any = await owner.hooks.discover_models(
                    provider=request.provider,
                    settings=request.settings,
                    config=self._config,
                    transport=self._registry.authorized(request.provider, self._transport()),
                )
            except Exception as error:
                redact_error(error, sent.lasting)
                raise
            finally:
                sent.end(token)
            if not all(isinstance(model, Model) for model in models):
                msg = f"{owner.distribution} discovered something that is not a Model."
                raise PluginError(msg)
            return _without_secrets(models, sent.lasting)

        sent = SentSecrets()
        started = self._clock()
        try:
            retries = self._retries or RetryPolicy()
            models = await retrying_call(ask, retries, model=request.provider.id)
        except ModelwireError:
            raise
        except (Exception, SystemExit) as error:
            msg = f"{owner.distribution} failed to discover models: {where(error)}."
            raise PluginError(msg) from error
        incomplete = models.incomplete
        if request.settings.refresh_interval > 0:
            await asyncio.to_thread(self._cache.write, request.key, models, started, incomplete)
        return CachedList(tuple(models), started, incomplete)


_TEXTS = ("id", "name", "base_url", "extra")
"""Fields of a model that hold text from a service, in which secrets are redacted."""


def _without_secrets(models: Iterable[Model], secrets: Sequence[str]) -> ModelList:
    """Models safe for display and storage, whatever secrets the service repeats in its list."""
    found = []
    for model in models:
        values = {name: getattr(model, name) for name in _TEXTS} if secrets else {}
        clean = redact_data(values, secrets)
        found.append(model if clean == values else evolve(model, **clean))
    reasons = models.incomplete if isinstance(models, ModelList) else ()
    return ModelList(found, redact_data(list(reasons), secrets))


@frozen
class _Request:
    """The key of a provider's list and the data to fetch it."""

    provider: ProviderConfig
    settings: DiscoverySettings
    credentials: CredentialStatus
    owner: Owner | None
    key: str
    discover: bool
