"""Whole answers, such as those of batch jobs, made into messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import asdict

from modelwire.authoring.translator import Translator, until_fault
from modelwire.errors import ModelwireError
from modelwire.events import DoneEvent
from modelwire.events.assembler import Assembler
from modelwire.messages import AssistantMessage, Cost

if TYPE_CHECKING:
    from modelwire.messages import Usage
    from modelwire.models import Model, Prices
    from modelwire.repair import Change

__all__ = ["whole_answer"]

E = TypeVar("E")


def whole_answer(
    model: Model,
    events: Iterable[E],
    translator: Translator[E],
    *,
    api: str | None = None,
    changes: Iterable[Change] = (),
    response_schema: Mapping[str, Any] | None = None,
    prices: Prices | None = None,
    price_factor: float | None = None,
) -> AssistantMessage:
    """Make a message from an answer that did not arrive as a stream.

    Args:
        model: The model that answered.
        events: The wire events of the answer, often a single one.
        translator: Translates them, as it does those of a stream.
        api: The wire API.
        changes: The differences between the request and the caller's input, as diagnostics.
        response_schema: The requested JSON Schema.
        prices: The prices of single requests; by default those of the model.
        price_factor: The price of the answer relative to them, as in `BatchTerms`. The cost is not
            known without it.

    Raises:
        ProviderError: The answer is malformed, was cut or was refused; `partial` is what there is.
    """
    known = prices or model.prices

    def price(usage: Usage) -> Cost | None:
        if known is None or price_factor is None:
            return None
        return _scaled(known.cost_of(usage), price_factor)

    assembler = Assembler(model.provider, model.id, api=api or model.api, price=price)
    try:
        for change in changes:
            assembler.feed(change.diagnostic())
        deltas, fault = until_fault(translator.feed, events)
        for delta in deltas:
            assembler.feed(delta)
        if fault is not None:
            raise fault
        translator.end()
        done = assembler.finish(response_schema)[-1]
    except ModelwireError as error:
        assembler.fail(error)
        raise
    assert isinstance(done, DoneEvent)  # noqa: S101 - the assembler's last event
    return done.message


def _scaled(cost: Cost | None, factor: float) -> Cost | None:
    if cost is None:
        return None
    return Cost(**{name: value * factor for name, value in asdict(cost).items()})
