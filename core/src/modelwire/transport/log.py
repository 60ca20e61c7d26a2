"""The request log: each request and response, at level `DEBUG` of the logger `modelwire.http`.

Secrets and bodies are left out. A logger that is off costs one look at its level per request.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Mapping
from http import HTTPStatus

from modelwire.redaction import (
    redact,
    secrets_in,
    shown_request_headers,
    shown_response_headers,
    shown_url,
)
from modelwire.transport.request import Request

__all__ = ["LOGGER", "RequestLog", "log_request"]

LOGGER = logging.getLogger("modelwire.http")

_numbers = itertools.count(1)


class RequestLog:
    """Logs one request and its response; the lines share a number, since many may be under way."""

    def __init__(self) -> None:
        self._number = next(_numbers)
        self._began = time.monotonic()
        self._ended = False
        self._secrets: tuple[str, ...] = ()

    def request(self, request: Request, headers: Mapping[str, str], proxy: str | None) -> None:
        """The request is being sent."""
        self._secrets = secrets_in(headers, request.public_headers, request.url)
        through = f" through {proxy}" if proxy else ""
        body = f", {_size(len(request.body))}" if request.body else ""
        summary = f"{request.method} {shown_url(request.url)}{through}{body}"
        self._say(summary, shown_request_headers(headers, request.public_headers))

    def head(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of the response has arrived."""
        name = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
        summary = f"{status} {name}".rstrip()
        self._say(f"{summary} after {self._passed()}", shown_response_headers(headers))

    def end(self, received: int, *, complete: bool) -> None:
        """The body has ended, or was left before its end."""
        if not self._ended:
            self._ended = True
            how = "received" if complete else "received, then closed before the end"
            self._say(f"{_size(received)} {how}, after {self._passed()}")

    def failed(self, error: BaseException) -> None:
        """No response arrived."""
        self._ended = True
        self._say(f"failed after {self._passed()}: {error}")

    def _passed(self) -> str:
        return f"{time.monotonic() - self._began:.2f} s"

    def _say(self, summary: str, headers: Mapping[str, str] | None = None) -> None:
        lines = [summary, *(f"  {name}: {value}" for name, value in (headers or {}).items())]
        text = "\n".join(f"[{self._number}] {line}" for line in lines)
        LOGGER.debug("%s", redact(text, self._secrets))


def log_request(
    request: Request, headers: Mapping[str, str], proxy: str | None
) -> RequestLog | None:
    """Begin the log of a request; `None` if logging is off.

    Args:
        request: The request to send.
        headers: The header fields with those that were added.
        proxy: The URL of the proxy, without user name and password, or `None`.
    """
    if not LOGGER.isEnabledFor(logging.DEBUG):
        return None
    telling = RequestLog()
    telling.request(request, headers, proxy)
    return telling


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"
