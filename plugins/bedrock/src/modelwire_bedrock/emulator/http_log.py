"""What the HTTP server has to complain about."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

__all__ = ["LOGGER"]

LOGGER = logging.getLogger("modelwire_bedrock.emulator")


def _name_http2(record: logging.LogRecord) -> bool:
    """Name a client that speaks HTTP/2, in place of a traceback: the remedy is the client's."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError) and "PRI" in str(error):
        record.exc_info = None
        record.args = ()
        record.msg = (
            "A client spoke HTTP/2; the emulator speaks HTTP/1.1. In the AWS SDK for "
            "JavaScript, give the client a requestHandler: new NodeHttpHandler()."
        )
    return True


LOGGER.addFilter(_name_http2)
