"""What AWS answers when it fails becomes the typed error that it means."""

import json

import pytest
from botocore.loaders import create_loader

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    ContextOverflow,
    InvalidRequest,
    NotFound,
    Overloaded,
    RateLimited,
    RequestTimeout,
    ServerError,
)
from modelwire_bedrock.error_rules import Symptom
from modelwire_bedrock.errors import _MEANINGS, exception_status, fault_of_response, normal_code


def fault(status, code="", message="Something is wrong.", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if code:
        named["x-amzn-ErrorType"] = code
    return fault_of_response(status, named, json.dumps({"message": message}).encode(), now=0)


def error(*args, **kwargs):
    return fault(*args, **kwargs).error(provider="amazon-bedrock", model="a-model")


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (429, "ThrottlingException", RateLimited, True),
        (400, "throttlingException", RateLimited, True),
        (400, "THROTTLINGEXCEPTION", RateLimited, True),
        (429, "TooManyRequestsException", RateLimited, True),
        (400, "ServiceQuotaExceededException", RateLimited, False),
        (429, "ModelNotReadyException", Overloaded, True),
        (408, "ModelTimeoutException", RequestTimeout, True),
        (424, "ModelErrorException", ServerError, True),
        (424, "ModelStreamErrorException", ServerError, True),
        (500, "InternalServerException", ServerError, True),
        (500, "InternalFailure", ServerError, True),
        (503, "ServiceUnavailableException", Overloaded, True),
        (403, "AccessDeniedException", AccessDenied, False),
        (403, "UnrecognizedClientException", AuthenticationError, False),
        (403, "InvalidSignatureException", AuthenticationError, False),
        (403, "SignatureDoesNotMatch", AuthenticationError, False),
        (403, "MissingAuthenticationTokenException", AuthenticationError, False),
        (403, "MissingAuthenticationToken", AuthenticationError, False),
        (403, "ExpiredTokenException", AuthenticationError, False),
        (400, "ExpiredToken", AuthenticationError, False),
        (400, "RequestExpired", AuthenticationError, False),
        (404, "ResourceNotFoundException", NotFound, False),
        (400, "ValidationException", InvalidRequest, False),
        (502, "", ServerError, True),
        (418, "TeapotException", InvalidRequest, False),
    ],
)
def test_the_code_decides(status, code, kind, retryable):
    raised = error(status, code)

    assert type(raised) is kind
    assert raised.retryable is retryable
    assert raised.status == status
    assert (raised.provider, raised.model) == ("amazon-bedrock", "a-model")
    assert "Something is wrong." in str(raised)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"x-amzn-errortype": "ThrottlingException"}, {}),
        ({"X-Amzn-ErrorType": "ThrottlingException:http://internal.amazon.com/coral/x#y"}, {}),
        ({"x-amzn-errortype": "com.amazonaws.bedrock#ThrottlingException"}, {}),
        ({}, {"__type": "com.amazon.coral.availability#ThrottlingException"}),
        ({}, {"code": "ThrottlingException"}),
    ],
)
@pytest.mark.parametrize("key", ["message", "Message"])
def test_code_and_message_are_found_wherever_aws_puts_them(headers, body, key):
    found = fault_of_response(400, headers, json.dumps({**body, key: "Slow down."}).encode())

    assert found.code == "ThrottlingException"
    assert found.message == "Slow down."
    assert isinstance(found.error(), RateLimited)


def test_request_id_and_time_to_wait_are_reported():
    raised = error(429, "ThrottlingException", x_amzn_RequestId="id-1", Retry_After="7")
    assert (raised.request_id, raised.retry_after) == ("id-1", 7.0)


CURLY = "Invocation of model ID x with on-demand throughput isn\u2019t supported. Retry."


@pytest.mark.parametrize(
    ("message", "symptom", "kind"),
    [
        ("Input is too long for requested model.", Symptom.CONTEXT_OVERFLOW, ContextOverflow),
        (
            "The model returned the following errors: prompt is too long: 210000 tokens > 200000 maximum",
            Symptom.CONTEXT_OVERFLOW,
            ContextOverflow,
        ),
        (
            "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
            Symptom.CONTEXT_OVERFLOW,
            ContextOverflow,
        ),
        (
            "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
            Symptom.CONTEXT_OVERFLOW,
            ContextOverflow,
        ),
        (
            "This model's maximum context length is 8192 tokens.",
            Symptom.CONTEXT_OVERFLOW,
            ContextOverflow,
        ),
        (
            "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
            Symptom.CONTEXT_OVERFLOW,
            ContextOverflow,
        ),
        (
            "The maximum tokens you requested exceeds the model limit of 4096. Try again.",
            Symptom.MAX_TOKENS_TOO_HIGH,
            InvalidRequest,
        ),
        (CURLY, Symptom.ON_DEMAND_UNSUPPORTED, InvalidRequest),
        (CURLY.replace("\u2019", "'"), Symptom.ON_DEMAND_UNSUPPORTED, InvalidRequest),
        (
            "This model doesn't support tool use in streaming mode.",
            Symptom.TOOLS_NOT_STREAMED,
            InvalidRequest,
        ),
        (
            "The model is unsupported for streaming.",
            Symptom.STREAMING_UNSUPPORTED,
            InvalidRequest,
        ),
        (
            "messages.1.content.0: Invalid `signature` in `thinking` block",
            Symptom.STALE_SIGNATURE,
            InvalidRequest,
        ),
        (
            "The provided model identifier is invalid.",
            Symptom.UNKNOWN_MODEL,
            NotFound,
        ),
        (
            "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text.",
            Symptom.BLANK_TEXT,
            InvalidRequest,
        ),
        (
            "`temperature` is deprecated for this model.",
            Symptom.TEMPERATURE_REFUSED,
            InvalidRequest,
        ),
        ("You don't have access to the model.", Symptom.MODEL_ACCESS, AccessDenied),
    ],
)
@pytest.mark.parametrize("code", ["ValidationException", "validationException", ""])
def test_the_message_of_a_validation_error_is_understood(code, message, symptom, kind):
    found = fault(400, code, message)

    assert found.symptom is symptom
    assert type(found.error()) is kind
    assert found.error().hint


@pytest.mark.parametrize(
    "message",
    [
        "Malformed input request: #/messages/2/content/0: extraneous key [toolResult] is not permitted",
        "messages.0.content.1.image: image exceeds 5 MB maximum",
        "The provided model doesn't support counting tokens.",
        "tools.0.name: the name exceeds the maximum length of 64",
    ],
)
def test_other_validation_errors_keep_being_that(message):
    assert fault(400, "ValidationException", message).symptom is None


@pytest.mark.parametrize(
    ("status", "code"), [(429, "ThrottlingException"), (429, ""), (503, ""), (413, "")]
)
def test_too_many_tokens_is_no_overflow_where_it_means_too_fast(status, code):
    raised = error(status, code, "Too many tokens, please wait before trying again.")
    assert not isinstance(raised, ContextOverflow)


def test_a_quota_of_the_day_is_not_worth_another_try():
    raised = error(429, "ThrottlingException", "Too many tokens per day, please wait.")
    assert type(raised) is RateLimited
    assert not raised.retryable


def test_a_missing_permission_names_the_action():
    said = "User: arn:aws:iam::1:user/u is not authorized to perform: bedrock:InvokeModelWithResponseStream on resource: x"
    raised = error(403, "AccessDeniedException", said)
    assert "bedrock:InvokeModelWithResponseStream" in raised.hint


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("InvalidSignatureException", "Signature expired: 20260101T is now earlier than 20260102T"),
        ("InvalidSignatureException", "Signature not yet current: 20260101T"),
        ("RequestExpired", "Request has expired."),
    ],
)
def test_a_wrong_clock_is_recognised(code, message):
    raised = error(403, code, message)
    assert isinstance(raised, AuthenticationError)
    assert "clock" in raised.hint


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredTokenException", "The security token included in the request is expired"),
        ("", "The security token included in the request is expired"),
        ("AccessDeniedException", "Bearer Token has expired"),
    ],
)
def test_expired_credentials_are_recognised(code, message):
    assert fault(403, code, message).is_expired_token
    assert isinstance(error(403, code, message), AuthenticationError)


def test_the_session_token_that_aws_repeats_is_hidden():
    said = (
        "The request signature we calculated does not match. The Canonical String for this "
        "request should have been 'POST x-amz-security-token:IQoJb3JpZ2lu'"
    )
    raised = error(403, "SignatureDoesNotMatch", said)
    assert "IQoJ" not in str(raised) + repr(raised) + str(raised.hint)
    assert "does not match" in str(raised)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (502, b"<html><head><title>502 Bad Gateway</title></head></html>", "502 Bad Gateway"),
        (413, b"", "413"),
        (500, b"\xff\xfe not text", "not text"),
        (503, b"[1, 2", "[1, 2"),
    ],
)
def test_what_a_proxy_answers_is_explained(status, body, said):
    raised = fault_of_response(status, {}, body).error()
    assert said in str(raised)
    assert raised.status == status


def test_an_operation_that_the_endpoint_does_not_know_is_reported():
    body = (
        b'{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1"}'
    )
    raised = fault_of_response(404, {}, body).error()
    assert isinstance(raised, NotFound)
    assert "UnknownOperation" in str(raised)


def test_a_recorded_refusal_is_a_typed_error(recorded_refusal):
    raised = fault_of_response(400, {}, recorded_refusal).error()
    said = json.loads(recorded_refusal)["message"]

    assert isinstance(raised, NotFound if "identifier is invalid" in said else InvalidRequest)
    assert not isinstance(raised, ContextOverflow)
    assert str(raised) == said


def test_the_statuses_are_those_of_the_service_model():
    model = create_loader().load_service_model("bedrock-runtime", "service-2")
    modelled = {
        normal_code(name): shape["error"]["httpStatusCode"]
        for name, shape in model["shapes"].items()
        if shape.get("exception")
    }
    assert modelled
    assert {code: _MEANINGS[code].status for code in modelled} == modelled


def test_a_status_that_only_the_service_model_knows_is_found_there(monkeypatch):
    monkeypatch.delitem(_MEANINGS, "modeltimeout")
    assert exception_status("ModelTimeoutException") == 408
    assert exception_status("NobodyKnowsException") == 500


@pytest.mark.parametrize("body", [b"null", b"[]", b'"x"', b"[" * 100_000, b'{"message": 7}'])
def test_any_body_gives_an_error(body):
    assert fault_of_response(500, {}, body).error().status == 500
