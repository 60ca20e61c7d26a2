"""The hooks of a provider plugin: three required ones, and optional ones.

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
    from modelwire.hookspecs.jobs import BatchJobs
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
    "batch_jobs",
    "count_tokens",
    "describe_call",
    "detect_credentials",
    "discover_models",
    "embed",
    "embedding_limits",
    "hookimpl",
    "observe_operations",
    "renew_authorization",
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
    """Report which credential source this provider would use, and whether it would work.

    Without `probe` it looks only at the configuration, the environment (`config.environ`) and
    files: no network, no SDK import. With `probe` it may use the network, for at most `timeout`
    seconds; it is then called in a thread of its own. It never returns a secret.
    """


@_hookspec(firstresult=True)
async def discover_models(  # type: ignore[empty-body]
    provider: ProviderConfig, settings: DiscoverySettings, config: Config, transport: Transport
) -> Sequence[Model]:
    """List the models that this provider currently offers.

    `settings` are the configured discovery settings of this provider. Where some of the models
    could not be listed, as when one of two lists may not be read, it returns a `ModelList` with the
    reasons in `incomplete`. Raises a `ProviderError` when it cannot list anything; whether that is
    fatal is the caller's choice. The answer is cached on disk, an incomplete one for a short time
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
    """Let the model continue the context; an asynchronous generator of deltas.

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

    Raises `NotFound` where the plugin knows all models that its provider can have, and this is none
    of them. A model that may exist, though no list has it, is described.
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
    """Return the limits of one call of `embed`: its texts are sent in one request.

    Called once before the texts of a call are divided, on the event loop; so without the network and
    without files. A plugin may leave this hook out; then the defaults of `EmbeddingLimits` apply.

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
    """Embed texts with one request: make a vector of each.

    The texts are within the `embedding_limits`; none is empty. Requests for the other texts of a
    call run at the same time. An option that the model does not support is an error; it is never
    ignored, since vectors that were made otherwise are not comparable with existing ones. Only
    `input_type` is left out where a model does not distinguish queries from documents.

    Raises a `ProviderError` when the provider fails; a retryable one makes the runtime call the
    hook again. An error about one of the texts names it in `text_index`, counted in this call.
    Cancellation must close the connection. A plugin may leave this hook out; the runtime then
    reports that it cannot embed texts.
    """


@_hookspec(firstresult=True)
def batch_jobs(  # type: ignore[empty-body]
    model: Model, provider: ProviderConfig, config: Config, transport: Transport
) -> BatchJobs:
    """Return the batch jobs of a model: submit, poll, fetch and cancel them.

    Called in a thread, so it may import what jobs need; the network and files are for the methods of
    the object that it returns, which is used for one or more jobs. Its items are those of `stream_completion`, and so is their
    translation. A plugin may leave this hook out; the runtime then reports that it has no batch jobs.

    Raises:
        ProviderError: The plugin knows that the model cannot be used in batch jobs.
    """


@_hookspec(firstresult=True)
async def authorize_request(  # type: ignore[empty-body]
    request: Request, provider: ProviderConfig, config: Config, transport: Transport
) -> Request:
    """Add the header fields that authenticate a request, for an auth mode that the plugin owns.

    A plugin owns a mode by an entry point in the group `modelwire.auth`; `models.providers.<id>.auth`
    names it. The provider and the API may be another plugin's, which then sends no key of its own.

    Called for each request, and so again for each try, immediately before sending: method, URL,
    header fields and body are final, and a signature may cover them. The result is the same request
    with header fields added or replaced; anything else is refused. `public_headers` may name those
    that hold no secret. Work that blocks is done in a thread, once for all requests that wait for
    it. `transport` sends without authorization, for requests of the mode itself.

    Raises an `AuthenticationError` where there are no credentials, and a `ConfigError` for a request
    that must not get them, such as one to another service's host.
    """


@_hookspec(firstresult=True)
async def renew_authorization(  # type: ignore[empty-body]
    request: Request,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> bool:
    """Replace credentials that the service refused, for an auth mode that the plugin owns.

    Called where the service answers a request that `authorize_request` has authorized with the status
    400, 401 or 403, at most once for each request. `request` is the request as it was sent, `headers`
    and `body` are those of the answer; of a long body they are the first 64 KiB.

    Where it returns `True`, `authorize_request` is called again and the request is sent once more;
    its second answer counts, whatever it is. It returns `False` where the refusal is about something
    else, or there are no other credentials; the first answer then counts. Requests that were sent with
    the same credentials share one renewal: where others are in use by now than those in `request`, it
    returns `True` at once. `transport` sends without authorization.

    A plugin may leave this hook out. Raises an `AuthenticationError` where there are no credentials.
    """


@_hookspec(firstresult=True)
def warm_up(provider: ProviderConfig, config: Config, api: str | None) -> None:
    """Import the modules that the first `stream_completion` or `discover_models` needs.

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
    """List the observers of a runtime's operations: answers with all their tries, tools, agents.

    For middleware, as a wrapper: it adds its own to the list that the others return. Called in a
    thread, once for a runtime, before its first operation; so the modules of an observer are
    imported here. Each item of the list is then called with each `Operation` that begins, on the
    event loop.
    """
