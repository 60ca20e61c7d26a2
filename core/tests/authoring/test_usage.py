"""Token counts: what counts, what counts as nothing, and what makes no sense."""

import json
import math

import pytest

from modelwire.authoring import count_tokens, report_usage
from modelwire.events import Diagnostic, UsageReport
from modelwire.messages import Usage


@pytest.mark.parametrize(
    ("value", "count"),
    [(3, 3), (3.0, 3), (3.9, 3), (0, 0), (2**53, 2**53)],
)
def test_a_number_is_a_count(value, count):
    assert count_tokens({"a": value}, "a") == count


@pytest.mark.parametrize("counters", [None, {}, {"a": None}, [3], "3", 3])
def test_where_nothing_is_counted_there_is_no_count(counters):
    assert count_tokens(counters, "a") is None


@pytest.mark.parametrize("value", [-1, -0.5, math.inf, -math.inf, math.nan, 1e300, 10**30])
def test_a_number_that_cannot_be_a_count_makes_no_sense(value):
    with pytest.raises(ValueError, match="a is not a number of tokens"):
        count_tokens({"a": value}, "a")


@pytest.mark.parametrize("value", [True, False, "3", "", [3], {}])
def test_what_is_no_number_makes_no_sense(value):
    with pytest.raises(ValueError, match="a is not a number of tokens"):
        count_tokens({"a": value}, "a")


def read(usage):
    return Usage(count_tokens(usage, "in") or 0, count_tokens(usage, "out") or 0)


def test_a_usage_is_reported():
    assert report_usage({"in": 1, "out": 2}, read) == UsageReport(Usage(1, 2))


@pytest.mark.parametrize(
    "usage", [{"in": 1, "out": math.inf}, {"in": math.nan}, {"in": -1}, {"out": "17"}, {"in": True}]
)
def test_a_usage_that_makes_no_sense_is_kept_as_a_diagnostic(usage):
    report = report_usage(usage, read)
    assert isinstance(report, Diagnostic)
    assert report.type == "unreadable_usage"
    assert "is not a number of tokens" in report.data["reason"]
    json.dumps(report.data, allow_nan=False)


def test_a_usage_that_is_no_object_is_one_too():
    assert report_usage([1], read).data == {"usage": [1], "reason": "it is not an object"}
