"""The completion: candidates in turn, tries of each, deltas made into events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial

from attrs import frozen

from modelwire.config import Config
from modelwire.errors import ModelwireError, PluginError
from modelwire.events import Event
from modelwire.events.assembler import Assembler
from modelwire.hookspecs import CompletionOperation, CompletionOptions
from modelwire.messages import Context
from modelwire.models import Model, ModelRef
from modelwire.redaction.echoes import SentSecrets, redact_error
from modelwire.registry import Owner, Registry
from modelwire.registry.loader import where
from modelwire.repair import Change
from modelwire.runtime.candidates import Opening, Turn, ask_in_turn
from modelwire.runtime.observation import Observers, observed
from modelwire.runtime.options import NO_OPTIONS
from modelwire.runtime.other_apis import InstalledApis
from modelwire.runtime.plugin_call import bug_of
from modelwire.runtime.plugin_streams import stream_of
from modelwire.runtime.prompts import check_abilities
from modelwire.runtime.resolver import Resolver
from modelwire.runtime.stream import StreamState
from modelwire.tools.forms import load
from modelwire.transport import RetryPolicy, Transport
from modelwire.transport.retry import open_retrying
from modelwire.transport.starts import pass_gate

__all__ = ["Completion", "events_after_load"]


@frozen
class Completion:
    """A requested answer, with everything needed to get it.

    Attributes:
        resolver: Finds the models, and the options for each.
        registry: The plugins.
        config: The configuration, for the plugins.
        transport: The HTTP client, for the plugins.
        retries: When a model is tried again.
        context: The conversation to be continued.
        model: A reference to the model; `None` is the primary one.
        fallbacks: The models to fall back on; `None` means what the configuration says.
        options: The caller's options.
        keep_text: Whether the message holds text and thinking.
        repairs: The changes made to the context before any plugin gets it.
        observers: The observers of the answer.
    """

    resolver: Resolver
    registry: Registry
    config: Config
    transport: Transport
    retries: RetryPolicy
    context: Context
    model: ModelRef | str | None
    fallbacks: Sequence[ModelRef | str] | None
    options: CompletionOptions
    keep_text: bool = True
    repairs: Sequence[Change] = ()
    observers: Observers | None = None

    def events(self, state: StreamState) -> AsyncGenerator[Sequence[Event], None]:
        """Call the candidates in turn; yield the events, grouped by arrival."""
        answer = ask_in_turn(
            partial(self.resolver.candidates, self.model, self.fallbacks),
            self.retries,
            state,
            partial(self._tries, state),
        )
        if self.observers is None or not self.observers.any:
            return answer
        return self._observed(self.observers, answer, state)

    async def _observed(
        self,
        observers: Observers,
        answer: AsyncGenerator[Sequence[Event], None],
        state: StreamState,
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Pass events on, and let observers follow the answer."""
        options = CompletionOptions() if self.options is NO_OPTIONS else self.options
        operation = CompletionOperation(self.context, options)
        state.observation = observation = await observers.begin(operation)
        events = answer if observation is None else observed(answer, observation)
        async with aclosing(events):
            async for arrived in events:
                yield arrived

    async def _tries(self, state: StreamState, turn: Turn) -> Opening[Sequence[Event]]:
        """Prepare to call one model, with the retries that the policy allows."""
        await pass_gate()
        model = await self.resolver.resolve(turn.candidate)
        state.model = model
        check_abilities(model, self.context)
        options = self.resolver.options_for(
            model, self.options, spent=turn.spent, deadlines=self.transport.deadlines
        )
        total, first_event = options.deadlines.total, options.deadlines.first_event
        turn.arm(total, first_event)
        return partial(
            open_retrying,
            lambda: self._try(model, options, state),
            turn.retries,
            model=str(model.ref),
            # After the first event nothing is tried again, so that its limit is one for all tries.
            total=min((each for each in (total, first_event) if each is not None), default=None),
            on_failure=state.note,
        )

    async def _try(
        self, model: Model, options: CompletionOptions, state: StreamState
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Call one model once."""
        owner = self.registry.owner(model.provider, model.api)
        # Before anything is waited for, so that every failure has a message of this model.
        state.assembler = assembler = self._new_assembler(owner, model)
        await self.resolver.catalog.warm_up(model.provider, model.api)
        await pass_gate()
        call = self._hook_call(owner, model, options)
        sent = SentSecrets()
        feed_all = assembler.feed_all
        try:
            stream = stream_of(call(), owner.distribution)
            try:
                while True:
                    # Secrets are noted while the plugin runs, and not while the caller does.
                    token = sent.begin()
                    try:
                        arrived = await anext(stream)
                    except StopAsyncIteration:
                        break
                    finally:
                        sent.end(token)
                    events: list[Event] = []
                    try:
                        feed_all(arrived if isinstance(arrived, list) else [arrived], events)
                    except ModelwireError:
                        # What arrived before a fault is the caller's before the fault is.
                        if events:
                            yield events
                        raise
                    if events:
                        yield events
            finally:  # as `aclosing` does, which takes longer
                await stream.aclose()
            *events, done = assembler.finish(options.response_schema)
            if events:
                yield events
            yield [done]
        except ModelwireError as error:
            redact_error(error, sent.lasting)
            assembler.fail(error)
            if state.cancellation.error is not None:
                raise state.cancellation.error from error
            raise
        except (Exception, SystemExit, asyncio.CancelledError) as error:
            broken = self._bug(owner, model, error)
            if broken is None:
                raise
            redact_error(error, sent.lasting)
            assembler.fail(broken)
            raise broken from error

    def _hook_call(
        self, owner: Owner, model: Model, options: CompletionOptions
    ) -> Callable[[], object]:
        """The call of the plugin's hook that answers.

        Raises:
            PluginError: The plugin has no such hook.
        """
        if not owner.implements("stream_completion"):
            msg = f"{owner.distribution} cannot stream completions for {model.provider!r}."
            raise PluginError(msg)
        provider = self.registry.provider_config(model.provider)
        transport = self.registry.authorized(provider, self.transport)
        return lambda: owner.stream_completion(
            model=model,
            context=self.context,
            options=options,
            provider=provider,
            config=self.config,
            transport=transport,
            apis=InstalledApis(self.registry, self.resolver.catalog, self.config),
        )

    def _bug(self, owner: Owner, model: Model, error: BaseException) -> PluginError | None:
        """The error for an exception of the plugin; `None` for a requested cancellation."""
        what = f"failed while answering for {model.provider!r}: {where(error)}"
        cancelled = f"cancelled its own answer for {model.provider!r}"
        return bug_of(self.registry, owner, error, what, cancelled)

    def _new_assembler(self, owner: Owner, model: Model) -> Assembler:
        assembler = Assembler(
            model.provider,
            model.id,
            api=model.api,
            price=model.prices.cost_of if model.prices is not None else None,
            keep_text=self.keep_text,
            plugin=owner.yields,
        )
        for change in self.repairs:
            assembler.feed(change.diagnostic())
        return assembler


async def events_after_load(
    prepared: Callable[[], Completion], state: StreamState
) -> AsyncGenerator[Sequence[Event], None]:
    """The events of a completion whose preparation waits for the import that describes tools."""
    await load()
    async with aclosing(prepared().events(state)) as arrived:
        async for each in arrived:
            yield each
