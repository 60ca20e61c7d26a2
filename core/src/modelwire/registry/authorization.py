"""Authorization: the transport of a provider whose auth mode a plugin owns."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from modelwire._plugin_hints import plugin_hint
from modelwire.errors import ModelwireError, PluginError
from modelwire.registry.loader import where
from modelwire.transport.authorized import AuthorizedTransport

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.registry.owner import Owner
    from modelwire.registry.registry import Registry
    from modelwire.transport import Request, Response, Transport

__all__ = ["authorized_transport"]


def authorized_transport(
    registry: Registry, owner: Owner, provider: ProviderConfig, config: Config, inner: Transport
) -> Transport:
    """A view of a transport on which the owner of an auth mode authorizes each request.

    Args:
        registry: The plugins.
        owner: The plugin that owns the mode.
        provider: The provider that is called.
        config: The whole configuration.
        inner: The transport.
    """

    async def called(hook: Callable[[], object], doing: str) -> object:
        try:
            answer = hook()
            return await answer if inspect.isawaitable(answer) else answer
        except ModelwireError:
            raise
        except (Exception, SystemExit) as error:
            what = f"failed to {doing} for {provider.id!r}: {where(error)}"
            raise registry.bug(owner, error, what) from error

    async def authorize(request: Request, transport: Transport) -> Request:
        hook = partial(
            owner.authorize_request,
            request=request,
            provider=provider,
            config=config,
            transport=transport,
        )
        return _checked(owner, request, await called(hook, "authorize a request"))

    async def renew(
        request: Request, response: Response, body: bytes, transport: Transport
    ) -> bool:
        hook = partial(
            owner.hooks.renew_authorization,
            request=request,
            status=response.status,
            headers=response.headers,
            body=body,
            provider=provider,
            config=config,
            transport=transport,
        )
        renewed = await called(hook, "renew the authorization")
        if not isinstance(renewed, bool):
            msg = f"{owner.distribution} returned {type(renewed).__name__} where a bool is due."
            raise PluginError(msg, hint=plugin_hint(owner.distribution))
        return renewed

    return AuthorizedTransport(
        inner, authorize, renew if owner.implements("renew_authorization") else None
    )


def _checked(owner: Owner, before: Request, after: object) -> Request:
    """The authorized request, if it differs in header fields only."""
    from modelwire.transport import Request

    if not isinstance(after, Request):
        msg = f"{owner.distribution} returned {type(after).__name__} where a Request is due."
        raise PluginError(msg, hint=plugin_hint(owner.distribution))
    if (after.method, after.url, after.body) != (before.method, before.url, before.body):
        msg = f"{owner.distribution} changed more of a request than its header fields."
        raise PluginError(msg, hint=plugin_hint(owner.distribution))
    # The names of what may be shown are for logs; they never take anything from view that was there.
    return Request(
        after.method,
        after.url,
        after.headers,
        after.body,
        public_headers=before.public_headers | after.public_headers,
        request_id_headers=after.request_id_headers or before.request_id_headers,
    )
