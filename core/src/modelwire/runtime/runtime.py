"""The runtime: resolve, stream, complete."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, Self, Unpack

from modelwire._plugin_hints import plugin_hint
from modelwire.catalog import Catalog
from modelwire.closable import AsyncClosable, SharedByCopies
from modelwire.config import Config, load_config
from modelwire.errors import PluginError
from modelwire.event_loops import require_event_loop
from modelwire.hookspecs import CompletionOptions, EmbeddingOptions
from modelwire.messages import AssistantMessage
from modelwire.models import Model, ModelRef
from modelwire.registry import Registry
from modelwire.runtime.batch_call import BatchCall
from modelwire.runtime.call_description import describe
from modelwire.runtime.caller_options import (
    check_call,
    check_choice,
    check_count,
    check_plugins,
    check_texts,
    check_type,
    embedding_options_of,
    options_of,
)
from modelwire.runtime.completion import Completion, events_after_load
from modelwire.runtime.dry_run import DryRun, NothingToSend
from modelwire.runtime.embeddings import CONCURRENCY, EmbeddingCall, Embeddings
from modelwire.runtime.observation import Observers
from modelwire.runtime.options import EmbeddingChanges, OptionChanges, StreamSettings, naming
from modelwire.runtime.plugin_call import PluginCall
from modelwire.runtime.prompts import Prompt, prepare_context
from modelwire.runtime.resolver import Resolver
from modelwire.runtime.stream import Stream
from modelwire.runtime.tool_loop import MAX_TURNS, Approval, ToolLoop
from modelwire.runtime.tool_sources import SourcesInUse
from modelwire.tools import ToolLike
from modelwire.tools.forms import load, must_load
from modelwire.transport import DryRunTransport, RequestCaptured, RetryPolicy, Transport

__all__ = ["Runtime", "with_retries"]


class Runtime(BatchCall, AsyncClosable, SharedByCopies):
    """Resolves models, streams from them, and falls back as configured.

        async with Runtime.from_config() as runtime:
            message = await runtime.complete("What is the capital of France?")

    One runtime serves a whole program; it keeps connections open between calls. A deep copy of an
    object that has a runtime shares it.

    Args:
        config: The configuration.
        registry: The plugins; by default the installed ones.
        transport: The HTTP client; by default one that follows the configuration's environment.
        retries: When a failed call, or a failed list of models, is tried again.
        cache_directory: Where discovered models are kept; by default the user's cache folder.

    Attributes:
        config: The configuration.
        registry: The plugins.
        transport: The HTTP client.
        catalog: The models that the configuration and the providers offer.
    """

    def __init__(
        self,
        config: Config,
        *,
        registry: Registry | None = None,
        transport: Transport | None = None,
        retries: RetryPolicy | None = None,
        cache_directory: Path | None = None,
    ) -> None:
        hint = "Use Runtime.from_config, which also takes a dict or a path."
        check_type("config", config, Config, "a Config", hint)
        self.config = config
        self.registry = registry or Registry(config)
        self.transport = client = transport or Transport(environ=config.environ)
        self._retries = retries or RetryPolicy()
        self.catalog = Catalog(
            config,
            self.registry,
            lambda: client,
            cache_directory=cache_directory,
            retries=self._retries,
        )
        self._resolver = Resolver(config, self.registry, self.catalog)
        self._observers = Observers(self.registry, config)
        self._sources = SourcesInUse()

    def __repr__(self) -> str:
        return f"<Runtime, {self.config.path or 'no configuration file'}>"

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
        """Make a runtime.

        Args:
            config: A configuration, its document as plain data, or the path of its file. By default
                it is looked for in `$MODELWIRE_CONFIG`, `./modelwire.json5` and the user's
                configuration folder.
            environ: The environment variables; by default the process's.
            trust: Whether a file that was found in the working directory is trusted; see
                `load_config`. By default it is where the user has approved it.
            registry: The plugins; by default the installed ones.
            transport: The HTTP client; by default one that follows the configuration's environment.
            retries: When a failed call, or a failed list of models, is tried again.
            cache_directory: Where discovered models are kept; by default the user's cache folder.

        Raises:
            ConfigError: The configuration is not valid; every problem is listed.
            InvalidRequest: An argument is of another type; it is named.

        Warns:
            UntrustedConfigWarning: Parts of a file found in the working directory were left out, as
                it is not trusted.
        """
        forms = (Config, Mapping, str, os.PathLike, NoneType)
        check_type("config", config, forms, "a Config, a dict, or the path of a file")
        check_type("environ", environ, (Mapping, NoneType), "a dict of strings")
        if isinstance(config, Mapping):
            config = Config.from_document(config, environ=environ)
        elif not isinstance(config, Config):
            path = None if config is None else Path(config)
            config = load_config(path, environ=environ, trust=trust)
        return cls(
            config,
            registry=registry,
            transport=transport,
            retries=retries,
            cache_directory=cache_directory,
        )

    async def __aenter__(self) -> Self:
        require_event_loop()
        return self

    async def aclose(self) -> None:
        """Close every connection and tool source, and cancel pending fetches."""
        await self._sources.aclose()
        await self.catalog.aclose()
        await self.transport.aclose()

    async def resolve(self, ref: ModelRef | str | None = None) -> Model:
        """Find the model that a reference names, with the known facts about it.

        Args:
            ref: `provider/model-id`, an alias, or a bare name that exactly one known model has.
                `None` is `agents.defaults.model.primary`; where nothing at all is configured, it is
                the installed model that needs no configuration.

        Raises:
            UnknownModel: It names no model, or several; `candidates` are near ones.
            PluginError: No installed plugin provides it, or the one that does is broken.
            ConfigError: There is no primary model.
        """
        require_event_loop()
        check_call(ref)
        return await self._resolver.resolve(ref)

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
    ) -> Stream:
        """Call a model, and stream its answer.

        Args:
            prompt: A string, a message, messages, or a whole `Context`. A message may be a
                dictionary, such as `{"role": "user", "content": "Hello"}`; system messages at the
                beginning add to the system prompt.
            model: A reference as for `resolve`. `None` is the primary model.
            fallbacks: Models to try when the first fails before its answer begins. By default
                those of the configuration if `model` is `None`, and none otherwise.
            system: The system prompt, in place of the context's.
            tools: The tools, in place of the context's: functions with type hints, results of
                `tool_from`, `Tool`s, or dictionaries in the form of Chat Completions. None of
                them is run; that is what `run_tools` and `Agent` do.
            options: Options as an object.
            keep_text: Whether the message at the end holds text and thinking, and the events that end
                these. Without them an answer takes constant memory, however long it is; tool calls,
                usage and the stop reason are in the message either way.
            changes: Single options by keyword, as `max_tokens=100`; they override `options`. They
                are the attributes of `CompletionOptions`: `max_tokens`, `temperature`, `top_p`,
                `stop`, `reasoning`, `tool_choice`, `cache_retention`, `metadata`, `session_id`,
                `response_schema`, `params`, `plugins` and `deadlines`.

        Returns:
            The stream. Nothing is sent before it is iterated.

        Raises:
            InvalidMessage: The prompt or a tool is not well formed.
            InvalidRequest: An argument or option has a wrong type or range, or is
                nested too deep.
            TypeError: An option does not exist.

        In the first call of a process with functions as tools, or with a class as the schema, that is
        made in an event loop, the prompt, the tools and the schema are checked when it is iterated.
        """
        check_call(model, fallbacks, system, keep_text)

        def prepared() -> Completion:
            merged = self._options(options, changes, Runtime.stream)
            context, repairs = prepare_context(prompt, system=system, tools=tools)
            if merged.tool_choice is not None:
                check_choice(merged, context.tools)
            return Completion(
                resolver=self._resolver,
                registry=self.registry,
                config=self.config,
                transport=self.transport,
                retries=self._retries,
                context=context,
                model=model,
                fallbacks=None if fallbacks is None else tuple(fallbacks),
                options=merged,
                keep_text=keep_text,
                repairs=repairs,
                observers=self._observers,
            )

        described = tools is not None or "response_schema" in changes
        if described and must_load(tools, changes.get("response_schema")):
            return self._stream_after_load(prepared, options, changes)
        completion = prepared()
        return Stream(completion.events, total=completion.options.deadlines.total)

    def _stream_after_load(
        self,
        prepared: Callable[[], Completion],
        options: CompletionOptions | None,
        changes: OptionChanges,
    ) -> Stream:
        """The stream of a completion that is prepared when it is iterated: it is the first with a tool."""
        described = changes.copy()
        described.pop("response_schema", None)
        checked = self._options(options, described, Runtime.stream)
        return Stream(partial(events_after_load, prepared), total=checked.deadlines.total)

    @naming(OptionChanges)
    async def complete(
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
        """Call a model, and wait for its whole answer; the arguments are those of `stream`.

        Raises:
            ModelwireError: The answer failed; `partial` is the partial message.
        """
        stream = self.stream(
            prompt,
            model=model,
            fallbacks=fallbacks,
            system=system,
            tools=tools,
            options=options,
            **changes,
        )
        async with stream:
            return await stream.result()

    @naming(OptionChanges)
    async def dry_run(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        system: str | None = None,
        tools: Iterable[ToolLike] | None = None,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> DryRun:
        """Build the request that `stream` would send first, without sending it.

        Raises:
            ModelwireError: The request cannot be built.
            NothingToSend: The model is not called over HTTP, so there is no request.
        """
        check_call(model, system=system)
        if must_load(tools, changes.get("response_schema")):
            await load()
        merged = self._options(options, changes, Runtime.dry_run)
        context, repairs = prepare_context(prompt, system=system, tools=tools)
        check_choice(merged, context.tools)
        found = await self.resolve(model)
        completion = Completion(
            resolver=self._resolver,
            registry=self.registry,
            config=self.config,
            transport=DryRunTransport(
                environ=self.config.environ, deadlines=self.transport.deadlines
            ),
            retries=RetryPolicy(max_attempts=1),
            context=context,
            model=found.ref,
            fallbacks=(),
            options=merged,
            repairs=repairs,
        )
        async with Stream(completion.events, total=completion.options.deadlines.total) as stream:
            try:
                async for _ in stream:
                    break
            except RequestCaptured as kept:
                noted = kept.partial.diagnostics if kept.partial is not None else []
                return DryRun(found, kept.request, tuple(noted))
        msg = f"{found.ref} answers without a request over HTTP; there is nothing to show."
        raise NothingToSend(msg, provider=found.provider, model=found.id)

    @naming(StreamSettings)
    def run_tools(
        self,
        context: Prompt,
        tools: Iterable[ToolLike],
        *,
        approve: Approval,
        max_turns: int = MAX_TURNS,
        **settings: Unpack[StreamSettings],
    ) -> ToolLoop:
        """Call a model, and run the tools that it calls; see the function `run_tools`.

        Raises:
            InvalidMessage: Two tools have the same name.
            InvalidRequest: An argument or option has a wrong name, type or range.
        """
        return ToolLoop(
            self, context, tools, approve=approve, max_turns=max_turns, settings=settings
        )

    @naming(OptionChanges)
    async def count_tokens(
        self,
        prompt: Prompt,
        *,
        model: ModelRef | str | None = None,
        system: str | None = None,
        tools: Iterable[ToolLike] | None = None,
        options: CompletionOptions | None = None,
        **changes: Unpack[OptionChanges],
    ) -> int:
        """Count the input tokens of a request, without an answer; the arguments are those of `stream`.

        Raises:
            InvalidRequest: The model's plugin cannot count tokens.
            ModelwireError: The request cannot be built, or the service failed.
        """
        check_call(model, system=system)
        if must_load(tools, changes.get("response_schema")):
            await load()
        merged = self._options(options, changes, Runtime.count_tokens)
        context, _ = prepare_context(prompt, system=system, tools=tools)
        check_choice(merged, context.tools)
        found = await self.resolve(model)
        call = await PluginCall.prepare(self.registry, self.catalog, self.transport, found)
        hint = "The usage of an answer says how many its request had."
        call.require("count_tokens", "count tokens", hint)
        settings = self._resolver.options_for(found, merged, deadlines=self.transport.deadlines)
        counted = await call.wait_for(
            lambda: call.owner.hooks.count_tokens(
                model=found,
                context=context,
                options=settings,
                provider=call.provider,
                config=self.config,
                transport=call.transport,
            ),
            "count tokens",
        )
        if type(counted) is not int or counted < 0:
            package = call.owner.distribution
            msg = f"{package} counted {type(counted).__name__} and not a number of tokens."
            raise PluginError(msg, hint=plugin_hint(package))
        return counted

    @naming(EmbeddingChanges)
    async def embed(
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
        """Embed texts: make one vector for each.

        The texts are divided into requests as the service allows, and the requests are sent a few at
        a time. Each request is retried separately.

        Args:
            texts: The texts; a string is one text. Without texts there are no vectors, and nothing
                is sent.
            model: A reference as for `resolve`. `None` is `agents.defaults.memorySearch`.
            fallbacks: Models that may make all the vectors when the first fails. Vectors of several
                models cannot be compared, so no other model is used by default.
            options: Options as an object.
            batch_size: The maximum of texts in a request; by default that of the service.
            concurrency: The maximum of concurrent requests.
            changes: Single options by keyword; they override `options`. They are the attributes of
                `EmbeddingOptions`: `dimensions`, `input_type`, `normalize`, `params`, `plugins`
                and `deadlines`.

        Raises:
            InvalidRequest: A text is empty or not a string, an argument or option has a wrong name,
                type or range, or the model makes no embeddings.
            ModelwireError: A request failed; `text_index` says which text was at fault, where that is
                known.
        """
        check_call(model, fallbacks)
        check_count("batch_size", batch_size, optional=True)
        check_count("concurrency", concurrency)
        merged = embedding_options_of(options, changes, Runtime.embed)
        if merged.plugins:
            check_plugins(merged, self.registry.plugin_names)
        call = EmbeddingCall(
            resolver=self._resolver,
            registry=self.registry,
            config=self.config,
            transport=self.transport,
            retries=self._retries,
            texts=check_texts(texts),
            model=model,
            fallbacks=tuple(fallbacks),
            options=merged,
            batch_size=batch_size,
            concurrency=concurrency,
        )
        return await call.result()

    def _options(
        self, options: CompletionOptions | None, changes: OptionChanges, call: Callable[..., Any]
    ) -> CompletionOptions:
        merged = options_of(options, changes, call)
        if merged.plugins:
            check_plugins(merged, self.registry.plugin_names)
        return merged

    def describe_call(self, model: Model) -> dict[str, str]:
        """The plugin's description of a call to a model: the region, the endpoint and so on.

        No request is sent. A fact `x` may come with its source, `xSource`.
        Empty where the plugin provides none. The first call imports the plugin, which takes up to
        some hundred milliseconds: from an event loop, use
        `await asyncio.to_thread(runtime.describe_call, model)`.

        Raises:
            PluginError: No installed plugin provides the model, or the one that does is broken.
            ConfigError: A setting of the provider is not valid.
        """
        check_type("model", model, Model, "a Model", "Use the model that resolve finds.")
        return describe(model, self._resolver, self.transport)


def with_retries(runtime: Runtime, retries: RetryPolicy) -> Runtime:
    """A runtime with another policy of retries that shares all else; closing either closes both."""
    other = object.__new__(type(runtime))
    vars(other).update(vars(runtime), _retries=retries)
    return other
