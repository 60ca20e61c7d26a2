"""What refusals mean, in every shape that services write them in."""

import json

import pytest

from modelwire.authoring import (
    ServiceFailure,
    error_in_stream,
    error_of_response,
    read_failure,
)
from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ContentFiltered,
    ContextOverflow,
    InvalidRequest,
    MalformedToolCall,
    NotFound,
    Overloaded,
    RateLimited,
    RequestTimeout,
    ServerError,
)


def coded(code=None, message="It failed.", kind=None, **more):
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


RESPONSES = {
    "quota used up": (429, coded("insufficient_quota", "You exceeded your current quota."), BillingError, False),
    "quota in words": (429, {"error": {"message": "You exceeded your current quota, check your plan"}}, BillingError, False),
    "payment required": (402, coded("invalid_request_error", "Insufficient Balance"), BillingError, False),
    "too long": (400, coded("context_length_exceeded"), ContextOverflow, False),
    "too long, of llama.cpp": (400, coded(400, "request (9031 tokens) exceeds the available context size (1024 tokens)", "exceed_context_size_error"), ContextOverflow, False),
    "a picture, of llama.cpp": (500, coded(500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj", "server_error"), InvalidRequest, False),
    "too long, of vllm": (400, coded(400, "This model's maximum context length is 2048 tokens.", "BadRequestError"), ContextOverflow, False),
    "too long, of an old vllm": (400, {"object": "error", "message": "This model's maximum context length is 2048 tokens.", "type": "BadRequestError", "code": 400}, ContextOverflow, False),
    "too long, of xai": (400, {"code": "Client specified an invalid argument", "error": "This model's maximum prompt length is 131072 but the request contains 537812 tokens."}, ContextOverflow, False),
    "too long, of bedrock behind databricks": (400, {"error_code": "BAD_REQUEST", "message": "Input is too long for requested model."}, ContextOverflow, False),
    "too long, of groq": (400, coded("context_length_exceeded", "Please reduce the length of the messages or completion.", "invalid_request_error"), ContextOverflow, False),
    "too long, of llama-cpp-python": (400, coded(None, "Requested tokens (2049) exceed context window of 2048"), ContextOverflow, False),
    "too long under 429 is a limit": (429, coded(None, "maximum context length tokens per minute"), RateLimited, True),
    "wrong key": (401, coded("invalid_api_key"), AuthenticationError, False),
    "wrong key, of vllm": (401, {"error": "Unauthorized"}, AuthenticationError, False),
    "wrong key, of fastapi": (401, {"detail": "Invalid API key"}, AuthenticationError, False),
    "wrong key, of llama.cpp": (401, {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}}, AuthenticationError, False),
    "wrong key under 400": (400, {"error": {"message": "Incorrect API key provided: xx"}}, AuthenticationError, False),
    "no permission": (403, coded("permission_denied"), AccessDenied, False),
    "country": (403, coded("unsupported_country_region_territory"), AccessDenied, False),
    "no such model": (404, coded("model_not_found"), NotFound, False),
    "no such model, of vllm": (404, coded(404, "The model `x` does not exist.", "NotFoundError"), NotFound, False),
    "no such model under 400": (400, coded(None, "x is not a valid model ID"), NotFound, False),
    "no such path, of llama.cpp": (404, {"error": {"message": "File Not Found", "type": "not_found_error", "code": 404}}, NotFound, False),
    "model retired": (400, coded("model_decommissioned"), NotFound, False),
    "too often": (429, coded("rate_limit_exceeded"), RateLimited, True),
    "too often, by status": (429, "slow down", RateLimited, True),
    "alone too large": (413, coded("rate_limit_exceeded", "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000", "tokens"), RateLimited, False),
    "filtered": (400, coded("content_filter", "The response was filtered."), ContentFiltered, False),
    "filtered, of azure": (400, coded(None, "filtered", None, innererror={"code": "ResponsibleAIPolicyViolation"}), ContentFiltered, False),
    "server": (500, coded("server_error"), ServerError, True),
    "plain text": (500, "Internal Server Error", ServerError, True),
    "a page": (502, "<html><head><title>502 Bad Gateway</title></head></html>", ServerError, True),
    "overloaded": (503, coded("overloaded_error"), Overloaded, True),
    "loading": (503, coded(503, "Loading model", "unavailable_error"), Overloaded, True),
    "a validation error under 500": (500, coded(None, "7 validation errors:\n {}", "internal_server_error"), InvalidRequest, False),
    "timeout": (408, coded("timeout"), RequestTimeout, True),
    "detail as a list": (422, {"detail": [{"loc": ["body", "x"], "msg": "field required"}]}, InvalidRequest, False),
    "a list around it": (400, [{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}], InvalidRequest, False),
    "an invalid call of the model": (400, coded("tool_use_failed"), MalformedToolCall, True),
    "code null": (400, coded(None, "no", "invalid_request_error"), InvalidRequest, False),
    "code as text": (400, coded("400", "no"), InvalidRequest, False),
    "nothing": (500, "", ServerError, True),
}  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "retryable"), RESPONSES.values(), ids=RESPONSES)
def test_a_refusal_has_its_type(status, body, kind, retryable):
    raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    error = error_of_response(status, {"x-request-id": "req_1"}, raw, provider="p", model="m")
    assert type(error) is kind
    assert error.retryable is retryable
    assert (error.status, error.provider, error.model, error.request_id) == (
        status,
        "p",
        "m",
        "req_1",
    )
    assert error.message
    assert isinstance(error.__cause__, ServiceFailure)


def test_what_the_service_said_can_be_looked_at():
    body = json.dumps(
        coded("context_length_exceeded", "Too long.", "invalid_request_error", param="messages")
    )
    fault = error_of_response(400, {}, body.encode()).__cause__
    assert (fault.code, fault.type, fault.message) == (
        "context_length_exceeded",
        "invalid_request_error",
        "Too long.",
    )
    assert fault.status == 400


def test_what_is_behind_openrouter_is_reported():
    raw = {
        "message": "Provider returned error",
        "code": 400,
        "metadata": {"raw": '{"error":{"message":"bad tool"}}'},
    }
    assert error_in_stream({"error": raw}).message == "Provider returned error: bad tool"


NOW = 1_700_000_000.0
WAITS = {
    "seconds": ({"Retry-After": "7"}, "", 7.0),
    "a fraction": ({"retry-after": "0.5"}, "", 0.5),
    "a date": ({"Retry-After": "Tue, 14 Nov 2023 22:13:30 GMT"}, "", 10.0),
    "milliseconds": ({"retry-after-ms": "250", "Retry-After": "9"}, "", 0.25),
    "in words": ({}, "Please try again in 1.5s. Visit", 1.5),
    "milliseconds in words": ({}, "Please try again in 20ms.", 0.02),
    "minutes in words": ({}, "Please try again in 6m0.5s.", 360.5),
    "hours in words": ({}, "try again in 1h2m3s", 3723.0),
    "the header wins": ({"retry-after": "2"}, "Please try again in 9s", 2.0),
    "nothing": ({}, "Please try again in a while", None),
    "hours without end": ({}, f"Please try again in {'9' * 5000}h", None),
    "seconds without end": ({}, f"Please try again in {'9' * 5000}s", None),
    "a header without end": ({"retry-after": "9" * 5000}, "", None),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "message", "seconds"), WAITS.values(), ids=WAITS)
def test_how_long_to_wait_is_understood(headers, message, seconds):
    body = json.dumps(coded("rate_limit_exceeded", message or "slow")).encode()
    assert error_of_response(429, headers, body, now=NOW).retry_after == seconds


@pytest.mark.parametrize("said", ["true", "false"])
def test_the_service_may_say_whether_another_try_makes_sense(said):
    error = error_of_response(429, {"X-Should-Retry": said}, b"{}")
    assert error.retryable is (said == "true")


IN_STREAM = {
    "an object": ({"error": {"message": "m", "code": "server_error"}}, ServerError),
    "a status as its code": ({"error": {"message": "m", "code": 502}}, ServerError),
    "a status as text": ({"error": {"message": "m", "code": "429"}}, RateLimited),
    "a status beside": ({"error": {"message": "m", "status_code": 401}}, AuthenticationError),
    "a text": ({"error": "m"}, ServerError),
    "only words": ("m", ServerError),
    "nothing": ({}, ServerError),
    "flat": ({"type": "error", "code": "context_length_exceeded", "message": "m", "param": None}, ContextOverflow),
}  # fmt: skip


@pytest.mark.parametrize(("payload", "kind"), IN_STREAM.values(), ids=IN_STREAM)
def test_a_failure_in_a_stream_has_its_type(payload, kind):
    error = error_in_stream(payload, provider="p", model="m", request_id="r")
    assert type(error) is kind
    assert error.message
    assert (error.provider, error.model, error.request_id) == ("p", "m", "r")


@pytest.mark.parametrize(
    "payload", [None, 3, [], [3], {"error": None}, {"error": 5}, {"error": {"message": {"a": 1}}}]
)
def test_nonsense_is_read_as_nothing(payload):
    assert read_failure(payload).code is None
