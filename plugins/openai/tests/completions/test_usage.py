import pytest

from modelwire.messages import Usage
from modelwire_openai.compat import Compat
from modelwire_openai.completions.usage import find_usage, read_usage

CASES = {
    "plain": ({"prompt_tokens": 10, "completion_tokens": 4}, Usage(10, 4)),
    "cached tokens are no input": (
        {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 6}},
        Usage(4, 4, 6),
    ),
    "written tokens are no input": (
        {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 6}},
        Usage(3, 4, 1, 6),
    ),
    "deepseek's cache": (
        {"prompt_tokens": 10, "completion_tokens": 4, "prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 4},
        Usage(4, 4, 6),
    ),
    "moonshot's cache": ({"prompt_tokens": 10, "completion_tokens": 4, "cached_tokens": 6}, Usage(4, 4, 6)),
    "reasoning is part of the completion": (
        {"prompt_tokens": 6, "completion_tokens": 212, "total_tokens": 218, "completion_tokens_details": {"reasoning_tokens": 198}},
        Usage(6, 212, reasoning=198),
    ),
    "xai leaves reasoning out, as its total shows": (
        {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, "completion_tokens_details": {"reasoning_tokens": 94}},
        Usage(32, 103, reasoning=94),
    ),
    "null details": (
        {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": None, "completion_tokens_details": None},
        Usage(3, 1),
    ),
    "more cached than sent": ({"prompt_tokens": 3, "completion_tokens": 1, "cached_tokens": 5}, Usage(0, 1, 5)),
}  # fmt: skip


@pytest.mark.parametrize(("wire", "usage"), CASES.values(), ids=CASES)
def test_the_counters_do_not_overlap(wire, usage):
    assert read_usage(wire, Compat()) == usage


@pytest.mark.parametrize("value", ["3", -1, True, 1e300, [], {}])
@pytest.mark.parametrize(
    "key", ["prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"]
)
def test_a_counter_that_makes_no_sense_is_refused(key, value):
    with pytest.raises(ValueError, match=f"{key} is not a number of tokens"):
        read_usage({"prompt_tokens": 1, "completion_tokens": 1, key: value}, Compat())


def test_a_service_that_leaves_reasoning_out_can_be_declared():
    wire = {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    assert read_usage(wire, Compat(include_reasoning_tokens=True)).output == 5


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": [], "usage": {"prompt_tokens": 1}},
        {"choices": [{"usage": {"prompt_tokens": 1}}]},
        {"x_groq": {"usage": {"prompt_tokens": 1}}},
    ],
)
def test_usage_is_found_wherever_it_is(chunk):
    assert find_usage(chunk) == {"prompt_tokens": 1}


@pytest.mark.parametrize(
    "chunk", [{}, {"usage": None}, {"choices": [None]}, {"usage": {}}, {"usage": 3}]
)
def test_no_usage_is_none(chunk):
    assert find_usage(chunk) is None
