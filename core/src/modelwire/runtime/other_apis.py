"""Other APIs: streams of one plugin through the plugin that speaks another wire API."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from attrs import frozen

from modelwire._plugin_hints import FOR_USERS
from modelwire.errors import PluginError
from modelwire.registry.delta_stream import checked
from modelwire.runtime.plugin_streams import stream_of

if TYPE_CHECKING:
    from modelwire.catalog import Catalog
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.registry import Registry
    from modelwire.transport import Transport

__all__ = ["InstalledApis"]


@frozen
class InstalledApis:
    """The wire APIs that installed plugins speak; an `OtherApis` of the hook `stream_completion`.

    Attributes:
        registry: The plugins.
        catalog: Imports what they need.
        config: The configuration, for the plugins.
    """

    registry: Registry
    catalog: Catalog
    config: Config

    async def stream(
        self,
        model: Model,
        context: Context,
        options: CompletionOptions,
        provider: ProviderConfig,
        transport: Transport,
    ) -> AsyncGenerator[Deltas, None]:
        """Stream through the plugin that speaks the API of the model; see `OtherApis.stream`."""
        api = model.api
        if api is None:
            msg = f"A plugin requested {model.ref} through another API, but named none."
            raise PluginError(msg, hint=FOR_USERS)
        await self.catalog.warm_up_api(provider, api)
        speaker = self.registry.speaker(provider.id, api)
        deltas = speaker.own_stream_completion(
            model=model,
            context=context,
            options=options,
            provider=provider,
            config=self.config,
            transport=self.registry.authorized(provider, transport),
            apis=self,
        )
        plugin = speaker.distribution
        async with aclosing(stream_of(deltas, plugin)) as stream:
            async for arrived in stream:
                right, fault = checked(arrived, plugin)
                if right is not None:
                    yield right
                if fault is not None:
                    raise fault
