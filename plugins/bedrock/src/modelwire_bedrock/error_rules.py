"""Error rules: what the messages of Amazon Bedrock's refusals mean.

AWS answers most mistakes with one code, `ValidationException`, so the text has to be read. It is
matched loosely: without regard to case, and with typographic apostrophes made plain.

Evidence: `recorded` was seen in recorded traffic; `reported` is in a public issue with the
text quoted; `hearsay` is an unverified recollection.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal

from attrs import field, frozen

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    ContextOverflow,
    InvalidRequest,
    NotFound,
    ProviderError,
    RateLimited,
)

__all__ = ["SYMPTOMS", "ErrorRule", "Symptom", "find_rule", "plain_text"]


class Symptom(StrEnum):
    """A failure that differs from others of its code."""

    CONTEXT_OVERFLOW = "context_overflow"
    ON_DEMAND_UNSUPPORTED = "on_demand_unsupported"
    TOOLS_NOT_STREAMED = "tools_not_streamed"
    STREAMING_UNSUPPORTED = "streaming_unsupported"
    STALE_SIGNATURE = "stale_signature"
    UNKNOWN_MODEL = "unknown_model"
    BLANK_TEXT = "blank_text"
    TEMPERATURE_REFUSED = "temperature_refused"
    FIELD_REFUSED = "field_refused"
    CACHING_REFUSED = "caching_refused"
    MAX_TOKENS_TOO_HIGH = "max_tokens_too_high"
    MODEL_ACCESS = "model_access"
    USE_CASE_FORM = "use_case_form"
    MARKETPLACE = "marketplace"
    LEGACY_MODEL = "legacy_model"
    WRONG_ROUTE = "wrong_route"
    EXPIRED_CREDENTIALS = "expired_credentials"
    BAD_API_KEY = "bad_api_key"
    CLOCK_SKEW = "clock_skew"
    DAILY_QUOTA = "daily_quota"


_REQUEST = frozenset({"validation", "modelerror", "modelstreamerror", ""})
_IDENTITY = frozenset(
    {
        "accessdenied",
        "expiredtoken",
        "forbidden",
        "incompletesignature",
        "invalidsignature",
        "requestexpired",
        "signaturedoesnotmatch",
        "unrecognizedclient",
        "",
    }
)
_ACCESS = frozenset({"accessdenied", "resourcenotfound", "validation", ""})
_THROTTLE = frozenset({"throttling", "toomanyrequests", "servicequotaexceeded", ""})


def _compiled(text: str) -> re.Pattern[str]:
    return re.compile(text, re.DOTALL)


@frozen
class ErrorRule:
    """How one symptom is recognised, and what it means.

    Attributes:
        symptom: Its name.
        codes: The codes that it comes under; an empty one means that the answer had none.
        pattern: What the message says.
        kind: The type of the error.
        evidence: How well the text is known.
        hint: What to do about it.
        retryable: Whether that differs from what is usual for the kind.
    """

    symptom: Symptom
    codes: frozenset[str]
    pattern: re.Pattern[str] = field(converter=_compiled)
    kind: type[ProviderError]
    evidence: Literal["recorded", "reported", "hearsay"]
    hint: str | None = None
    retryable: bool | None = None


_SHORTEN = "Shorten the conversation, or ask for fewer tokens with `max_tokens`."
_CLOCK = "Set this machine's clock; AWS takes requests for five minutes around their time."
_PROFILE = (
    "Call the model through an inference profile: put the prefix of your geography before its id, "
    "as in `us.`, `eu.`, `apac.` or `global.`."
)
_STREAMING = "Converse without streaming may work."

SYMPTOMS: tuple[ErrorRule, ...] = (
    ErrorRule(
        Symptom.MAX_TOKENS_TOO_HIGH,
        _REQUEST,
        r"maximum tokens you requested exceeds|max_tokens: \d+ > \d+",
        InvalidRequest,
        "hearsay",
        "Ask for fewer tokens with `max_tokens`.",
    ),
    ErrorRule(
        Symptom.CONTEXT_OVERFLOW,
        _REQUEST,
        r"(input|prompt) is too long",
        ContextOverflow,
        "reported",
        _SHORTEN,
    ),
    ErrorRule(
        Symptom.CONTEXT_OVERFLOW,
        _REQUEST,
        r"too many (input )?tokens(?!.{0,60}wait)|input tokens exceeded|maximum context length"
        r"|(number of )?(input|prompt) tokens?.{0,40}exceeds?|max_tokens.{0,20}exceed context"
        r"|exceeds?.{0,40}(context (length|window|limit|size)|number of (input |prompt )?tokens)"
        r"|(context|input) (length|window).{0,40}exceed",
        ContextOverflow,
        "hearsay",
        _SHORTEN,
    ),
    ErrorRule(
        Symptom.ON_DEMAND_UNSUPPORTED,
        _REQUEST,
        r"on.?demand throughput (isn'?t|is not) supported",
        InvalidRequest,
        "reported",
        _PROFILE,
    ),
    ErrorRule(
        Symptom.TOOLS_NOT_STREAMED,
        _REQUEST,
        r"(doesn'?t|does not) support tool.{0,40}stream|tool.{0,60}stream.{0,40}not supported",
        InvalidRequest,
        "reported",
        _STREAMING,
    ),
    ErrorRule(
        Symptom.STREAMING_UNSUPPORTED,
        _REQUEST,
        r"unsupported for streaming|(doesn'?t|does not) support (response )?(streaming|"
        r"converse_?stream)|streaming (is not|isn'?t) (supported|available)",
        InvalidRequest,
        "hearsay",
        _STREAMING,
    ),
    ErrorRule(
        Symptom.STALE_SIGNATURE,
        _REQUEST,
        r"invalid.{0,20}signature.{0,60}(thinking|reasoning)|(thinking|reasoning).{0,80}signature"
        r"|thinking.{0,120}((cannot|can'?t|must not) be modified|prefix)"
        r"|(user messages cannot|cannot|may not|does not support).{0,40}reasoning ?content",
        InvalidRequest,
        "reported",
        "The thinking of an earlier turn is not accepted; send it without.",
    ),
    ErrorRule(
        Symptom.UNKNOWN_MODEL,
        _REQUEST,
        r"model identifier is invalid|invalid model identifier|model id is (invalid|not valid)",
        NotFound,
        "recorded",
        "Check the id and the region: `modelwire models list` shows what is offered there.",
    ),
    ErrorRule(
        Symptom.BLANK_TEXT,
        _REQUEST,
        r"text.{0,60}(is blank|is empty|must be non-empty|must contain non-whitespace)",
        InvalidRequest,
        "reported",
        "A text in the conversation is blank.",
    ),
    ErrorRule(
        Symptom.TEMPERATURE_REFUSED,
        _REQUEST,
        r"temperature.{0,60}(deprecated|not supported|unsupported)",
        InvalidRequest,
        "reported",
        "This model takes no temperature; leave it out.",
    ),
    ErrorRule(
        Symptom.FIELD_REFUSED,
        _REQUEST,
        r"(doesn'?t|does not) support the \S+ (field|parameter)|extra inputs are not permitted"
        r"|(unknown|unsupported|unrecogni[sz]ed) (request )?(parameter|field|argument)",
        InvalidRequest,
        "reported",
        "The model refuses this field; leave it out.",
    ),
    ErrorRule(
        Symptom.WRONG_ROUTE,
        _REQUEST,
        r"(isn'?t|is not) supported on this route",
        InvalidRequest,
        "reported",
        "The model answers at another address; set the provider's `api`, or its `baseUrl`.",
    ),
    ErrorRule(
        Symptom.CACHING_REFUSED,
        _ACCESS,
        r"did not allow prompt caching|(doesn'?t|does not) support prompt caching"
        r"|prompt caching is (not|un)\s?supported",
        AccessDenied,
        "reported",
        "Check that the model exists in this region; it may also refuse cache points: set "
        "`cacheRetention` to `none`.",
    ),
    ErrorRule(
        Symptom.CLOCK_SKEW,
        _IDENTITY,
        r"signature (expired|not yet current)|request has expired|is (now )?(earlier|later) than",
        AuthenticationError,
        "hearsay",
        _CLOCK,
    ),
    ErrorRule(
        Symptom.EXPIRED_CREDENTIALS,
        _IDENTITY,
        r"(token|credentials?).{0,60}(is|are|has|have)( been)? expired",
        AuthenticationError,
        "hearsay",
    ),
    ErrorRule(
        Symptom.BAD_API_KEY,
        _IDENTITY,
        r"api key is valid|(invalid|malformed) (api key|bearer)",
        AuthenticationError,
        "hearsay",
        "Check AWS_BEARER_TOKEN_BEDROCK: the key is wrong, or of another region.",
    ),
    ErrorRule(
        Symptom.USE_CASE_FORM,
        _ACCESS,
        r"use case (details|form)",
        AccessDenied,
        "reported",
        "Anthropic asks each account once for its use case: submit the form in the model catalog of "
        "the Bedrock console, and try again after about 15 minutes.",
    ),
    ErrorRule(
        Symptom.MARKETPLACE,
        _ACCESS,
        r"aws-marketplace:|aws marketplace (actions|subscription)|invalid_payment_instrument",
        AccessDenied,
        "reported",
        "The model is sold through AWS Marketplace: allow aws-marketplace:Subscribe, "
        "aws-marketplace:ViewSubscriptions and aws-marketplace:Unsubscribe for this identity, and "
        "check the account's payment method.",
    ),
    ErrorRule(
        Symptom.LEGACY_MODEL,
        _ACCESS,
        r"marked by (the )?provider as legacy|reached the end of its life|upgrade to an active model",
        NotFound,
        "reported",
        "The model is withdrawn; `modelwire models list` shows newer ones.",
    ),
    ErrorRule(
        Symptom.MODEL_ACCESS,
        _ACCESS,
        r"don'?t have access to the model|access (to )?this model|model access",
        AccessDenied,
        "hearsay",
        "Models are enabled by default. Check that no policy denies this one, that its maker's form or "
        "Marketplace subscription is complete, and that the region offers it.",
    ),
    ErrorRule(
        Symptom.DAILY_QUOTA,
        _THROTTLE,
        r"(tokens|requests) per day|daily",
        RateLimited,
        "hearsay",
        "The quota of the day is used up; ask for a higher one in Service Quotas.",
        retryable=False,
    ),
)

_PLAIN = str.maketrans("\u2018\u2019\u02bc`", "'''\u0020")
_LONGEST_MESSAGE = 4_000


def find_rule(code: str, message: str) -> ErrorRule | None:
    """Find what a message means.

    Args:
        code: The error's code as `faults.normal_code` gives it; empty where there is none.
        message: The message of the service.
    """
    text = plain_text(message).lower()
    return next(
        (rule for rule in SYMPTOMS if code in rule.codes and rule.pattern.search(text)), None
    )


def plain_text(message: str) -> str:
    """The beginning of a message with typographic apostrophes made plain."""
    return message[:_LONGEST_MESSAGE].translate(_PLAIN)
