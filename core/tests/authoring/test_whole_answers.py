"""Whole answers: a message with its usage and cost, or the error with what there is."""

import pytest

from modelwire.authoring import cut_stream, whole_answer
from modelwire.errors import ContentFiltered, StreamTruncated
from modelwire.events import BlockEnd, Stop, TextDelta, UsageReport
from modelwire.messages import Cost, StopReason, Usage
from modelwire.models import Model, Prices
from modelwire.repair import Change

MODEL = Model("acme", "m", prices=Prices(input=2.0, output=4.0))
USAGE = Usage(input=1_000_000, output=500_000)


class Words:
    """Translates words; `FILTERED` is a refusal, and `END` the end."""

    def __init__(self):
        self.ended = False

    def feed(self, events, deltas):
        for event in events:
            if event == "FILTERED":
                raise ContentFiltered("no")
            if event == "END":
                deltas += [BlockEnd(0), UsageReport(USAGE), Stop(StopReason.STOP)]
                self.ended = True
            else:
                deltas.append(TextDelta(0, event))

    def end(self):
        if not self.ended:
            raise cut_stream()


def test_an_answer_is_a_message_with_its_cost():
    made = whole_answer(MODEL, ["two ", "words", "END"], Words(), api="chat", price_factor=0.5)
    assert (made.text, made.provider, made.model, made.api) == ("two words", "acme", "m", "chat")
    assert made.usage.cost == Cost(input=1.0, output=1.0)


def test_prices_may_be_given():
    prices = Prices(input=10.0, output=0.0)
    made = whole_answer(MODEL, ["x", "END"], Words(), prices=prices, price_factor=0.5)
    assert made.usage.cost.total == 5.0


def test_without_a_known_factor_there_is_no_cost():
    made = whole_answer(MODEL, ["x", "END"], Words())
    assert (made.usage.input, made.usage.cost) == (USAGE.input, None)


def test_changes_of_the_request_are_diagnostics():
    change = Change("dropped", "options.seed", "Not known.")
    made = whole_answer(MODEL, ["x", "END"], Words(), changes=[change])
    assert [each["path"] for each in made.diagnostics] == ["options.seed"]


def test_text_that_does_not_follow_the_schema_is_reported():
    made = whole_answer(MODEL, ["x", "END"], Words(), response_schema={"type": "object"})
    assert [each["type"] for each in made.diagnostics] == ["unstructured_output"]


@pytest.mark.parametrize(
    ("events", "kind"),
    [(["some", "FILTERED"], ContentFiltered), (["some"], StreamTruncated)],
    ids=["filtered", "cut"],
)
def test_a_failure_holds_what_came_before(events, kind):
    with pytest.raises(kind) as caught:
        whole_answer(MODEL, events, Words())
    assert caught.value.partial.text == "some"
    assert (caught.value.provider, caught.value.model) == ("acme", "m")
