"""The hooks of a provider plugin: three that make it one, and those that it may leave out.

An implementation takes the arguments that it needs, by name, and leaves out the others; so a hook
can be given a new argument without breaking a plugin. The registry calls only the plugin that owns
the provider, inside every installed hook wrapper.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs.apis import OtherApis
    from modelwire.hookspecs.credentials import CredentialStatus
    from modelwire.hookspecs.embeddings import (
        EmbeddingBatch,
        EmbeddingLimits,
    )
    from modelwire.hookspecs.observation import BeginObserver
    from modelwire.hookspecs.options import (
        CompletionOptions,
        DiscoverySettings,
        EmbeddingOptions,
    )
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Request, Transport

__all__ = [
    "PROJECT",
    "authorize_request",
    "count_tokens",
    "describe_call",
    "detect_credentials",
    "discover_models",
    "embed",
    "embedding_limits",
    "hookimpl",
    "observe_operations",
    "stream_completion",
    "warm_up",
]

PROJECT = "modelwire"

_hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@_hookspec(firstresult=True)
def detect_credentials(  # type: ignore[empty-body]
    provider: ProviderConfig, config: Config, probe: bool, timeout: float
) -> CredentialStatus:
    """Say which credential source would serve this provider, and whether it would work.

    Without `probe` it looks only at the configuration, the environment (`config.environ`) and
    files: no network, no SDK import. With `probe` it may use the network, for at most `timeout`
    seconds; it is then called in a thread of its own. It never returns a secret.
    """


@_hookspec(firstresult=True)
async def discover_models(  # type: ignore[empty-body]
    provider: ProviderConfig, settings: DiscoverySettings, config: Config, transport: Transport
) -> Sequence[Model]:
    """List the models that this provider offers now.

    `settings` are what the configuration says about the discovery of this provider. Where some of
    them could not be listed, as when one of two lists may not be read, it returns a `ModelList` with
    the reasons in `incomplete`. Raises a `ProviderError` when it cannot list anything; whether that
    is fatal is the caller's choice. The answer is cached on disk, an incomplete one for a short time
    only; so it must not hold secrets.
    """


@_hookspec(firstresult=True)
def stream_completion(  # type: ignore[empty-body]
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
    apis: OtherApis,
) -> AsyncIterator[Deltas]:
    """Ask the model to continue the context, as an asynchronous generator of deltas.

    Deltas that arrived together may be yielded as one list. `apis` streams through the plugin that
    speaks another wire API, for a provider whose models have several.

    Raises a `ProviderError` when the provider fails. A retryable one that is raised before any
    content was yielded makes the runtime call the hook again; so an implementation does not retry.
    Closing the generator must close the connection.
    """


@_hookspec(firstresult=True)
def describe_call(  # type: ignore[empty-body]
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> Mapping[str, str]:
    """Describe how the plugin would call a model, for display.

    Without the network, without an SDK and without secrets. These keys are known to the command
    line: `calledAs` (the id that is really called), `baseModel` (the model behind a profile),
    `profile`, `region` and `endpoint`; others are shown as they are. The source of a fact is given
    under its key plus `Source`, such as `regionSource`. A plugin may leave this hook out.
    """


@_hookspec(firstresult=True)
async def count_tokens(  # type: ignore[empty-body]
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> int:
    """Count the input tokens that `stream_completion` with these arguments would use.

    The service is called, and nothing is generated. Raises a `ProviderError` when it cannot. A
    plugin may leave this hook out; the runtime then reports that it cannot count.
    """


@_hookspec(firstresult=True)
def embedding_limits(  # type: ignore[empty-body]
    model: Model, options: EmbeddingOptions, provider: ProviderConfig, config: Config
) -> EmbeddingLimits:
    """Say how much one call of `embed` may hold: its texts are what one request is sent for.

    Called once before the texts of a call are divided, on the event loop; so without the network and
    without files. A plugin may leave this hook out; then the defaults of `EmbeddingLimits` hold.

    Raises a `ProviderError` where the plugin knows that the model makes no embeddings, or cannot do
    what an option requires.
    """


@_hookspec(firstresult=True)
async def embed(  # type: ignore[empty-body]
    model: Model,
    texts: Sequence[str],
    options: EmbeddingOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> EmbeddingBatch:
    """Make a vector of each text, with one request.

    The texts are within the `embedding_limits`; none is empty. Requests for the other texts of a
    call run at the same time. An option that the model cannot keep is an error; it is never ignored,
    since vectors that were made otherwise do not fit those that are there. Only `input_type` is left
    out where a model makes no difference between queries and documents.

    Raises a `ProviderError` when the provider fails; a retryable one makes the runtime call the hook
    again. An error about one of the texts names it in `text_index`, counted in this call. Being
    cancelled must close the connection. A plugin may leave this hook out; the runtime then says that
    it cannot embed texts.
    """


@_hookspec(firstresult=True)
async def authorize_request(  # type: ignore[empty-body]
    request: Request, provider: ProviderConfig, config: Config, transport: Transport
) -> Request:
    """Add the header fields that authenticate a request, for an auth mode that the plugin owns.

    A plugin owns a mode by an entry point in the group `modelwire.auth`; `models.providers.<id>.auth`
    names it. The provider and the API may be another plugin's, which then sends no key of its own.

    Called for each request, and so again for each try, last before it is sent: method, URL, header
    fields and body are final, and a signature may cover them. The result is the same request with
    header fields added or replaced; anything else is refused. `public_headers` may name those that
    hold no secret. Work that blocks is done in a thread, once for all requests that wait for it.
    `transport` sends without authorization, for what the mode itself has to ask.

    Raises an `AuthenticationError` where there are no credentials, and a `ConfigError` for a request
    that must not get them, as one to another service's host.
    """


@_hookspec(firstresult=True)
def warm_up(provider: ProviderConfig, config: Config, api: str | None) -> None:
    """Import what the first `stream_completion` or `discover_models` needs.

    Called in a thread, before the first of them, once for each provider and API of a runtime, also
    in the plugin that owns the provider's auth mode. `api` is the wire API of the calls to come, or
    `None` where neither the model nor the configuration names one. While it runs, streams of other
    providers continue. Modules that it does not import are imported on the event loop later, where
    every stream of the process waits for them.

    It only imports: it uses no network and does not look at credentials. Whatever it raises becomes
    the `PluginError` of each later call to the provider in that API, and it is not called again. A
    plugin may leave this hook out; wrappers of it are called all the same.
    """


@_hookspec(firstresult=True)
def observe_operations(config: Config) -> list[BeginObserver]:  # type: ignore[empty-body]
    """List what watches the operations of a runtime: answers with all their tries, tools, agents.

    For middleware, as a wrapper: it adds its own to the list that the others return. Called in a
    thread, once for a runtime, before its first operation; so what an observer needs is imported here.
    Each item of the list is then called with each `Operation` that begins, on the event loop.
    """
