"""Error rules: what the codes, types and messages of failures mean.

Evidence: `recorded` was seen in recorded traffic; `documented` stands in a service's public
documentation; `reported` stands in public issues or in the reference; `hearsay` is what people
remember of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

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

__all__ = ["ErrorRule", "meaning_of_code", "meaning_of_message"]


@frozen
class ErrorRule:
    """What a code stands for.

    Attributes:
        kind: The error.
        hint: What to do about it.
        retryable: Whether that differs from what is usual for the kind.
        exact: Whether the code says it all; a general one yields to what the message says.
    """

    kind: type[ProviderError]
    hint: str | None = None
    retryable: bool | None = None
    exact: bool = True


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


@frozen
class _Rule:
    """A message that has a meaning."""

    pattern: re.Pattern[str] = field(converter=_compiled)
    meaning: ErrorRule
    evidence: Literal["recorded", "documented", "reported", "hearsay"]
    not_under: tuple[int, ...] = ()


_SHORTEN = "Shorten the conversation, or ask for fewer tokens with `max_tokens`."
_KEY = "Check the API key: it is wrong, revoked, or that of another service."
_CREDIT = "Add credit, or raise the limit, in the provider's console."
_MODEL = "`modelwire models list` shows what the provider offers."

_OVERFLOW = ErrorRule(ContextOverflow, _SHORTEN)
_AUTH = ErrorRule(AuthenticationError, _KEY)
_BILLING = ErrorRule(BillingError, _CREDIT)
_FILTERED = ErrorRule(ContentFiltered)
_UNKNOWN_MODEL = ErrorRule(NotFound, _MODEL)
_TOO_LARGE = ErrorRule(
    RateLimited, "The request alone is larger than the limit per minute.", retryable=False
)

_CODES: Mapping[str, ErrorRule] = {
    # What OpenAI documents and many imitate.
    "insufficient_quota": _BILLING,
    "billing_hard_limit_reached": _BILLING,
    "billing_not_active": _BILLING,
    "context_length_exceeded": _OVERFLOW,
    "invalid_api_key": _AUTH,
    "invalid_authentication": _AUTH,
    "authentication_error": _AUTH,
    "invalid_organization": _AUTH,
    "model_not_found": _UNKNOWN_MODEL,
    "not_found_error": ErrorRule(NotFound, exact=False),
    "permission_error": ErrorRule(AccessDenied),
    "permission_denied": ErrorRule(AccessDenied),
    "insufficient_permissions": ErrorRule(AccessDenied),
    "unsupported_country_region_territory": ErrorRule(AccessDenied),
    "rate_limit_exceeded": ErrorRule(RateLimited),
    "rate_limit_error": ErrorRule(RateLimited),
    "content_filter": _FILTERED,
    "content_policy_violation": _FILTERED,
    "server_error": ErrorRule(ServerError, exact=False),
    "internal_server_error": ErrorRule(ServerError, exact=False),
    "internal_error": ErrorRule(ServerError, exact=False),
    "api_error": ErrorRule(ServerError, exact=False),
    "slow_down": ErrorRule(Overloaded),
    "overloaded": ErrorRule(Overloaded),
    "overloaded_error": ErrorRule(Overloaded),
    "engine_overloaded": ErrorRule(Overloaded),
    "engine_overloaded_error": ErrorRule(Overloaded),
    "service_unavailable": ErrorRule(Overloaded),
    "service_unavailable_error": ErrorRule(Overloaded),
    "timeout": ErrorRule(RequestTimeout),
    "request_timeout": ErrorRule(RequestTimeout),
    "invalid_request_error": ErrorRule(InvalidRequest, exact=False),
    "invalid_prompt": ErrorRule(InvalidRequest),
    # llama.cpp; the first and the last recorded.
    "exceed_context_size_error": _OVERFLOW,
    "unavailable_error": ErrorRule(Overloaded, "The server is still loading its model."),
    "not_supported_error": ErrorRule(InvalidRequest),
    # vLLM: names of exceptions; recorded.
    "badrequesterror": ErrorRule(InvalidRequest, exact=False),
    "bad_request": ErrorRule(InvalidRequest, exact=False),
    "notfounderror": _UNKNOWN_MODEL,
    "internalservererror": ErrorRule(ServerError, exact=False),
    # Groq; the first recorded.
    "tool_use_failed": ErrorRule(
        MalformedToolCall, "The model called a tool in a way that its schema does not allow."
    ),
    "model_decommissioned": ErrorRule(NotFound, "The service has retired this model."),
    "model_not_active": ErrorRule(NotFound, "The service has retired this model."),
    # Azure, by its documentation.
    "deploymentnotfound": ErrorRule(
        NotFound, "Azure wants the name of a deployment as the model id."
    ),
    "responsibleaipolicyviolation": _FILTERED,
    # DeepSeek, Moonshot, Alibaba; hearsay.
    "insufficient_balance": _BILLING,
    "exceeded_current_quota_error": _BILLING,
    "data_inspection_failed": _FILTERED,
}

_RULES: tuple[_Rule, ...] = (
    _Rule(
        r"maximum context length|exceeds the available context size"
        r"|exceeds? (the )?(model'?s? )?(maximum |max )?context (window|length|size)"
        r"|context (window|length|size) (is |was |has been )?exceed",
        _OVERFLOW, "recorded", (429,),
    ),
    _Rule(
        r"input is too long|prompt is too long|(prompt|input|request) (has|contains) .{0,20}tokens.{0,60}exceed"
        r"|reduce the length of the (input|messages|prompt)|maximum prompt length"
        r"|input token count.{0,30}exceeds|exceeded model token limit|too large for model with"
        r"|inputs`? tokens \+ `?max_new_tokens|context the overflows|greater than the context length"
        r"|tokens.{0,40}exceeds?.{0,30}(context|limit of)",
        _OVERFLOW, "reported", (429,),
    ),
    _Rule(r"request too large for (model|gpt|o\d)|too large.{0,80}tokens per min", _TOO_LARGE, "reported"),
    _Rule(r"insufficient (balance|credit|funds|quota)|exceeded your current quota|out of credits?", _BILLING, "documented"),
    _Rule(r"(incorrect|invalid) api.?key|no api.?key|api.?key.{0,20}(not valid|expired)", _AUTH, "recorded"),
    _Rule(r"model.{0,100}(does not exist|not found)|no such model|unknown model|not a valid model", _UNKNOWN_MODEL, "recorded", (429,)),
    # llama-cpp-python answers 500 to a request that it cannot read.
    _Rule(r"^\d+ validation errors?:", ErrorRule(InvalidRequest), "recorded"),
    _Rule(r"content (management )?(policy|filter)|safety system|flagged (as|by|for)", _FILTERED, "reported"),
)  # fmt: skip

_PLAIN = str.maketrans("\u2018\u2019\u02bc", "'''")


def meaning_of_code(code: str | None) -> ErrorRule | None:
    """What a code or type means, in whatever case it is written."""
    if code is None:
        return None
    folded = code.strip().lower().replace("-", "_").replace(" ", "_")
    return _CODES.get(folded)


def meaning_of_message(message: str, status: int | None) -> ErrorRule | None:
    """What a message means under a status."""
    text = message.translate(_PLAIN).lower()
    for rule in _RULES:
        if status not in rule.not_under and rule.pattern.search(text):
            return rule.meaning
    return None
