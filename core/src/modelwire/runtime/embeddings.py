"""Embeddings: texts divided into requests, sent a few at a time, and put together in order."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from attrs import evolve, field, frozen

from modelwire._plugin_hints import plugin_hint
from modelwire.authoring.embeddings import makes_no_embeddings
from modelwire.config import Config
from modelwire.errors import (
    Attempt,
    ContentFiltered,
    ContextOverflow,
    InvalidRequest,
    ModelwireError,
    PluginError,
    ProviderError,
)
from modelwire.event_loops import require_event_loop
from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits, EmbeddingOptions, Vector
from modelwire.messages import Cost, Usage
from modelwire.models import Model, ModelRef
from modelwire.registry import Registry
from modelwire.runtime.candidates import CallState, Opening, Turn, ask_in_turn
from modelwire.runtime.concurrency import run_bounded
from modelwire.runtime.embedding_batches import check_batch, check_lengths, divide, normalized
from modelwire.runtime.plugin_call import PluginCall
from modelwire.runtime.resolver import Resolver
from modelwire.transport import RetryPolicy, Transport, retrying_call
from modelwire.transport.starts import pass_gate

__all__ = ["CONCURRENCY", "EmbeddingCall", "Embeddings"]

T = TypeVar("T")

CONCURRENCY = 8
"""The default number of concurrent requests of one call."""


def _shape(vectors: Sequence[Vector]) -> str:
    return f"<{len(vectors)} vectors of {len(vectors[0]) if vectors else 0} dimensions>"


@frozen
class Embeddings:
    """The embeddings of texts: one vector for each, in the order of the texts.

    Attributes:
        vectors: The vectors, each an `array("f")` of 32-bit floats.
        provider: The id of the provider that made them.
        model: The id of the model. Only vectors of one model, made with the same options, can be
            compared.
        usage: The tokens used, or `None` if the service does not report them for every request.
        attempts: The tries that failed before, oldest first.
    """

    vectors: tuple[Vector, ...] = field(repr=_shape)
    provider: str
    model: str
    usage: Usage | None = None
    attempts: tuple[Attempt, ...] = ()

    @property
    def cost(self) -> Cost | None:
        """The cost in USD; `None` where usage or prices are not known."""
        return self.usage.cost if self.usage is not None else None

    @property
    def dimensions(self) -> int:
        """The length of the vectors; 0 where there are none."""
        return len(self.vectors[0]) if self.vectors else 0


@frozen
class EmbeddingCall:
    """Texts to embed, with everything needed to embed them.

    Attributes:
        resolver: Finds the models, and the options for each.
        registry: The plugins.
        config: The configuration, for the plugins.
        transport: The HTTP client, for the plugins.
        retries: When a request is sent again.
        texts: The texts.
        model: A reference to the model; `None` is the one that the configuration names.
        fallbacks: The models to fall back on for all the vectors.
        options: The caller's options.
        batch_size: The caller's own maximum of texts in a request.
        concurrency: The maximum of concurrent requests.
    """

    resolver: Resolver
    registry: Registry
    config: Config
    transport: Transport
    retries: RetryPolicy
    texts: Sequence[str]
    model: ModelRef | str | None
    fallbacks: Sequence[ModelRef | str]
    options: EmbeddingOptions
    batch_size: int | None
    concurrency: int

    async def result(self) -> Embeddings:
        """Call the candidates in turn until one has made all the vectors.

        Raises:
            ModelwireError: It failed; `attempts` are the tries before.
        """
        require_event_loop()
        state = CallState()
        cancellation = state.cancellation
        cancellation.arm("total", self.options.deadlines.total)
        answer = ask_in_turn(
            partial(self.resolver.embedding_candidates, self.model, self.fallbacks),
            self.retries,
            state,
            partial(self._ask, state),
        )
        try:
            with cancellation.guard():
                async with aclosing(answer):
                    cancellation.enter()
                    made = await anext(answer)
                    cancellation.leave()
        except ModelwireError as error:
            error.attempts = tuple(state.attempts)
            raise
        finally:
            cancellation.disarm()
        return evolve(made, attempts=tuple(state.attempts))

    async def _ask(self, state: CallState, turn: Turn) -> Opening[Embeddings]:
        """Prepare to call one model."""
        await pass_gate()
        model = await self.resolver.resolve(turn.candidate)
        state.model = model
        if not model.may_embed:
            raise makes_no_embeddings(model)
        options = self.resolver.embedding_options_for(
            model, self.options, spent=turn.spent, deadlines=self.transport.deadlines
        )
        turn.arm(options.deadlines.total, options.deadlines.first_event)
        return partial(_first_of, self._embed(model, options, turn, state))

    async def _embed(
        self, model: Model, options: EmbeddingOptions, turn: Turn, state: CallState
    ) -> AsyncGenerator[Embeddings, None]:
        """Make all the vectors with one model; they are yielded together."""
        call = await PluginCall.prepare(self.registry, self.resolver.catalog, self.transport, model)
        hint = "Name a model of a provider that makes embeddings."
        call.require("embed", "embed texts", hint)
        limits = self._limits(call, options)

        async def request(places: range) -> EmbeddingBatch:
            texts = self.texts[places.start : places.stop]
            try:
                batch = await retrying_call(
                    lambda: self._try(call, options, texts),
                    turn.retries,
                    model=str(model.ref),
                    total=options.deadlines.total,
                    on_failure=state.note,
                )
            except ProviderError as error:
                _place(error, places, len(self.texts))
                raise
            turn.limit.lift("first_event")
            return batch

        places = divide(self.texts, limits, self.batch_size)
        batches = await run_bounded([partial(request, each) for each in places], self.concurrency)
        yield _joined(batches, model)

    def _limits(self, call: PluginCall, options: EmbeddingOptions) -> EmbeddingLimits:
        if not call.owner.implements("embedding_limits"):
            return EmbeddingLimits()
        limits: object = call.run(
            lambda: call.owner.hooks.embedding_limits(
                model=call.model, options=options, provider=call.provider, config=self.config
            ),
            "say the limits of embeddings",
        )
        return _of_kind(limits, EmbeddingLimits, call)

    async def _try(
        self, call: PluginCall, options: EmbeddingOptions, texts: Sequence[str]
    ) -> EmbeddingBatch:
        """Send one request once."""
        given: object = await call.wait_for(
            lambda: call.owner.hooks.embed(
                model=call.model,
                texts=texts,
                options=options,
                provider=call.provider,
                config=self.config,
                transport=call.transport,
            ),
            "embed texts",
        )
        batch = _of_kind(given, EmbeddingBatch, call)
        check_batch(batch, len(texts), options.dimensions, call.model)
        if options.normalize:
            batch = evolve(batch, vectors=map(normalized, batch.vectors))
        return batch


def _of_kind(given: object, kind: type[T], call: PluginCall) -> T:
    if not isinstance(given, kind):
        package = call.owner.distribution
        msg = f"{package} returned {type(given).__name__} where {kind.__name__} is due."
        raise PluginError(msg, hint=plugin_hint(package))
    return given


def _place(error: ProviderError, places: range, count: int) -> None:
    """Name the texts of a failed request in its error, counted over all the texts of the call."""
    of_one = len(places) == 1 and isinstance(error, ContextOverflow | ContentFiltered)
    if of_one and error.text_index is None:
        error.text_index = 0
    if error.text_index is not None:
        error.text_index += places.start
        error.message = f"texts[{error.text_index}]: {error}"
    elif isinstance(error, InvalidRequest | ContentFiltered) and count > 1:
        held = f"texts[{places.start}]"
        if len(places) > 1:
            held += f" to texts[{places.stop - 1}]"
        error.message = f"{error} The request held {held}."


def _joined(batches: Sequence[EmbeddingBatch], model: Model) -> Embeddings:
    """The vectors of all requests, in order, and the sum of their usage.

    Raises:
        MalformedResponse: The vectors of two requests differ in length.
    """
    vectors = tuple(vector for batch in batches for vector in batch.vectors)
    check_lengths(vectors, model)
    usage: Usage | None = Usage(cost=Cost())
    for batch in batches:
        usage = (
            None if usage is None or batch.usage is None else usage + _priced(batch.usage, model)
        )
    return Embeddings(vectors, model.provider, model.id, usage)


def _priced(usage: Usage, model: Model) -> Usage:
    if usage.cost is not None or model.prices is None:
        return usage
    return evolve(usage, cost=model.prices.cost_of(usage))


async def _first_of(
    made: AsyncGenerator[Embeddings, None],
) -> tuple[Embeddings, AsyncGenerator[Embeddings, None]]:
    return await anext(made), made
