"""The log filter that keeps credentials out of botocore's log.

At the level `DEBUG` botocore writes each request with its header fields to its loggers: session and
bearer tokens among them. What it does for us is left out there; what the program does with boto3 itself
is logged as ever.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["quiet"]

_LOUD = ("auth", "endpoint", "httpsession", "parsers", "regions", "retryhandler")

_ours: ContextVar[bool] = ContextVar("modelwire_bedrock_quiet", default=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Let botocore log no request of this thread or task meanwhile."""
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
