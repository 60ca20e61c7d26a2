"""Error responses of Amazon Bedrock, as typed errors.

A failure comes as an HTTP answer, or as a frame in the middle of a stream. Either way it has a code,
which may be spelled `ThrottlingException`, `throttlingException`,
`com.amazonaws.bedrock#ThrottlingException` or `ThrottlingException:http://...`; the code decides
first, then what the message says (`symptoms`), then the HTTP status.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from attrs import frozen

from modelwire.authoring import (
    ServiceFailure,
    error_of_failure,
    parse_json_or_none,
    read_failure_body,
    reports_failure,
)
from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    InvalidRequest,
    NotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
)
from modelwire.redaction import redact
from modelwire.transport import (
    explain_body,
    parse_retry_after,
    request_id_in,
)
from modelwire_bedrock.error_rules import ErrorRule, Symptom, find_rule

__all__ = [
    "REQUEST_ID_HEADERS",
    "ServiceFault",
    "exception_status",
    "fault_in_stream",
    "fault_of_response",
    "fault_of_success",
    "normal_code",
]

REQUEST_ID_HEADERS = ("x-amzn-requestid",)
"""Header fields in which AWS names a request in its response."""


@frozen
class _Meaning:
    kind: type[ProviderError]
    status: int
    hint: str | None = None
    retryable: bool | None = None


_KEYS = "Check the access key, the secret key and the session token; they belong together."
_CLOCK = "Set this machine's clock; AWS takes requests for five minutes around their time."

_MEANINGS: Mapping[str, _Meaning] = {
    "accessdenied": _Meaning(AccessDenied, 403),
    "conflict": _Meaning(InvalidRequest, 400, retryable=True),
    "expiredtoken": _Meaning(AuthenticationError, 403),
    "incompletesignature": _Meaning(AuthenticationError, 400, _KEYS),
    "internalserver": _Meaning(ServerError, 500),
    "internalservererror": _Meaning(ServerError, 500),
    "internalfailure": _Meaning(ServerError, 500),
    "invalidclienttokenid": _Meaning(AuthenticationError, 403, _KEYS),
    "invalidsignature": _Meaning(AuthenticationError, 403, _KEYS),
    "missingauthenticationtoken": _Meaning(AuthenticationError, 403, "The request was not signed."),
    "modelerror": _Meaning(ServerError, 424),
    "modelnotready": _Meaning(Overloaded, 429),
    "modelstreamerror": _Meaning(ServerError, 424),
    "modeltimeout": _Meaning(RequestTimeout, 408),
    "optinrequired": _Meaning(AccessDenied, 403, "The account is not subscribed to the service."),
    "requestexpired": _Meaning(AuthenticationError, 400, _CLOCK),
    "requesttimetooskewed": _Meaning(AuthenticationError, 403, _CLOCK),
    "resourcenotfound": _Meaning(NotFound, 404),
    "servicequotaexceeded": _Meaning(
        RateLimited, 400, "Ask for a higher quota in Service Quotas.", retryable=False
    ),
    "serviceunavailable": _Meaning(Overloaded, 503),
    "signaturedoesnotmatch": _Meaning(AuthenticationError, 403, _KEYS),
    "throttling": _Meaning(RateLimited, 429),
    "toomanyrequests": _Meaning(RateLimited, 429),
    "unknownoperation": _Meaning(NotFound, 404, "Is the endpoint one of the Bedrock runtime?"),
    "unrecognizedclient": _Meaning(AuthenticationError, 403, _KEYS),
    "validation": _Meaning(InvalidRequest, 400),
}
"""The error classes of the codes, and their HTTP status where botocore does not give it.

Those of `bedrock-runtime` are in botocore's service model; the others are errors that all services
of AWS have in common.
"""

_UNKNOWN_KEYS = frozenset({"invalidclienttokenid", "unrecognizedclient"})

_ACTION = re.compile(r"perform(?: the required)?:? ?([a-z][a-z-]*:[A-Za-z]+)")
_EXPLICIT_DENY = re.compile(
    r"explicit deny(?: in an? ([a-z][a-z -]*?(?:policy|boundary)))?", re.IGNORECASE
)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,99}")
_XML_CODE = re.compile(rb"<Error>\s*(?:<Type>\w*</Type>\s*)?<Code>([A-Za-z.]{1,100})</Code>")
_CODE_KEYS = ("__type", "code", "Code")
_LONGEST_MESSAGE = 2_000
_CANONICAL = "The Canonical String for this request"


class ServiceFault(Exception):
    """A failure as the service reported it; the `__cause__` of the typed error.

    Attributes:
        code: The code as it was spelled, without namespace and address; empty where there was none.
        message: The message of the service.
        status: The HTTP status, or the one that botocore's service model gives to the code.
        symptom: What the message means, where it is known.
        in_stream: Whether it came after the answer had begun.
        request_id: The service's id of the request, or `None`.
        retry_after: The seconds to wait that the service named, or `None`.
        original_status: The status of the model behind the service, or `None`.
        reported: The failure in the shapes of other services.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        in_stream: bool = False,
        request_id: str | None = None,
        retry_after: float | None = None,
        original_status: int | None = None,
        reported: ServiceFailure | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.code = code
        self.message = message
        self.status = status
        self.in_stream = in_stream
        self.request_id = request_id
        self.retry_after = retry_after
        self.original_status = original_status
        self.reported = reported or ServiceFailure(message)
        rule = find_rule(normal_code(code), message)
        # 413 and 429 say what they mean; only under other statuses may a bare message be read.
        self._rule: ErrorRule | None = None if rule and not code and _plain_status(status) else rule

    @property
    def symptom(self) -> Symptom | None:
        """The symptom that the message describes, where it is known."""
        return None if self._rule is None else self._rule.symptom

    @property
    def is_expired_token(self) -> bool:
        """Whether other credentials of the same identity may be taken."""
        return (
            normal_code(self.code) == "expiredtoken" or self.symptom is Symptom.EXPIRED_CREDENTIALS
        )

    @property
    def refuses_keys(self) -> bool:
        """Whether the credentials have expired or are unknown, as those that were replaced are."""
        return self.is_expired_token or normal_code(self.code) in _UNKNOWN_KEYS

    def _general_error(self, provider: str | None, model: str | None) -> ProviderError:
        """The error of a failure that AWS has no word for, as a gateway in front of it reports one."""
        message = f"{self.code}: {self.message}" if self.code else self.message
        failure = ServiceFailure(
            message,
            code=self.code or self.reported.code,
            type=self.reported.type,
            status=self.status,
        )
        error = error_of_failure(failure, provider=provider, model=model)
        error.request_id = self.request_id
        error.retry_after = self.retry_after if self.retry_after is not None else error.retry_after
        return error

    def error(self, *, provider: str | None = None, model: str | None = None) -> ProviderError:
        """Make the typed error; raise it `from` this."""
        meaning = _MEANINGS.get(normal_code(self.code))
        rule = self._rule
        if meaning is None and rule is None:
            return self._general_error(provider, model)
        kind = rule.kind if rule is not None else meaning.kind if meaning else InvalidRequest
        retryable = rule.retryable if rule is not None else None
        hint = rule.hint if rule is not None else None
        if meaning is not None and issubclass(meaning.kind, kind):
            retryable = meaning.retryable if retryable is None else retryable
            hint = hint or meaning.hint
        if kind is AccessDenied:
            hint = _permission_hint(self.message) or hint
        if kind is ServerError and _is_lasting(self.original_status):
            retryable = False
        return kind(
            self.message or f"Amazon Bedrock answered {self.code}.",
            provider=provider,
            model=model,
            status=self.status,
            request_id=self.request_id,
            retry_after=self.retry_after,
            retryable=retryable,
            hint=hint,
        )


def fault_of_response(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> ServiceFault:
    """Read an HTTP answer that is not a success.

    Args:
        status: Its HTTP status.
        headers: Its header fields, by names in any case.
        body: Its body, or the beginning of it; JSON, or whatever a proxy on the way wrote.
        now: When it arrived, in seconds since the epoch; by default now.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    data = _json_object(body)
    reported = read_failure_body(body, fields.get("content-type"), status=status)
    # Of a gateway that puts the failure into an object, or of a service that speaks XML.
    inner = _bare_code(reported.code) or _xml_code(body)
    code = (
        _bare_code(fields.get("x-amzn-errortype", ""))
        or _code_in(data)
        or (inner if normal_code(inner) in _MEANINGS else "")
    )
    return ServiceFault(
        code,
        _message_in(data) or reported.message,
        status=status,
        request_id=request_id_in(fields, REQUEST_ID_HEADERS),
        retry_after=parse_retry_after(fields, time.time() if now is None else now),
        original_status=_number(data.get("originalStatusCode")),
        reported=reported,
    )


def _xml_code(body: bytes) -> str:
    found = _XML_CODE.search(body) if body.lstrip().startswith(b"<") else None
    return "" if found is None else found[1].decode("ascii")


def fault_of_success(headers: Mapping[str, str], body: bytes) -> ServiceFault | None:
    """Read a failure that was answered with the status 200; `None` where the body reports none.

    Args:
        headers: The header fields of the response, by names in any case.
        body: Its body.
    """
    data = parse_json_or_none(body)
    named = _code_in(_json_object(body)) or any(
        name.lower() == "x-amzn-errortype" for name in headers
    )
    if not named and not reports_failure("message", data):
        return None
    fault = fault_of_response(200, headers, body)
    fault.status = fault.reported.status = exception_status(fault.code)
    return fault


def fault_in_stream(
    headers: Mapping[str, object], body: bytes, secrets: Sequence[str] = ()
) -> ServiceFault:
    """Read an exception that came after the response had begun.

    Args:
        headers: The headers of its frame, such as `:exception-type`.
        body: Its payload.
        secrets: Credentials of the request, which are hidden where the service repeats them.
    """
    payload = redact(body.decode("utf-8", "replace"), secrets).encode()
    data = _json_object(payload)
    code = (
        _bare_code(headers.get(":exception-type"))
        or _bare_code(headers.get(":error-code"))
        or _code_in(data)
    )
    message = _message_in(data) or explain_body(payload) or headers.get(":error-message")
    return ServiceFault(
        code,
        redact(message, secrets) if isinstance(message, str) else "",
        status=exception_status(code),
        in_stream=True,
        original_status=_number(data.get("originalStatusCode")),
    )


def normal_code(code: str) -> str:
    """Make the spellings of a code equal: `throttling` for `ThrottlingException`."""
    return code.lower().removesuffix("exception")


def exception_status(code: str) -> int:
    """The HTTP status of an exception in a stream, whose frame carries none; 500 where unknown."""
    name = normal_code(code)
    meaning = _MEANINGS.get(name)
    return meaning.status if meaning is not None else _modelled_statuses().get(name, 500)


@cache
def _modelled_statuses() -> Mapping[str, int]:
    """The status of each exception that the installed botocore's service model has.

    A newer one may know more than this module. The first call reads a file, in some milliseconds.
    """
    from modelwire_bedrock.aws.service_data import exception_statuses

    return {normal_code(name): status for name, status in exception_statuses().items()}


def _plain_status(status: int) -> bool:
    return status in {413, 429} or status >= 500


def _is_lasting(original: int | None) -> bool:
    """Whether what the model answered would be answered again."""
    return original is not None and 400 <= original < 500 and original not in {408, 424, 429}


def _permission_hint(message: str) -> str | None:
    action = _ACTION.search(message)
    if action is None or action[1].startswith("aws-marketplace:"):
        return None
    denied = _EXPLICIT_DENY.search(message)
    if denied is None:
        return f"Allow {action[1]} for this identity in IAM."
    where = f" ({denied[1]})" if denied[1] else ""
    return (
        f"A policy{where} denies {action[1]} explicitly, so allowing it in IAM does not help; "
        "that policy has to change."
    )


def _bare_code(value: object) -> str:
    """Strip the namespace before a code and the address after it."""
    if not isinstance(value, str):
        return ""
    name = value.partition(":")[0].rpartition("#")[2].strip()
    return name if _CODE.fullmatch(name) else ""


def _json_object(body: bytes) -> dict[str, Any]:
    data = parse_json_or_none(body)
    if not isinstance(data, dict):
        return {}
    inner = data.get("Output")  # where an unknown operation is answered
    return inner if isinstance(inner, dict) else data


def _code_in(data: Mapping[str, Any]) -> str:
    return next((code for key in _CODE_KEYS if (code := _bare_code(data.get(key)))), "")


def _message_in(data: Mapping[str, Any]) -> str:
    """The message of the service, and that of the model behind it if it says more."""
    texts = [data.get(key) for key in ("message", "Message", "originalMessage")]
    unique = list(dict.fromkeys(" ".join(text.split()) for text in texts if isinstance(text, str)))
    # What follows is the request as AWS read it, session token and all.
    return " ".join(filter(None, unique)).partition(_CANONICAL)[0].strip()[:_LONGEST_MESSAGE]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
