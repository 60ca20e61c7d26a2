"""Rules on embeddings: one vector for each text, in order, within the limits of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from modelwire.errors import (
    AuthenticationError,
    InvalidRequest,
    MalformedResponse,
    ModelwireError,
    ProviderError,
    RateLimited,
    ServerError,
)
from modelwire.hookspecs import EmbeddingLimits, EmbeddingOptions
from modelwire.messages import Usage
from modelwire.runtime import Embeddings, Runtime
from modelwire.runtime.embedding_batches import divide
from modelwire.testing.audit import blocking_calls
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check, patience
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.rules.secrets import repeated_key
from modelwire.testing.server import Gate
from modelwire.transport import Deadlines

__all__ = ["EmbeddingRules"]

EMBEDDINGS = "embeddings"
_TOKENS = 5
_DIMENSIONS = 7


class EmbeddingRules(Rules):
    """Vectors fit their texts, and nothing is ignored."""

    @needs(EMBEDDINGS, WIRE)
    def test_each_text_gets_its_vector_within_the_limits(self, bench: Bench) -> None:
        """More texts than fit into two requests: each request holds its own, and no other one."""
        texts, places, vectors = _scripted(bench)
        made = _made(bench, texts, concurrency=1)
        check(
            len(bench.requests) == len(places),
            f"{len(texts)} texts take {len(places)} requests",
            found=f"found {len(bench.requests)}",
        )
        for request, place in zip(bench.requests, places, strict=True):
            held = [text for text in texts if request.says(text)]
            check(
                held == texts[place.start : place.stop],
                "a request holds its texts",
                found=f"found {held}",
            )
        given = [list(vector) for vector in made.vectors]
        check(given == vectors, "the vectors are in the order of the texts")
        check(
            made.usage is None or made.usage.input == _TOKENS * len(places),
            "the usage is what the service counts",
            found=f"found {made.usage}",
        )

    @needs(EMBEDDINGS, WIRE)
    def test_a_length_of_vectors_is_sent_or_refused(self, bench: Bench) -> None:
        """Vectors of another length than those that there are cannot be compared with them."""
        bench.server.script(bench.wire.vectors_reply([[0.5] * _DIMENSIONS], Usage(input=_TOKENS)))
        outcome = _outcome(bench, ["a"], dimensions=_DIMENSIONS)
        if isinstance(outcome, InvalidRequest):
            check(
                not bench.requests, "a length that is refused is refused before a request is sent"
            )
            return
        check(isinstance(outcome, Embeddings), "vectors are expected", found=f"found {outcome!r}")
        check(
            bench.requests[-1].holds(_DIMENSIONS), f"the request holds dimensions = {_DIMENSIONS}"
        )

    @needs(EMBEDDINGS, WIRE)
    @pytest.mark.parametrize(
        ("status", "kind"),
        [(401, AuthenticationError), (429, RateLimited), (500, ServerError)],
        ids=["401", "429", "500"],
    )
    def test_a_refusal_of_embeddings_is_its_typed_error(
        self, bench: Bench, status: int, kind: type[ProviderError]
    ) -> None:
        """It names provider and model, and repeats no secret."""
        refusal = repeated_key(bench)
        bench.server.script(bench.wire.refuse(status, refusal))
        outcome = _outcome(bench, ["a"])
        if not isinstance(outcome, kind):
            msg = f"{kind.__name__} is expected for the status {status}, not {outcome!r}"
            raise AssertionError(msg)
        place = (outcome.provider, outcome.model)
        expected = (bench.subject.provider, bench.subject.embedding_model)
        check(place == expected, "the error names provider and model", found=f"found {place}")
        check(bench.secret not in f"{outcome} {outcome.hint}", "the error does not repeat the key")

    @needs(EMBEDDINGS, WIRE)
    def test_a_request_for_embeddings_that_failed_is_sent_again(self, bench: Bench) -> None:
        """By the runtime: a plugin that tries again itself multiplies the tries."""
        reply = bench.wire.vectors_reply([[0.5, 1.0]], Usage(input=_TOKENS))
        bench.server.script(bench.wire.refuse(503, "Busy."), reply)
        failed = _outcome(bench, ["a"])
        check(
            isinstance(failed, ProviderError), "one try is one request", found=f"found {failed!r}"
        )
        made = _made(bench, ["a"], tries=2)
        check(list(made.vectors[0]) == [0.5, 1.0], "the second try gives the vector")

    @needs(EMBEDDINGS, WIRE)
    @pytest.mark.parametrize("fault", ["fewer", "garbage"])
    def test_an_answer_without_the_vectors_is_malformed(self, bench: Bench, fault: str) -> None:
        """Bad data from a service is never a bug of the plugin, and no vector is made up."""
        reply = bench.wire.vectors_reply([[0.5, 1.0]], Usage(input=_TOKENS))
        if fault == "garbage":
            reply = bench.wire.document(b'{"oops')
        bench.server.script(reply)
        outcome = _outcome(bench, ["a", "b"], concurrency=1, batch_size=2)
        if len(bench.requests) > 1:
            pytest.skip("one request takes one text")
        check(
            isinstance(outcome, MalformedResponse),
            "MalformedResponse expected",
            found=f"found {outcome!r}",
        )

    @needs(EMBEDDINGS, WIRE)
    def test_the_service_sees_that_who_waits_for_vectors_has_gone(self, bench: Bench) -> None:
        """A cancelled task closes its connection."""
        bench.server.script(bench.wire.reply([], hold=Gate(), end="stall"))

        async def work() -> bool:
            async with bench.runtime() as runtime:
                call = _embed(bench, runtime, ["a"], deadlines=Deadlines())
                asking = asyncio.create_task(call)
                while not bench.requests and not asking.done():  # noqa: ASYNC110 - it is in a thread
                    await asyncio.sleep(0.001)
                asking.cancel()
                await asyncio.wait([asking], timeout=patience())
                return await asyncio.to_thread(bench.server.client_left)

        check(bench.run(work), "the connection is closed when the caller stops waiting")

    @needs(EMBEDDINGS)
    def test_nothing_in_the_loop_blocks_while_vectors_are_made(self, bench: Bench) -> None:
        """No `time.sleep`, no blocking look-up of a name, no blocking connection."""
        if bench.subject.wire is not None:
            bench.server.script(bench.wire.vectors_reply([[0.5, 1.0]], Usage(input=_TOKENS)))

        async def work() -> list[str]:
            async with bench.runtime() as runtime:
                with blocking_calls() as calls:
                    made = await _embed(bench, runtime, ["a"])
                check(len(made.vectors) == 1, "one text has one vector")
                return calls

        calls = bench.run(work)
        check(not calls, "nothing that blocks runs in the event loop", found=f"{calls} did")

    @needs(EMBEDDINGS)
    def test_a_text_has_the_same_vector_at_any_place(self, bench: Bench) -> None:
        """Of a model without a wire."""
        if bench.subject.wire is not None:
            pytest.skip("the scripted server gives prepared answers; the requests were checked")
        first = _made(bench, ["one text", "another text", "a third"]).vectors
        again = _made(bench, ["another text", "one text"], batch_size=1).vectors
        pairs = [(first[0], again[1]), (first[1], again[0])]
        alike = all(_alike(one, other) for one, other in pairs)
        check(alike, "a text has the same vector at every position")
        check(not _alike(first[0], first[1]), "two texts have two vectors")


def _alike(one: Sequence[float], other: Sequence[float]) -> bool:
    return len(one) == len(other) and all(
        abs(a - b) < 1e-2 for a, b in zip(one, other, strict=True)
    )


def _scripted(bench: Bench) -> tuple[list[str], list[range], list[list[float]]]:
    """Script the answers to more texts than fit into two requests.

    Returns:
        The texts, the places of the texts of each request, and the vectors.
    """
    limits = bench.run(lambda: _limits(bench))
    texts = [f"text-{number}-of-many." for number in range(2 * limits.texts + 1)]
    vectors = [[float(number), 0.5, -1.0] for number in range(len(texts))]
    places = list(divide(texts, limits))
    for place in places:
        own = vectors[place.start : place.stop]
        bench.server.script(bench.wire.vectors_reply(own, Usage(input=_TOKENS)))
    return texts, places, vectors


async def _limits(bench: Bench) -> EmbeddingLimits:
    async with bench.runtime() as runtime:
        model = await runtime.resolve(bench.subject.embedding_ref)
        await runtime.catalog.warm_up(model.provider, model.api)
        owner = runtime.registry.owner(model.provider, model.api)
        check(owner.implements("embed"), "the plugin has the hook embed")
        if not owner.implements("embedding_limits"):
            return EmbeddingLimits()
        limits = owner.hooks.embedding_limits(
            model=model,
            options=EmbeddingOptions(),
            provider=runtime.registry.provider_config(model.provider),
            config=runtime.config,
        )
        check(
            isinstance(limits, EmbeddingLimits),
            "EmbeddingLimits are due",
            found=f"found {limits!r}",
        )
        found: EmbeddingLimits = limits
        return found


async def _embed(
    bench: Bench, runtime: Runtime, texts: Sequence[str], **options: Any
) -> Embeddings:
    options.setdefault("deadlines", Deadlines(total=patience()))
    return await runtime.embed(texts, model=bench.subject.embedding_ref, **options)


def _outcome(
    bench: Bench, texts: Sequence[str], *, tries: int = 1, **options: Any
) -> Embeddings | ModelwireError:
    """The result or error of one call."""

    async def work() -> Embeddings | ModelwireError:
        async with bench.runtime(tries=tries) as runtime:
            try:
                return await _embed(bench, runtime, texts, **options)
            except ModelwireError as error:
                return error

    return bench.run(work)


def _made(bench: Bench, texts: Sequence[str], **options: Any) -> Embeddings:
    outcome = _outcome(bench, texts, **options)
    if not isinstance(outcome, Embeddings):
        msg = f"vectors were expected, but it failed: {outcome!r}"
        raise AssertionError(msg) from outcome
    return outcome
