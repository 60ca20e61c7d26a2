"""The trial of a draft configuration: credentials, the list of models, one tiny request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from fnmatch import fnmatchcase

from attrs import define

from modelwire.catalog import Listing
from modelwire.config import Config
from modelwire.errors import ModelwireError
from modelwire.hookspecs import CredentialStatus
from modelwire.models import Model, ModelRef
from modelwire.runtime import Runtime
from modelwire.transport import Deadlines

__all__ = ["ProviderModels", "best_first", "look", "send"]


@define
class ProviderModels:
    """The result of trying a provider.

    Attributes:
        credentials: The state of its credentials.
        models: Its models that may answer; empty where they are not known.
        error: Why they are not known.
    """

    credentials: CredentialStatus
    models: list[Model]
    error: ModelwireError | None = None


async def look(config: Config, provider: str, *, online: bool, timeout: float) -> ProviderModels:
    """Find out whether a provider can be used, and what it has.

    Args:
        config: The configuration as it would be.
        provider: The provider's id.
        online: Whether credentials may be loaded and the provider's models listed.
        timeout: Seconds for each of these.

    Raises:
        ModelwireError: The discovery settings are not valid.
    """
    async with Runtime(config) as runtime:
        catalog = runtime.catalog
        if not online:
            listing = catalog.cached(provider)
            return ProviderModels(listing.credentials, _answering(listing))
        found = await asyncio.to_thread(catalog.credentials, provider, probe=True, timeout=timeout)
        if found.state == "unusable":
            reason = found.reason or f"The credentials of {provider} cannot be used."
            return ProviderModels(found, [], ModelwireError(reason, hint=found.hint))
        try:
            async with asyncio.timeout(timeout):
                listing = await catalog.listing(provider, refresh=True)
        except TimeoutError:
            known = catalog.cached(provider)
            return ProviderModels(found, _answering(known))
        return ProviderModels(found, _answering(listing), listing.error)


def _answering(listing: Listing) -> list[Model]:
    return [model for model in listing.models if model.may_answer]


async def send(config: Config, ref: ModelRef, timeout: float) -> float:
    """Send one tiny request, and return how many seconds its answer took.

    Raises:
        ModelwireError: It was not answered.
    """
    began = time.monotonic()
    async with Runtime(config) as runtime:
        await runtime.complete(
            "Reply with: ok", model=ref, max_tokens=16, deadlines=Deadlines(total=timeout)
        )
    return time.monotonic() - began


def best_first(models: Sequence[Model], patterns: Sequence[str]) -> list[Model]:
    """Put the models that a guide proposes first, in its order; the others keep theirs."""
    proposed = [model for p in patterns for model in models if fnmatchcase(model.id, p)]
    return list({model.id: model for model in [*proposed, *models]}.values())
