"""Failures of the Messages API that are not those of every service.

https://docs.anthropic.com/en/api/errors has the types and their statuses, which
`modelwire.authoring` knows.
"""

from __future__ import annotations

import re

from modelwire.errors import InvalidRequest, ProviderError

__all__ = ["REQUEST_ID_HEADERS", "refuses_thinking"]

REQUEST_ID_HEADERS = ("x-amzn-requestid",)
"""Header fields besides `request-id` that hold a request's id, from Amazon Bedrock's endpoint."""

_THINKING = re.compile(r"thinking|signature|redacted_thinking", re.IGNORECASE)
_DEMANDED = re.compile(r"must be passed back|reasoning_content is missing", re.IGNORECASE)
"""Messages of DeepSeek and Kimi where thinking is missing; sending less of it does not help."""


def refuses_thinking(error: ProviderError) -> bool:
    """Whether the service does not take back thinking that it once gave."""
    if not isinstance(error, InvalidRequest) or _DEMANDED.search(error.message):
        return False
    return _THINKING.search(error.message) is not None
