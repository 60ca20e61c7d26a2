"""Calls of plugins' hooks: their targets, and the attribution of failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import frozen

from modelwire.catalog import Catalog
from modelwire.config import ProviderConfig
from modelwire.errors import InvalidRequest, ModelwireError, PluginError
from modelwire.models import Model
from modelwire.redaction.echoes import SentSecrets, redact_error
from modelwire.registry import Owner, Registry
from modelwire.registry.loader import where
from modelwire.transport import Transport

__all__ = ["PluginCall", "bug_of"]

T = TypeVar("T")


@frozen
class PluginCall:
    """The target of a hook call: the plugin, its provider and the transport.

    Attributes:
        registry: The plugins.
        owner: The plugin.
        model: The model that is called.
        provider: The provider's configuration.
        transport: The HTTP client, which authorizes requests where a plugin owns the auth mode.
    """

    registry: Registry
    owner: Owner
    model: Model
    provider: ProviderConfig
    transport: Transport

    @classmethod
    async def prepare(
        cls, registry: Registry, catalog: Catalog, transport: Transport, model: Model
    ) -> PluginCall:
        """Find the plugin of a model, and import its modules.

        Raises:
            PluginError: No plugin provides it, or its plugin is broken.
            ConfigError: No installed plugin owns the provider's auth mode.
        """
        owner = registry.owner(model.provider, model.api)
        await catalog.warm_up(model.provider, model.api)
        provider = registry.provider_config(model.provider)
        return cls(registry, owner, model, provider, registry.authorized(provider, transport))

    def require(self, hook: str, ability: str, hint: str) -> None:
        """Check that the plugin has an optional hook.

        Args:
            hook: The hook.
            ability: What it is for, such as `count tokens`.
            hint: The hint for a plugin without it.

        Raises:
            InvalidRequest: The plugin does not have the hook.
        """
        if not self.owner.implements(hook):
            msg = f"{self.owner.distribution} cannot {ability}."
            model = self.model
            raise InvalidRequest(msg, provider=model.provider, model=model.id, hint=hint)

    def run(self, hook: Callable[[], T], work: str) -> T:
        """Call a plain hook; its bugs become errors that name the plugin.

        Args:
            hook: Calls it.
            work: What it is for, such as `describe a call`.

        Raises:
            ModelwireError: The hook raised it.
            PluginError: The hook raised another exception.
        """
        try:
            return hook()
        except ModelwireError:
            raise
        except (Exception, SystemExit) as error:
            what = f"failed to {work}: {where(error)}"
            raise self.registry.bug(self.owner, error, what) from error

    async def wait_for(self, hook: Callable[[], Awaitable[T]], work: str) -> T:
        """Await a hook; its bugs become errors that name the plugin, and errors hold no secrets.

        Args:
            hook: Calls it.
            work: What it is for, such as `count tokens`.

        Raises:
            ModelwireError: The hook raised it.
            PluginError: The hook raised another exception, or cancelled itself.
        """
        sent = SentSecrets()
        token = sent.begin()
        try:
            return await hook()
        except ModelwireError as error:
            redact_error(error, sent.lasting)
            raise
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            what = f"failed to {work}: {where(error)}"
            broken = bug_of(self.registry, self.owner, error, what)
            if broken is None:
                raise
            redact_error(error, sent.lasting)
            raise broken from error
        finally:
            sent.end(token)


def bug_of(
    registry: Registry, owner: Owner, error: BaseException, what: str, cancelled: str | None = None
) -> PluginError | None:
    """Attribute an exception to its origin; `None` for a cancellation that was requested.

    Args:
        registry: The plugins.
        owner: The plugin that was called.
        error: The exception, with its traceback.
        what: What the package did, such as `failed to count tokens`.
        cancelled: The same where it cancelled its own work.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is None or task.cancelling():
            return None
        # Let through, it would end the caller's task silently.
        what = cancelled or "cancelled its own work"
    return registry.bug(owner, error, what)
