"""What a usage means, and what it costs."""

import json
import math

import pytest
from responses_events import (
    end,
    said,
    usage,
)

from modelwire.messages import Cost, Usage
from modelwire.models import Prices
from modelwire_openai.responses.outcome import usage_of


@pytest.mark.parametrize(
    ("wire", "counted"),
    [
        (usage(100, 50, cached=30, reasoning=40), Usage(70, 50, 30, 0, reasoning=40)),
        (
            {
                "input_tokens": 158,
                "input_tokens_details": {"cache_write_tokens": 43, "cached_tokens": 10},
                "output_tokens": 32,
                "output_tokens_details": {"reasoning_tokens": 10},
            },
            Usage(105, 32, 10, 43, reasoning=10),
        ),
        ({"input_tokens": 5, "output_tokens": 7}, Usage(5, 7)),
        ({"input_tokens": 5, "input_tokens_details": {"cached_tokens": 9}}, Usage(0, 0, 9)),
        ({"input_tokens": None, "output_tokens": None, "input_tokens_details": None}, Usage()),
        (None, Usage()),
    ],
)
def test_usage_is_counted_once(wire, counted):
    assert usage_of(wire) == counted


def test_a_usage_in_words_is_not_read_as_zero():
    with pytest.raises(ValueError, match="output_tokens is not a number of tokens"):
        usage_of({"output_tokens": "many"})


def test_the_tiers_of_the_service_change_the_price(message_of):
    prices = Prices(input=1.0, output=2.0)

    def cost(tier):
        last = end(usage=usage(1_000_000, 1_000_000), service_tier=tier)
        return message_of([last], prices=prices).usage.cost

    assert cost("flex") == Cost(0.5, 1.0)
    assert cost("priority") == Cost(2.0, 4.0)
    assert cost("default") is None, "the core prices what the plugin leaves"
    assert message_of([end(service_tier="flex")]).usage.cost is None


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_usage_that_makes_no_sense_does_not_cost_the_answer(message_of, number):
    used = {**usage(), "output_tokens": number}
    for limit in (None, 8):
        message = message_of([*said(["Hi"]), end(usage=used)], limit=limit)
        assert message.text == "Hi"
        assert message.usage == Usage()
        assert [entry["type"] for entry in message.diagnostics] == ["unreadable_usage"]
        json.dumps(message.diagnostics, allow_nan=False)
