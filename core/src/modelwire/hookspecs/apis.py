"""Other APIs: streams of a provider's plugin through the plugin that speaks a wire API."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs.options import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["OtherApis"]


class OtherApis(Protocol):
    """The wire APIs that other installed plugins speak."""

    def stream(
        self,
        model: Model,
        context: Context,
        options: CompletionOptions,
        provider: ProviderConfig,
        transport: Transport,
    ) -> AsyncGenerator[Deltas, None]:
        """Stream through the plugin that speaks the API of the model.

        The arguments are those of the hook `stream_completion`, as that plugin gets them: the model
        with the id to send and with its `api`; the provider with the address, the header fields and
        the auth mode to use. The plugin is called outside every wrapper, since the hook that calls it
        is inside them. Its modules are imported in a thread first.

        Raises:
            PluginError: No installed plugin speaks the API, or the one that does is broken.
            ProviderError: The service refused or failed, or the answer was interrupted.
        """
