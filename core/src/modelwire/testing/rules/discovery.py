"""Rules on `discover_models`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from modelwire.errors import AccessDenied, AuthenticationError, MalformedResponse, ProviderError
from modelwire.models import Model, ModelList
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check, fail
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.server import Gate, Reply

__all__ = ["ListingRules"]

_IDS = ("alpha-1", "beta-2/with:odd.chars")


class ListingRules(Rules):
    """The results and failures of `discover_models`."""

    @needs("discovery")
    def test_listed_models_are_whole_and_belong_to_the_provider(self, bench: Bench) -> None:
        """Each is a `Model` of this provider, and no id comes twice."""
        if bench.subject.wire is not None:
            bench.server.script(bench.wire.listing(_IDS))
        models = bench.run(lambda: _list(bench))
        given: Sequence[object] = models
        wrong = [type(model).__name__ for model in given if not isinstance(model, Model)]
        check(not wrong, "discover_models returns models", found=f"found {wrong}")
        strangers = [str(m.ref) for m in models if m.provider != bench.subject.provider]
        check(not strangers, "the models are those of the provider", found=f"there are {strangers}")
        ids = [model.id for model in models]
        check(len(set(ids)) == len(ids), f"no model is listed twice: {ids}")

    @needs(WIRE, "discovery")
    def test_the_models_are_those_of_the_service(self, bench: Bench) -> None:
        """Every id that the service lists is there, exactly as the service spells it.

        A list that the service gave whole is not called incomplete.
        """
        bench.server.script(bench.wire.listing(_IDS))
        models = bench.run(lambda: _list(bench))
        missing = set(_IDS) - {model.id for model in models}
        check(not missing, f"the models {sorted(missing)} of the service are listed")
        reasons = models.incomplete if isinstance(models, ModelList) else ()
        check(not reasons, f"a list that the service returned in full is complete, but: {reasons}")

    @needs(WIRE, "discovery")
    def test_a_refused_list_is_an_error_and_not_an_empty_one(self, bench: Bench) -> None:
        """A refused key, and a page that is no list, are raised as typed errors."""
        refused = _failure(bench, bench.wire.refuse(401, "This key is not valid."))
        check(
            isinstance(refused, AuthenticationError | AccessDenied),
            "a refused key is an AuthenticationError",
            found=f"found {refused!r}",
        )
        page = Reply([b"<html>Welcome</html>"], headers={"Content-Type": "text/html"})
        garbled = _failure(bench, page)
        check(
            isinstance(garbled, MalformedResponse),
            "a response that is not a list is a MalformedResponse",
            found=f"found {garbled!r}",
        )

    @needs(WIRE, "discovery")
    def test_listing_leaves_the_loop_free(self, bench: Bench) -> None:
        """Other tasks continue while the service is slow."""
        gate = Gate()
        bench.server.script(bench.wire.listing(_IDS, hold=gate))

        async def work() -> None:
            listing = asyncio.create_task(_list(bench))
            while not bench.requests and not listing.done():  # noqa: ASYNC110 - the server is in a thread
                await asyncio.sleep(0.001)
            gate.open()
            await listing

        bench.run(work)
        check(not gate.given_up, "discover_models leaves the event loop free while it waits")


async def _list(bench: Bench) -> Sequence[Model]:
    found = await bench.discovered()
    check(
        isinstance(found, list | tuple), "discover_models returns a list", found=f"found {found!r}"
    )
    models: Sequence[Model] = found
    return models


def _failure(bench: Bench, reply: Reply) -> ProviderError:
    bench.server.script(reply)
    try:
        models = bench.run(lambda: _list(bench))
    except ProviderError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever the plugin lets out
        fail("discover_models raises typed errors", found=f"found {error!r}")
    return fail("discover_models fails when the service does", found=f"returned {models}")
