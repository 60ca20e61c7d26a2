"""The context of the checks: configuration, providers in use, and probe results."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

from attrs import define, field

from modelwire.cli.doctor.endpoints import ProbeResult, ProviderEndpoint, find_endpoint, reach
from modelwire.config import Config, load_config
from modelwire.errors import ModelwireError
from modelwire.hookspecs import CredentialStatus
from modelwire.models import ModelRef
from modelwire.runtime import Runtime
from modelwire.runtime.resolver import full_ref
from modelwire.warnings import MisspeltKeyWarning

__all__ = ["DoctorContext"]


@define(slots=False)
class DoctorContext:
    """The data that the checks work on.

    What takes time is begun once, by whichever check needs it first, and shared.

    Attributes:
        runtime: The plugins, the catalogue and the HTTP client, over the configuration.
        config_error: Why there is no configuration although there is a file; the rest is checked
            as if there were none.
        misspelt: The keys of the configuration file that look misspelt, in one warning or none.
        offline: Whether no request may be sent.
        timeout: Seconds that each probe may take.
    """

    runtime: Runtime
    config_error: ModelwireError | None
    misspelt: Sequence[MisspeltKeyWarning]
    offline: bool
    timeout: float
    _credentials: dict[str, asyncio.Task[CredentialStatus]] = field(factory=dict, init=False)
    _reached: dict[str, asyncio.Task[ProbeResult | None]] = field(factory=dict, init=False)

    @classmethod
    def of(cls, config_path: Path | None, *, offline: bool, timeout: float) -> Self:
        """Look at this machine as a command with the same options would."""
        problem: ModelwireError | None = None
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", MisspeltKeyWarning)
            try:
                config = load_config(config_path)
            except ModelwireError as error:
                config, problem = Config.empty(), error
        misspelt: list[MisspeltKeyWarning] = []
        for each in caught:
            if isinstance(each.message, MisspeltKeyWarning):
                misspelt.append(each.message)
            else:
                warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)
        return cls(Runtime(config), problem, misspelt, offline, timeout)

    @property
    def config(self) -> Config:
        """The configuration; an empty one where it cannot be used."""
        return self.runtime.config

    @cached_property
    def providers(self) -> dict[str, ModelRef | None]:
        """The providers in use, each with a model of it that is named somewhere."""
        found: dict[str, ModelRef | None] = {}
        for ref in self._named():
            found.setdefault(ref.provider, ref)
        for name in self.config.models.providers:
            found.setdefault(self.runtime.registry.canonical(name), None)
        return found

    async def credentials(self, provider: str) -> CredentialStatus:
        """The state of a provider's credentials; they are loaded for it unless it is offline."""
        if provider not in self._credentials:
            self._credentials[provider] = asyncio.create_task(self._detect(provider))
        return await self._credentials[provider]

    async def reached(self, provider: str) -> ProbeResult | None:
        """The result of probing a provider's endpoint; `None` where it has none."""
        if provider not in self._reached:
            self._reached[provider] = asyncio.create_task(self._reach(provider))
        return await self._reached[provider]

    async def endpoint(self, provider: str) -> ProviderEndpoint | None:
        """The endpoint of a provider; `None` if it runs on this machine without HTTP."""
        found = await self.reached(provider)
        return found.endpoint if found is not None else None

    def _named(self) -> Iterator[ModelRef]:
        if self.config_error is not None:
            return  # the defaults would hold, but they are not what the user wants
        registry, defaults = self.runtime.registry, self.config.agents.defaults
        named = [defaults.model.primary, *defaults.model.fallbacks, *defaults.models]
        if not any(named[:1]) and self.config.path is None and len(registry.default_refs) == 1:
            yield registry.default_refs[0]
        for text in named:
            try:
                ref = full_ref(registry, self.config.expand_alias(text)) if text else None
            except ModelwireError:
                continue  # the check of the configuration reports it
            if ref is not None:
                yield ref

    async def _detect(self, provider: str) -> CredentialStatus:
        detect = asyncio.to_thread(
            self.runtime.catalog.credentials,
            provider,
            probe=not self.offline,
            timeout=self.timeout,
        )
        try:
            # A plugin keeps to its deadline by itself; one that does not must not hold us up.
            async with asyncio.timeout(self.timeout + 1):
                return await detect
        except TimeoutError:
            reason = f"its plugin did not answer within {self.timeout:g} seconds"
            return CredentialStatus("unknown", reason=reason)

    async def _reach(self, provider: str) -> ProbeResult | None:
        credentials = await self.credentials(provider)
        ref = self.providers.get(provider)
        try:
            endpoint = await find_endpoint(
                self.runtime, provider, ref, credentials, offline=self.offline, timeout=self.timeout
            )
        except ModelwireError as error:
            endpoint = ProviderEndpoint(None, problem=str(error), hint=error.hint)
        if endpoint is None:
            return None
        if endpoint.url is None or self.offline:
            return ProbeResult(endpoint)
        return await reach(self.runtime.transport, endpoint, self.timeout)
