"""botocore's logs: credentials are kept out of them, and where credentials were found is shown.

At the level `DEBUG` botocore writes each request with its header fields to its loggers: session and
bearer tokens among them. What it does for us is left out there; what the program does with boto3 itself
is logged as ever.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["quiet", "show_credentials_source"]

_LOUD = ("auth", "endpoint", "httpsession", "parsers", "regions", "retryhandler")

_ours: ContextVar[bool] = ContextVar("modelwire_bedrock_quiet", default=False)


class _ToRequestLog(logging.Handler):
    """Writes where botocore found credentials to the log of modelwire's requests."""

    def emit(self, record: logging.LogRecord) -> None:
        _requests.debug("%s", record.getMessage())


_requests = logging.getLogger("modelwire.http")
_to_request_log = _ToRequestLog(logging.INFO)


def show_credentials_source() -> None:
    """Log where botocore finds credentials, if the logger `modelwire.http` is at `DEBUG`."""
    if _requests.isEnabledFor(logging.DEBUG):
        logger = logging.getLogger("botocore.credentials")
        logger.addHandler(_to_request_log)  # does nothing the second time
        if not logger.isEnabledFor(logging.INFO):
            logger.setLevel(logging.INFO)


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress botocore's log records of this thread's or task's requests meanwhile."""
    for name in _LOUD:
        # Adding a filter that is there already does nothing.
        logging.getLogger(f"botocore.{name}").addFilter(_is_foreign)
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


def _is_foreign(_: logging.LogRecord) -> bool:
    return not _ours.get()
