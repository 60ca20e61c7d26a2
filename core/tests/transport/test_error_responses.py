import pytest

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    NotFound,
    Overloaded,
    RateLimited,
    RequestTimeout,
    ServerError,
)
from modelwire.transport import error_from_status


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (200, MalformedResponse, True),
        (301, InvalidRequest, False),
        (400, InvalidRequest, False),
        (401, AuthenticationError, False),
        (402, BillingError, False),
        (403, AccessDenied, False),
        (404, NotFound, False),
        (405, InvalidRequest, False),
        (407, ConnectionFailed, False),
        (408, RequestTimeout, True),
        (409, ServerError, True),
        (413, InvalidRequest, False),
        (418, InvalidRequest, False),
        (422, InvalidRequest, False),
        (429, RateLimited, True),
        (500, ServerError, True),
        (501, ServerError, False),
        (502, ServerError, True),
        (503, Overloaded, True),
        (504, ServerError, True),
        (520, ServerError, True),
        (529, Overloaded, True),
    ],
)
def test_each_status_has_its_error(status, kind, retryable):
    error = error_from_status(status, "no", headers={})
    assert type(error) is kind
    assert error.retryable is retryable
    assert error.status == status
    assert error.message == "no"


def test_headers_tell_the_request_id_and_the_time_to_wait():
    headers = {"X-Request-Id": "abc", "RETRY-AFTER": "7"}
    error = error_from_status(429, headers=headers, provider="acme", model="m-1", now=0.0)
    assert (error.request_id, error.retry_after) == ("abc", 7.0)
    assert (error.provider, error.model) == ("acme", "m-1")
    assert error_from_status(429, headers=headers, request_id="r-1").request_id == "r-1"


def test_without_a_message_the_error_names_the_status():
    assert (
        error_from_status(503, headers={}).message
        == "The provider answered 503 Service Unavailable."
    )
    assert error_from_status(529, headers={}).message == "The provider answered 529."


def test_a_redirect_says_what_to_correct():
    assert "base URL" in error_from_status(308, headers={}).hint
