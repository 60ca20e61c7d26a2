"""Tests of the numbers that services give to failures, wherever they write them."""

import json

import pytest

from modelwire.authoring import error_in_stream, error_of_response
from modelwire.errors import (
    AuthenticationError,
    BillingError,
    ContentFiltered,
    InvalidRequest,
    RateLimited,
    RequestTimeout,
    ServerError,
)

# platform.minimax.io/docs/api-reference/errorcode.md, read on 29 November 2026.
BASE_RESP = {
    1000: ("unknown error", ServerError, True),
    1001: ("request timeout", RequestTimeout, True),
    1002: ("rate limit", RateLimited, True),
    1004: ("not authorized", AuthenticationError, False),
    1008: ("insufficient balance", BillingError, False),
    1024: ("internal error", ServerError, True),
    1026: ("input new_sensitive", ContentFiltered, False),
    1027: ("output new_sensitive", ContentFiltered, False),
    1033: ("system error", ServerError, True),
    1039: ("token limit", RateLimited, True),
    1041: ("conn limit", RateLimited, True),
    1042: ("invisible character ratio limit", InvalidRequest, False),
    2013: ("invalid params", InvalidRequest, False),
    2045: ("rate growth limit", RateLimited, True),
    2049: ("invalid api key", AuthenticationError, False),
    2056: ("usage limit exceeded", RateLimited, False),
    9999: ("of a later time", ServerError, True),
}


@pytest.mark.parametrize("number", BASE_RESP)
def test_a_base_resp_means_what_its_service_documents(number):
    words, kind, retryable = BASE_RESP[number]
    for said in (words, "No."):
        error = error_in_stream(
            {"choices": None, "base_resp": {"status_code": number, "status_msg": said}}
        )
        assert (type(error), error.retryable) == (kind, retryable)
        assert said in error.message


# The same service, on its endpoint for the Messages API: a number only in the message.
# github.com/MiniMax-AI/MiniMax-M2.7/issues/36, MiniMax-M2/issues/62.
PLAN = "usage limit exceeded, 5-hour usage limit reached for Token Plan Starter (0/0 used) (2056)"
IN_WORDS = {
    "a plan's quota": (429, "rate_limit_error", PLAN, RateLimited, False),
    "the same as a server's failure": (
        500, "api_error", "usage limit exceeded (2056)", RateLimited, False
    ),
    "balance": (500, "api_error", "insufficient balance (1008)", BillingError, False),
    "a key": (500, "api_error", "invalid api key (2049)", AuthenticationError, False),
    "input": (500, "api_error", "input new_sensitive (1026)", ContentFiltered, False),
    "unknown": (500, "api_error", "unknown error, 999 (1000)", ServerError, True),
    "a limit that is none": (
        429, "rate_limit_error", "Temporarily limiting requests (not your usage limit).",
        RateLimited, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_WORDS)
def test_words_mean_the_same_as_the_number(name):
    status, kind, message, expected, retryable = IN_WORDS[name]
    body = {"type": "error", "error": {"type": kind, "message": message}}
    error = error_of_response(status, {}, json.dumps(body).encode())
    assert (type(error), error.retryable) == (expected, retryable)
