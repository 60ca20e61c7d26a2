"""Failure rules: the meanings of codes, types and messages of failures, for every plugin.

Services copy each other's messages, and gateways pass on those of the service behind them, so
there is one table for all: the same failure is the same error with the same hint over every wire.

Evidence: `recorded` was seen in recorded traffic; `documented` is in a service's public
documentation; `reported` is in public issues; `hearsay` is an unverified recollection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from attrs import frozen

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
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
)

__all__ = ["WRONG_PATH", "FailureRule", "meaning_of_code", "meaning_of_message"]


@frozen
class FailureRule:
    """The meaning of a failure.

    Attributes:
        kind: The class of the error.
        hint: The remedy.
        retryable: An exception from the default of the class, or `None`.
        exact: Whether the code is decisive; a general one yields to the message.
    """

    kind: type[ProviderError]
    hint: str | None = None
    retryable: bool | None = None
    exact: bool = True


@frozen
class _MessageRule:
    """A message that has a meaning; its pattern is matched in lower case."""

    pattern: str
    meaning: FailureRule
    evidence: Literal["recorded", "documented", "reported", "hearsay"]
    not_under: tuple[int, ...] = ()


_OVERFLOW = FailureRule(
    ContextOverflow, "Shorten the conversation, or ask for fewer tokens with `max_tokens`."
)
_TEXT_TOO_LONG = FailureRule(ContextOverflow, "Shorten the text.")
_AUTH = FailureRule(
    AuthenticationError, "Check the API key: it is wrong, revoked, or belongs to another service."
)
_BILLING = FailureRule(BillingError, "Add credit, or raise the limit, in the provider's console.")
_FILTERED = FailureRule(ContentFiltered)
_UNKNOWN_MODEL = FailureRule(
    NotFound, "`modelwire models list` shows the models that the provider offers."
)
_RETIRED = FailureRule(NotFound, "The service has retired this model.")
_DENIED = FailureRule(AccessDenied)
_LIMITED = FailureRule(RateLimited)
_USED_UP = FailureRule(
    RateLimited, "The plan's quota is used up until it is renewed.", retryable=False
)
_TOO_LARGE = FailureRule(
    RateLimited, "The request alone is larger than the limit per minute.", retryable=False
)
_OVERLOADED = FailureRule(Overloaded)
_TIMED_OUT = FailureRule(RequestTimeout)
_REFUSED = FailureRule(InvalidRequest)
_NO_MEDIA = FailureRule(
    InvalidRequest, "Choose a model that takes such input, or leave it out.", retryable=False
)
WRONG_PATH = "The base URL has the wrong path; the API of such a server begins at `/v1`."
"""The hint where a service has nothing at a path; a `JsonApi` names the right path."""

_ROUTE = FailureRule(NotFound, WRONG_PATH)


def _general(rule: FailureRule) -> FailureRule:
    return FailureRule(rule.kind, rule.hint, rule.retryable, exact=False)


_FAILED = _general(FailureRule(ServerError))
_INVALID = _general(_REFUSED)

_CODES: Mapping[str, FailureRule] = {
    # Documented, and imitated by many.
    "insufficient_quota": _BILLING,
    "billing_hard_limit_reached": _BILLING,
    "billing_not_active": _BILLING,
    "billing_error": _BILLING,
    "context_length_exceeded": _OVERFLOW,
    "invalid_api_key": _AUTH,
    "invalid_authentication": _AUTH,
    "authentication_error": _AUTH,
    "invalid_organization": _AUTH,
    "model_not_found": _UNKNOWN_MODEL,
    "not_found_error": _general(_UNKNOWN_MODEL),
    "permission_error": _DENIED,
    "permission_denied": _DENIED,
    "insufficient_permissions": _DENIED,
    "unsupported_country_region_territory": _DENIED,
    "rate_limit_exceeded": _LIMITED,
    "rate_limit_error": _LIMITED,
    "content_filter": _FILTERED,
    "content_policy_violation": _FILTERED,
    "server_error": _FAILED,
    "internal_server_error": _FAILED,
    "internal_error": _FAILED,
    "api_error": _FAILED,
    "slow_down": _OVERLOADED,
    "overloaded": _OVERLOADED,
    "overloaded_error": _OVERLOADED,
    "server_is_overloaded": _OVERLOADED,
    "engine_overloaded": _OVERLOADED,
    "engine_overloaded_error": _OVERLOADED,
    "service_unavailable": _OVERLOADED,
    "service_unavailable_error": _OVERLOADED,
    "timeout": _TIMED_OUT,
    "timeout_error": _TIMED_OUT,
    "request_timeout": _TIMED_OUT,
    "invalid_request_error": _INVALID,
    "invalid_prompt": _REFUSED,
    "request_too_large": FailureRule(
        InvalidRequest,
        "The request is larger than the provider takes; send fewer or smaller images.",
        exact=False,
    ),
    # Local servers; recorded.
    "exceed_context_size_error": _OVERFLOW,
    "unavailable_error": FailureRule(Overloaded, "The server is still loading its model."),
    "not_supported_error": _REFUSED,
    "badrequesterror": _INVALID,
    "bad_request": _INVALID,
    "notfounderror": _UNKNOWN_MODEL,
    "internalservererror": _FAILED,
    # Hosts of open models; the first recorded, the others documented.
    "tool_use_failed": FailureRule(
        MalformedToolCall, "The model called a tool in a way that its schema does not allow."
    ),
    "model_decommissioned": _RETIRED,
    "model_not_active": _RETIRED,
    "deploymentnotfound": FailureRule(
        NotFound, "The service wants the name of a deployment as the model id."
    ),
    "responsibleaipolicyviolation": _FILTERED,
    # Hearsay.
    "insufficient_balance": _BILLING,
    "exceeded_current_quota_error": _BILLING,
    "data_inspection_failed": _FILTERED,
}

_NUMBERS: Mapping[str, FailureRule] = {
    # docs.bigmodel.cn/cn/api/api-code, November 2026; `error.code`, or `code` beside `msg`.
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004"), _AUTH),
    **dict.fromkeys(("1110", "1111", "1112", "1121", "1220", "1311"), _DENIED),
    **dict.fromkeys(("1113", "1309"), _BILLING),
    **dict.fromkeys(("1210", "1212", "1213", "1214", "1215"), _REFUSED),
    "1211": _UNKNOWN_MODEL,
    "1261": _OVERFLOW,
    "1301": _FILTERED,
    **dict.fromkeys(("1302", "1303", "1305"), _LIMITED),
    **dict.fromkeys(("1304", "1308", "1310"), _USED_UP),
    "1312": _OVERLOADED,
}

_BASE_RESP: Mapping[str, FailureRule] = {
    # platform.minimax.io/docs/api-reference/errorcode.md, read on 29 November 2026;
    # `base_resp.status_code`.
    **dict.fromkeys(("1000", "1024", "1033"), _FAILED),
    "1001": _TIMED_OUT,
    "1004": _AUTH,
    "1008": _BILLING,
    **dict.fromkeys(("1026", "1027"), _FILTERED),
    **dict.fromkeys(("1002", "1039", "1041", "2045"), _LIMITED),
    **dict.fromkeys(("1042", "2013"), _REFUSED),
    "2049": _AUTH,
    "2056": _USED_UP,
}

_MESSAGES: tuple[_MessageRule, ...] = (
    _MessageRule(
        r"maximum context length|exceeds the available context size"
        r"|exceeds? (the )?(model'?s? )?(maximum |max )?context (window|length|size|limit)"
        r"|context (window|length|size|limit) (is |was |has been )?exceed",
        _OVERFLOW, "recorded", (429,),
    ),
    _MessageRule(
        r"input is too long|prompt is too long|(prompt|input|request) (has|contains) .{0,20}tokens.{0,60}exceed"
        r"|reduce the length of the (input|messages|prompt)|maximum prompt length"
        r"|input token count.{0,30}exceeds|exceeded model token limit|too large for model with"
        r"|inputs`? tokens \+ `?max_new_tokens|context the overflows|greater than the context length"
        r"|tokens.{0,40}exceeds?.{0,30}(context|limit of)",
        _OVERFLOW, "reported", (429,),
    ),
    # Embeddings; llama.cpp says so with the status 500.
    _MessageRule(r"input \(\d+ tokens\) is too large to process", _TEXT_TOO_LONG, "recorded"),
    _MessageRule(r"maximum input length is \d+ tokens", _TEXT_TOO_LONG, "reported"),
    _MessageRule(r"request too large for \S|too large.{0,80}tokens per min", _TOO_LARGE, "reported"),
    _MessageRule(
        r"insufficient (balance|credit|funds|quota)|exceeded your current quota|out of credits?"
        r"|credit balance is too low|usage limit.{0,200}regain access",
        _BILLING, "documented",
    ),
    _MessageRule(r"usage limit (is |was |has been )?(exceeded|reached)", _USED_UP, "reported"),
    _MessageRule(r"(incorrect|invalid) api.?key|no api.?key|api.?key.{0,20}(not valid|expired)", _AUTH, "recorded"),
    _MessageRule(r"unexpected endpoint or method", _ROUTE, "reported"),
    _MessageRule(r"^file not found$", _ROUTE, "recorded"),  # llama.cpp, for each unknown path
    _MessageRule(
        r"model.{0,100}(does not exist|not found)|no such model|unknown model|not a valid model|invalid model name",
        _UNKNOWN_MODEL, "recorded", (429,),
    ),
    # A server that answers 500 to a request that it cannot read.
    _MessageRule(r"^\d+ validation errors?:", _REFUSED, "recorded"),
    # llama.cpp says so with the status 500, of a model without a projector.
    _MessageRule(r"^(image|audio|video) input is not supported", _NO_MEDIA, "recorded"),
    _MessageRule(r"(input|output) new_sensitive", _FILTERED, "documented"),
    _MessageRule(r"content (management )?(policy|filter)|safety system|flagged (as|by|for)", _FILTERED, "reported"),
)  # fmt: skip

_PLAIN = str.maketrans("\u2018\u2019\u02bc", "'''")
_LONGEST = 4_000


def meaning_of_code(code: str | None) -> FailureRule | None:
    """The meaning of a code or type, case-insensitive; `None` where it is not known.

    Args:
        code: A word, or a number of four digits as text. The numbers in a `base_resp` have that
            name and a colon before them.
    """
    if code is None:
        return None
    folded = code.strip().lower().replace("-", "_").replace(" ", "_")
    if folded.startswith("base_resp:"):
        rule = _BASE_RESP.get(folded.removeprefix("base_resp:"))
        return None if rule is None else _general(rule)
    number = _NUMBERS.get(folded)
    # Several services count from 1000, so that words outweigh a number.
    return _CODES.get(folded) if number is None else _general(number)


def meaning_of_message(message: str, status: int | None = None) -> FailureRule | None:
    """The meaning of a message under an HTTP status; `None` where it is not known."""
    text = message[:_LONGEST].translate(_PLAIN).lower()
    for rule in _MESSAGES:
        if status not in rule.not_under and re.search(rule.pattern, text, re.DOTALL):
            return rule.meaning
    return None
