"""The synchronous runtime, for programs without an event loop and for notebooks.

A loop in a thread of its own does the work.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

from modelwire.catalog import Catalog, Listing
from modelwire.closable import Closable, SharedByCopies
from modelwire.config import Config
from modelwire.hookspecs import CompletionOptions, CredentialStatus, EmbeddingOptions
from modelwire.messages import AssistantMessage
from modelwire.models import Model, ModelRef
from modelwire.registry import Registry
from modelwire.runtime.batch_call import CONCURRENCY as BATCH_CONCURRENCY
from modelwire.runtime.batch_call import MAX_ATTEMPTS
from modelwire.runtime.caller_options import check_type
from modelwire.runtime.dry_run import DryRun
from modelwire.runtime.embeddings import CONCURRENCY, Embeddings
from modelwire.runtime.loop_thread import LoopThread
from modelwire.runtime.options import EmbeddingChanges, OptionChanges, StreamSettings, naming
from modelwire.runtime.prompts import Prompt
from modelwire.runtime.runtime import Runtime
from modelwire.runtime.sync_streams import SyncStream, SyncToolLoop
from modelwire.runtime.tool_loop import MAX_TURNS, Approval, Approve, ToolLoop
from modelwire.tools import ToolLike
from modelwire.transport import RetryPolicy, Transport

if TYPE_CHECKING:
    from modelwire.batch import BatchSummary

__all__ = ["SyncCatalog", "SyncRuntime"]


class SyncRuntime(Closable, SharedByCopies):
    """A `Runtime` whose methods block instead of being awaited.

        with SyncRuntime.from_config() as runtime:
            print(runtime.complete("What is the capital of France?").text)

    It may be used from several threads, and where an event loop is already running.

    Args:
        runtime: The runtime to drive; it must not be used by another event loop as well.
    """

    def __init__(self, runtime: Runtime) -> None:
        hint = "Use SyncRuntime.from_config, which makes one."
        check_type("runtime", runtime, Runtime, "a Runtime", hint)
        self._runtime = runtime
        self._loop = LoopThread()
        self._finalizer = weakref.finalize(self, _shut_down, self._loop, runtime)

    def __repr__(self) -> str:
        return f"<SyncRuntime, {self.config.path or 'no configuration file'}>"

    @classmethod
    def from_config(
        cls,
        config: Config | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        trust: bool | None = None,
        registry: Registry | None = None,
        transport: Transport | None = None,
        retries: RetryPolicy | None = None,
        cache_directory: Path | None = None,
    ) -> Self:
        """Make a runtime; the arguments are those of `Runtime.from_config`.

        Raises:
            ConfigError: The configuration is not valid; every problem is listed.
        """
        runtime = Runtime.from_config(
            config,
            environ=environ,
            trust=trust,
            registry=registry,
            transport=transport,
            retries=retries,
            cache_directory=cache_directory,
        )
        return cls(runtime)

    @property
    def config(self) -> Config:
        """The configuration."""
        return self._runtime.config

    @property
    def registry(self) -> Registry:
        """The plugins."""
        return self._runtime.registry

    @property
    def transport(self) -> Transport:
        """The HTTP client; it is used in the runtime's event loop."""
        return self._runtime.transport

    @property
    def catalog(self) -> SyncCatalog:
        """The models that the configuration and the providers offer."""
        return SyncCatalog(self._runtime.catalog, self._loop, self)

    def close(self) -> None:
        """Close every connection and end the thread."""
        self._finalizer()

    def resolve(self, ref: ModelRef | str | None = None) -> Model:
        """Find the model that a reference names; see `Runtime.resolve`."""
        return self._loop.call(self._runtime.resolve(ref))

    @naming(OptionChanges)
    def stream(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        fallbacks: Sequence[ModelRef | str] | None = None,
        system: str | None = None,
        tools: Iterable[ToolLike] | None = None,
        options: CompletionOptions | None = None,
        keep_text: bool = True,
        **changes: Unpack[OptionChanges],
    ) -> SyncStream:
        """Call a model, and stream its answer; see `Runtime.stream`."""
        stream = self._runtime.stream(
            prompt,
            model=model,
            fallbacks=fallbacks,
            system=system,
            tools=tools,
            options=options,
            keep_text=keep_text,
            **changes,
        )
        return SyncStream(stream, self._loop, self)

    @naming(OptionChanges)
    def complete(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        fallbacks: Sequence[ModelRef | str] | None = None,
        system: str | None = None,
        tools: Iterable[ToolLike] | None = None,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> AssistantMessage:
        """Call a model, and wait for its whole answer; see `Runtime.complete`."""
        answer = self._runtime.complete(
            prompt,
            model=model,
            fallbacks=fallbacks,
            system=system,
            tools=tools,
            options=options,
            **changes,
        )
        return self._loop.call(answer)

    @naming(OptionChanges)
    def dry_run(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        system: str | None = None,
        tools: Iterable[ToolLike] | None = None,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> DryRun:
        """Build the first request of `stream` without sending it; see `Runtime.dry_run`."""
        return self._loop.call(
            self._runtime.dry_run(
                prompt, model=model, system=system, tools=tools, options=options, **changes
            )
        )

    @naming(StreamSettings)
    def run_tools(
        self,
        context: Prompt,
        tools: Iterable[ToolLike],
        *,
        approve: Approval,
        max_turns: int = MAX_TURNS,
        **settings: Unpack[StreamSettings],
    ) -> SyncToolLoop:
        """Call a model, and run the tools that it calls; see the function `run_tools`.

        Raises:
            InvalidMessage: Two tools have the same name.
            InvalidRequest: An argument or option has a wrong name, type or range.
        """

        def begin(ask: Approve) -> ToolLoop:
            return self._runtime.run_tools(
                context, tools, approve=ask, max_turns=max_turns, **settings
            )

        return SyncToolLoop(begin, approve, self._loop, self)

    @naming(OptionChanges)
    def count_tokens(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        system: str | None = None,
        tools: Iterable[ToolLike] | None = None,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> int:
        """Count the input tokens of a request; see `Runtime.count_tokens`."""
        return self._loop.call(
            self._runtime.count_tokens(
                prompt, model=model, system=system, tools=tools, options=options, **changes
            )
        )

    @naming(EmbeddingChanges)
    def embed(
        self,
        texts: str | Iterable[str],
        *,
        model: ModelRef | str | None = None,
        fallbacks: Sequence[ModelRef | str] = (),
        options: EmbeddingOptions | None = None,
        batch_size: int | None = None,
        concurrency: int = CONCURRENCY,
        **changes: Unpack[EmbeddingChanges],
    ) -> Embeddings:
        """Embed texts: make one vector for each; see `Runtime.embed`."""
        return self._loop.call(
            self._runtime.embed(
                texts,
                model=model,
                fallbacks=fallbacks,
                options=options,
                batch_size=batch_size,
                concurrency=concurrency,
                **changes,
            )
        )

    @naming(OptionChanges)
    def batch(
        self,
        source: str | os.PathLike[str],
        output: str | os.PathLike[str],
        *,
        model: ModelRef | str | None = None,
        fallbacks: Sequence[ModelRef | str] | None = None,
        system: str | None = None,
        concurrency: int = BATCH_CONCURRENCY,
        rpm: float | None = None,
        tpm: float | None = None,
        budget: float | None = None,
        max_attempts: int = MAX_ATTEMPTS,
        retry_failed: bool = False,
        **changes: Unpack[OptionChanges],
    ) -> BatchSummary:
        """Send each row of a file to a model, and write its answer as a line; see `Runtime.batch`."""
        return self._loop.call(
            self._runtime.batch(
                source,
                output,
                model=model,
                fallbacks=fallbacks,
                system=system,
                concurrency=concurrency,
                rpm=rpm,
                tpm=tpm,
                budget=budget,
                max_attempts=max_attempts,
                retry_failed=retry_failed,
                **changes,
            )
        )

    def describe_call(self, model: Model) -> dict[str, str]:
        """The plugin's description of a call to a model; see `Runtime.describe_call`."""
        return self._runtime.describe_call(model)


class SyncCatalog:
    """A `Catalog` whose methods block instead of being awaited.

    Args:
        catalog: The catalog.
        loop: The event loop of the catalog.
        runtime: The owner of the loop, kept alive here because its finalizer closes it.
    """

    def __init__(self, catalog: Catalog, loop: LoopThread, runtime: SyncRuntime) -> None:
        self._catalog = catalog
        self._loop = loop
        self._runtime = runtime

    @property
    def provider_ids(self) -> list[str]:
        """Every provider that is installed or configured, by its own id, sorted."""
        return self._catalog.provider_ids

    def credentials(
        self, provider: str, *, probe: bool = False, timeout: float = 5.0
    ) -> CredentialStatus:
        """The credentials that a provider's plugin would use; see `Catalog.credentials`."""
        return self._catalog.credentials(provider, probe=probe, timeout=timeout)

    def known(self, provider: str) -> Listing | None:
        """A provider's listing if it is available without the network; see `Catalog.known`."""
        return self._catalog.known(provider)

    def cached(self, provider: str) -> Listing:
        """A provider's cached listing, however old; see `Catalog.cached`."""
        return self._catalog.cached(provider)

    def listing(self, provider: str, *, refresh: bool = False) -> Listing:
        """A provider's listing, fetched if it is not fresh; see `Catalog.listing`."""
        return self._loop.call(self._catalog.listing(provider, refresh=refresh))

    def listings(
        self, providers: Iterable[str] | None = None, *, refresh: bool = False
    ) -> list[Listing]:
        """The listings of several providers, by default of all; see `Catalog.listings`."""
        return self._loop.call(self._catalog.listings(providers, refresh=refresh))

    def model(self, ref: ModelRef) -> Model:
        """The known facts about a model, without the network; see `Catalog.model`."""
        return self._catalog.model(ref)


def _shut_down(loop: LoopThread, runtime: Runtime) -> None:
    loop.stop(_wind_up(runtime))


async def _wind_up(runtime: Runtime) -> None:
    """End streams that were left early, then close the connections."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    await runtime.aclose()
    await asyncio.get_running_loop().shutdown_asyncgens()
