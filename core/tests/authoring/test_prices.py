"""Prices from genai-prices, and what is known without it."""

import subprocess
import sys

import pytest

from modelwire.authoring import PriceEntry, look_up_prices


def test_a_known_model_has_prices_and_a_window():
    pytest.importorskip("genai_prices")
    known = look_up_prices("openai", "gpt-4o")
    assert 0 < known.prices.cache_read < known.prices.input < known.prices.output
    assert known.context_window == 128_000


def test_prices_are_those_of_the_service_that_is_asked():
    pytest.importorskip("genai_prices")
    assert look_up_prices("openai", "claude-sonnet-4-5") == PriceEntry()
    assert look_up_prices("anthropic", "claude-sonnet-4-5").prices is not None


@pytest.mark.parametrize(("service", "model"), [("nobody", "gpt-4o"), ("openai", "acme-1")])
def test_what_is_not_known_has_no_values(service, model):
    assert look_up_prices(service, model) == PriceEntry()


def test_without_the_package_nothing_is_known():
    program = (
        "import sys; sys.modules['genai_prices'] = None\n"
        "from modelwire.authoring import PriceEntry, look_up_prices\n"
        "assert look_up_prices('openai', 'gpt-4o') == PriceEntry()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
